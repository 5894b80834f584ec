"""A pair becomes a row: what is true, what was refused, and what was made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import LevelError
from tests.training.evaluation.drawn_patient import drawn_patient
from training.evaluation import cache, pair_compare, pairs


@pytest.fixture
def one_patient(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The drawn patient with a single pair, and a product that refuses; how often it was asked."""
    asked: list[str] = []
    patient = drawn_patient()
    plan = pairs.wanted_pairs

    def refuse(*visits: Any, config: Any) -> None:
        asked.append(f"{config.segmentation.level} {config.segmentation.lowest_disc}")
        raise LevelError("no disc was seen")

    monkeypatch.setattr(cache, "FOLDER", tmp_path)
    monkeypatch.setattr(pairs, "load_patient", lambda folder, number: patient)
    monkeypatch.setattr(pairs, "wanted_pairs", lambda *args: plan(*args)[1:2])
    monkeypatch.setattr(pair_compare, "compare", refuse)
    return asked


def test_a_refused_pair_is_a_row_and_is_remembered(one_patient: list[str]) -> None:
    said: list[str] = []
    rows = pairs.evaluate_pairs(Path("nowhere"), [7], 1, said.append)
    assert len(rows) == 1
    row = rows[0]
    assert row["refused"] == "LevelError: no disc was seen"
    assert "baseline" not in row
    assert row["true_mm3"][0] > 0
    # Asked again as the message tells its user to.
    assert one_patient == [f"{row['level']} None", f"{row['level']} L5/S1"]
    assert pairs.evaluate_pairs(Path("nowhere"), [7], 1, said.append) == rows
    assert len(one_patient) == 2
    assert said == ["patient 7: pairs"] * 2


def test_everything_a_row_rests_on_is_in_its_key() -> None:
    folder = Path(pairs.__file__).parent
    assert all((folder / name).is_file() for name in pairs.MADE_BY)
    assert len(pairs.made_sha256()) == len(pairs.measured_sha256()) == 64
