"""How long each stage took, for people."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.report.numbers import NO_BREAK, in_words


def stages_view(seconds: Mapping[str, float]) -> list[dict[str, str]]:
    """Stages in the order of the run with their wall time; no sum, since stages may run beside each other."""
    return [{"name": name, "time": f"{in_words(value, digits=1)}{NO_BREAK}s"} for name, value in seconds.items()]
