"""Coverage in parts of a study."""

from __future__ import annotations

from dataclasses import replace

from pipeline.validation.strata import coverage_by
from tests.validation import rows


def test_every_pair_is_in_one_part_of_each_division() -> None:
    study = rows.study(60)
    table = coverage_by(study)
    assert table[0].name == "all pairs"
    assert table[0].change.n == 60
    for by in ("slices", "size", "brightness", "scans", "fate"):
        assert sum(one.change.n for one in table if one.by == by) == 60
        assert sum(one.change.count for one in table if one.by == by) == table[0].change.count
    assert [one.name for one in table if one.by == "slices"] == ["3 mm", "4 mm", "5 mm"]
    sizes = [one.name for one in table if one.by == "size"]
    assert sizes == ["below 300 mm³", "300 to 800 mm³", "over 800 mm³"]


def test_an_interval_that_misses_the_truth_counts_in_its_parts() -> None:
    study = rows.study(60, sd=0.0)
    thin = next(k for k, one in enumerate(study) if one.baseline.thickness_mm == one.followup.thickness_mm == 3)
    study[thin] = replace(study[thin], delta_low_mm3=5000.0, delta_high_mm3=6000.0)
    found = {one.name: one.change for one in coverage_by(study)}
    assert found["3 mm"].count == found["3 mm"].n - 1
    assert found["5 mm"].count == found["5 mm"].n


def test_what_vanished_shrank_by_no_more_than_all() -> None:
    study = [replace(one, baseline=replace(one.baseline, true_mm3=215.00000000000006)) for one in rows.study(60)]
    assert {one.true_rate_percent for one in study if one.followup.true_mm3 == 0} == {100.0}
