"""The precision profile that a study hands to the measurement."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.measurement.precision import PrecisionProfile
from pipeline.validation.outcome import PairOutcome, VisitOutcome
from pipeline.validation.precision import brightness_class, cells_of, profile_cells, profile_json, raw_cells, reached
from tests.validation import rows


def text(study: list[PairOutcome]) -> str:
    cells, factors = profile_cells(study)
    return profile_json(cells, factors, len(study), rows.protocol())


def test_every_cell_has_the_fields_that_the_measurement_reads() -> None:
    profile = json.loads(text(rows.study()))
    assert profile["version"] == 1
    assert profile["made_with"]["pairs"] == 240
    assert profile["made_with"]["provisional"] is False
    assert set(profile["made_with"]["calibration"]) == {"volume", "change"}
    for cell in profile["cells"]:
        assert set(cell) == {
            "volume_mm3", "thickness_mm", "contrast", "snr", "n",
            "bias_percent", "sd_percent", "sd_floor_mm3", "change_sd_percent", "missed_share",
        }  # fmt: skip
        assert cell["volume_mm3"] > 0
        assert cell["n"] >= 3
        assert cell["contrast"] == "middle"
        assert cell["thickness_mm"] in (3.3, 4.4, 5.5)


def test_the_measurement_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "precision_profile.json"
    path.write_text(text(rows.study()), encoding="utf-8")
    assert len(PrecisionProfile.load(path).cells) == len(cells_of(rows.study()))


def test_cells_recover_what_was_put_in() -> None:
    cells = [cell for cell in raw_cells(rows.study(960, bias=-0.06, sd=0.08)) if cell.volume_mm3 > 200]
    assert np.mean([cell.bias_percent for cell in cells]) == pytest.approx(-6, abs=1.5)
    assert np.mean([cell.sd_percent for cell in cells]) == pytest.approx(8, rel=0.15)
    assert all(cell.missed_share == 0 for cell in cells)
    # Two volumes of about one size with independent errors of 8 %.
    middle = [cell.change_sd_percent for cell in cells if 300 < cell.volume_mm3 < 1200]
    assert np.mean(middle) == pytest.approx(8 * np.sqrt(2), rel=0.25)


def test_a_few_wild_errors_do_not_decide_a_cell() -> None:
    study = rows.study(240, sd=0.05)
    wild = [replace(one, baseline=replace(one.baseline, measured_mm3=4 * one.baseline.true_mm3)) for one in study[:6]]
    plain, odd = (np.median([cell.sd_percent for cell in raw_cells(s)]) for s in (study, [*wild, *study[6:]]))
    assert odd < 2 * plain


def test_a_bias_that_may_be_chance_is_none() -> None:
    cells = raw_cells(rows.study(60, bias=0.0, sd=0.1))
    assert np.mean([abs(cell.bias_percent) for cell in cells]) < 2


def test_missed_fragments_are_counted_and_left_out_of_the_errors() -> None:
    def without(visit: VisitOutcome) -> VisitOutcome:
        seen = visit.true_mm3 > 130 or int(visit.true_mm3 * 10) % 2
        return visit if seen else replace(visit, present=False, measured_mm3=0.0)

    study = [replace(one, followup=without(one.followup)) for one in rows.study(960)]
    cells = raw_cells(study)
    assert all(0.2 < cell.missed_share < 0.8 for cell in cells if cell.volume_mm3 < 100)
    assert all(cell.missed_share < 0.02 for cell in cells if cell.volume_mm3 >= 600)
    assert all(abs(cell.bias_percent) < 10 for cell in cells)


def test_what_is_measured_of_nothing_is_counted_from_nothing() -> None:
    study = rows.study(240)
    gone = [replace(one, followup=replace(one.followup, measured_mm3=30.0)) for one in study if one.kind == "complete"]
    rest = [one for one in study if one.kind != "complete"]
    assert {cell.sd_floor_mm3 for cell in raw_cells([*rest, *gone])} == {30.0}


def test_few_pairs_borrow_from_their_neighbours_and_one_pair_gives_no_cell() -> None:
    few = cells_of(rows.study(40))
    assert few
    assert len({(c.volume_mm3, c.thickness_mm, c.contrast, c.snr) for c in few}) == len(few)
    assert cells_of(rows.study(1)) == ()


def test_brightness_is_filed_as_agreed() -> None:
    assert [brightness_class(v) for v in (0.39, 0.4, 0.6, 0.61)] == ["dark", "middle", "middle", "bright"]


def test_of_few_empty_canals_the_worst_is_not_the_worst_there_is() -> None:
    """In the middle of many small studies the limit lies above 99 of 100 empty canals; the largest reading does not."""
    rng = np.random.default_rng(5)
    readings = [rng.exponential(20.0, 30) for _ in range(400)]
    beyond = np.mean([np.exp(-reached(each) / 20.0) for each in readings])
    assert beyond < np.mean([np.exp(-each.max() / 20.0) for each in readings])
    assert np.median([reached(each) for each in readings]) == pytest.approx(20.0 * np.log(100), rel=0.08)
    many = rng.exponential(20.0, 5000)
    assert reached(many) == pytest.approx(20.0 * np.log(100), rel=0.1)
