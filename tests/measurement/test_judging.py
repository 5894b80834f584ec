"""What was measured is judged again without its images, and comes out the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.config import MeasurementSettings
from pipeline.measurement.change import Change
from pipeline.measurement.judging import judged
from pipeline.measurement.precision import Contrast, PrecisionCell, PrecisionProfile
from pipeline.measurement.stage import measure
from tests.measurement.visits import fragment, still

SETTINGS = MeasurementSettings()
OTHER = PrecisionProfile((PrecisionCell(800, 4.4, Contrast.MIDDLE, 15, 99, -20, 25, 60, 20, 0.1),), {})


def change(before: float, after: float) -> Change:
    return measure(*fragment(before, 1), *fragment(after, 2), still(), level="L4/L5", settings=SETTINGS)


def numbers(one: Change) -> tuple[object, ...]:
    visits = [(v.volume_mm3, v.interval95_mm3, v.detection_limit_mm3, v.present) for v in (one.baseline, one.followup)]
    rate = one.resorption_rate_percent, one.resorption_rate_interval95_percent
    ways = one.subtracted_mm3, one.direct_mm3, one.direct_weight
    return *visits, one.delta_mm3, one.delta_interval95_mm3, rate, one.category, one.band, one.usable, ways


@pytest.mark.parametrize(("before", "after"), [(1300, 0), (1300, 500), (600, 1100), (0, 900), (0, 0), (1300, 1300)])
def test_with_the_same_profile_the_numbers_are_the_same(before: float, after: float) -> None:
    found = change(before, after)
    assert found.evidence is not None
    again = judged(found.evidence, SETTINGS, PrecisionProfile.load())
    assert numbers(again) == numbers(found)


def test_another_profile_changes_intervals_and_no_volume() -> None:
    found = change(1300, 500)
    assert found.evidence is not None
    again = judged(found.evidence, SETTINGS, OTHER)
    assert again.delta_interval95_mm3 != found.delta_interval95_mm3
    assert again.subtracted_mm3 == found.subtracted_mm3
    assert again.direct_mm3 == found.direct_mm3


def test_another_profile_may_call_a_small_fragment_none() -> None:
    found = change(600, 250)
    assert found.evidence is not None
    assert found.followup.present
    again = judged(found.evidence, SETTINGS, PrecisionProfile((PrecisionCell(
        800, 4.4, Contrast.MIDDLE, 15, 99, 0, 25, 200, 20, 0.1),), {}))  # fmt: skip
    assert not again.followup.present
    assert again.direct_mm3 is None


def test_what_the_other_visit_does_not_show_matters_only_where_it_is_called_present() -> None:
    found = change(1300, 500)
    assert found.evidence is not None
    hidden = replace(found.evidence, baseline=replace(found.evidence.baseline, outside=0.3))
    assert not judged(hidden, SETTINGS, PrecisionProfile.load()).usable
    gone = change(0, 900).evidence
    assert gone is not None
    assert judged(replace(gone, baseline=replace(gone.baseline, outside=0.3)), SETTINGS, PrecisionProfile.load()).usable
