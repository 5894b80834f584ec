"""The precision profile that a study hands to the measurement."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.measurement.precision import PrecisionProfile
from pipeline.validation.outcome import VisitOutcome
from pipeline.validation.precision import brightness_class, cells_of, profile_json
from tests.validation import rows


def test_every_cell_has_the_fields_that_the_measurement_reads() -> None:
    profile = json.loads(profile_json(rows.study(), rows.protocol()))
    assert profile["version"] == 1
    assert profile["made_with"]["pairs"] == 240
    assert profile["made_with"]["provisional"] is False
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
    path.write_text(profile_json(rows.study(), rows.protocol()), encoding="utf-8")
    assert len(PrecisionProfile.load(path).cells) == len(cells_of(rows.study()))


def test_cells_recover_what_was_put_in() -> None:
    cells = [cell for cell in cells_of(rows.study(960, bias=-0.06, sd=0.08)) if cell.volume_mm3 > 200]
    weights = [cell.n for cell in cells]
    assert np.average([cell.bias_percent for cell in cells], weights=weights) == pytest.approx(-6, abs=0.5)
    assert np.average([cell.sd_percent for cell in cells], weights=weights) == pytest.approx(8, rel=0.1)
    assert all(cell.missed_share == 0 for cell in cells)
    # Two volumes of about one size with independent errors of 8 %.
    middle = [cell.change_sd_percent for cell in cells if 300 < cell.volume_mm3 < 1200]
    assert np.mean(middle) == pytest.approx(8 * np.sqrt(2), rel=0.25)


def test_missed_fragments_are_counted_and_left_out_of_the_errors() -> None:
    def without(visit: VisitOutcome) -> VisitOutcome:
        seen = visit.true_mm3 > 130 or int(visit.true_mm3 * 10) % 2
        return visit if seen else replace(visit, present=False, measured_mm3=0.0)

    study = [replace(one, followup=without(one.followup)) for one in rows.study(960)]
    small = [cell for cell in cells_of(study) if cell.volume_mm3 < 150]
    assert small
    assert all(0 < cell.missed_share <= 1 and abs(cell.bias_percent) < 10 for cell in small)
    assert any(cell.missed_share < 1 for cell in small)


def test_few_pairs_are_pooled_and_one_pair_gives_no_cell() -> None:
    few = cells_of(rows.study(40))
    assert few
    assert len({(c.volume_mm3, c.thickness_mm, c.contrast) for c in few}) == len(few)
    assert cells_of(rows.study(1)) == ()


def test_brightness_is_filed_as_agreed() -> None:
    assert [brightness_class(v) for v in (0.39, 0.4, 0.6, 0.61)] == ["dark", "middle", "middle", "bright"]
