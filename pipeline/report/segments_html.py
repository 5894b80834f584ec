"""How neighbouring vertebrae moved against each other, for people: rows of text for ``registration.html.j2``."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.registration.alignment import SegmentMotion
from pipeline.registration.segmental import is_notable
from pipeline.report.numbers import NO_BREAK, in_words


def segments_view(motions: Sequence[SegmentMotion]) -> list[dict[str, str | bool]]:
    """One row per pair of neighbours, from the top down; empty where the images do not tell."""
    return [
        {
            "level": one.level,
            "flexion": _flexion(one),
            "angle": f"{in_words(one.angle_deg, digits=1)}° ± {in_words(one.error_deg, digits=1)}°",
            "translation": f"{in_words(one.shift_mm, digits=1)} ± {in_words(one.error_mm, digits=1)}{NO_BREAK}mm",
            "words": _words(one),
            "notable": is_notable(one),
        }
        for one in motions
    ]


def _flexion(one: SegmentMotion) -> str:
    """Which way the upper vertebra bent, where that can be told from none."""
    if abs(one.flexion_deg) <= one.error_deg:
        return "none beyond error"
    return f"{in_words(abs(one.flexion_deg), digits=1)}° {'flexion' if one.flexion_deg > 0 else 'extension'}"


def _words(one: SegmentMotion) -> str:
    if is_notable(one):
        return "moved: the patient lay bent differently"
    moved = one.angle_deg > one.error_deg or one.shift_mm > one.error_mm
    return "moved a little, as is usual" if moved else "within error"
