"""Series rules as text, for tests to add to."""

from __future__ import annotations

from pathlib import Path

MINIMAL = """\
roles:
  sagittal_t2:
    require: {plane: [sagittal], weighting: [T2]}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    return path
