"""Both ways of measuring a change come together by their precision."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.measurement.estimating import estimated, reconciled
from pipeline.measurement.longitudinal import DirectChange
from pipeline.measurement.uncertainty import Spread
from pipeline.volume import Volume

FIRST, SECOND = Spread(1300, 170, 20, 40, 66), Spread(800, 120, 15, 30, 66)
NOTHING = Volume(np.zeros((1, 1, 1), np.float32), np.eye(4))


def direct(delta_mm3: float) -> DirectChange:
    return DirectChange(delta_mm3, delta_mm3, 0.8, NOTHING)


def test_without_a_direct_measurement_the_difference_stands() -> None:
    estimate = estimated(FIRST, SECOND, None, correlation=0.8, tre_mm=0.2)
    assert (estimate.delta_mm3, estimate.factor, estimate.direct_mm3) == (-500, 1.0, None)


def test_the_direct_measurement_counts_more_and_narrows() -> None:
    estimate = estimated(FIRST, SECOND, direct(-450), correlation=0.8, tre_mm=0.2)
    assert -500 < estimate.delta_mm3 < -450
    assert estimate.direct_weight > 0.5
    assert estimate.factor < 0.9
    assert estimate.findings == ()


def test_a_poor_alignment_takes_weight_from_it() -> None:
    good, poor = (estimated(FIRST, SECOND, direct(-450), correlation=0.8, tre_mm=tre) for tre in (0.2, 4.0))
    assert poor.direct_weight < good.direct_weight
    assert poor.factor > good.factor


def test_estimates_that_contradict_each_other_are_told_and_widen() -> None:
    estimate = estimated(FIRST, SECOND, direct(400), correlation=0.8, tre_mm=0.2)
    (finding,) = estimate.findings
    assert finding.code == "change-estimates-disagree"
    assert "+400 mm³" in finding.message
    assert estimate.factor > 1.5


@settings(max_examples=60, deadline=None)
@given(st.floats(100, 3000), st.floats(100, 3000), st.floats(-600, 600))
def test_exchanging_the_visits_changes_signs_only(before: float, after: float, gap: float) -> None:
    first, second = Spread(before, 0.15 * before, 20, 40, 66), Spread(after, 0.15 * after, 15, 30, 66)
    there = estimated(first, second, direct(after - before + gap), correlation=0.8, tre_mm=0.3)
    back = estimated(second, first, direct(before - after - gap), correlation=0.8, tre_mm=0.3)
    assert there.delta_mm3 == pytest.approx(-back.delta_mm3, abs=1e-6)
    assert there.factor == pytest.approx(back.factor, abs=1e-9)
    one, other = reconciled(first, second, there.delta_mm3), reconciled(second, first, back.delta_mm3)
    assert [v.volume_mm3 for v in one] == pytest.approx([v.volume_mm3 for v in other[::-1]], abs=1e-6)


def test_the_volumes_go_with_the_change_and_the_less_sure_one_moves_more() -> None:
    first, second = reconciled(FIRST, SECOND, -440.0)
    assert second.volume_mm3 - first.volume_mm3 == pytest.approx(-440.0)
    assert FIRST.volume_mm3 - first.volume_mm3 > second.volume_mm3 - SECOND.volume_mm3 > 0
