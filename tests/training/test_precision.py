"""The provisional profile says what the pasted fragments said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.measurement.precision.profile import PrecisionProfile
from training.evaluation.precision import cells, text_of


def row(true_mm3: float, found_mm3: float, brightness: float = 0.3) -> dict[str, Any]:
    return {
        "true_mm3": true_mm3,
        "found_mm3": found_mm3,
        "hit": found_mm3 / true_mm3,
        "brightness": brightness,
    }


def test_bias_and_spread_are_those_of_what_was_found() -> None:
    rows = [row(800, 800 * share) for share in (0.7, 0.8, 0.8, 0.8, 0.9)] + [row(800, 0.0)]
    (cell,) = cells(rows)
    assert (cell["contrast"], cell["n"]) == ("dark", 6)
    assert cell["bias_percent"] == -20
    assert cell["missed_share"] == pytest.approx(1 / 6, abs=0.01)


def test_few_fragments_say_little() -> None:
    (cell,) = cells([row(200, 200), row(200, 210)])
    assert cell["sd_percent"] == 60


def test_the_file_can_be_read_back(tmp_path: Path) -> None:
    rows = [row(v, v * 0.9, b) for v in (200.0, 500.0, 700.0, 1500.0, 2000.0) for b in (0.3, 0.5, 0.7)]
    path = tmp_path / "profile.json"
    path.write_text(text_of(cells(rows), len(rows)), encoding="utf-8")
    profile = PrecisionProfile.load(path)
    assert profile.provisional
    assert len(json.loads(path.read_text())["cells"]) == len(profile.cells) == 9
