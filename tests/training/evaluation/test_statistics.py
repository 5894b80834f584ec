"""Statistics against values worked out by hand."""

from __future__ import annotations

import pytest

from training.evaluation.statistics import (
    area_interval,
    area_under_curve,
    coefficient_of_variation,
    relative_agreement,
)


def test_agreement_of_volumes_that_are_right_has_no_bias_and_no_spread() -> None:
    found = relative_agreement([200.0, 900.0], [200.0, 900.0])
    assert (found["bias_percent"], found["lower_percent"], found["upper_percent"]) == (0.0, 0.0, 0.0)


def test_limits_are_about_two_standard_deviations_of_the_relative_error() -> None:
    found = relative_agreement([110.0, 90.0], [100.0, 100.0])
    assert found["bias_percent"] == pytest.approx(0.0)
    # Errors of +10 and -10 %: their standard deviation is 14.14 %.
    assert found["upper_percent"] == pytest.approx(27.7, abs=0.05)
    assert found["lower_percent"] == pytest.approx(-27.7, abs=0.05)


@pytest.mark.parametrize(
    ("positive", "negative", "area"), [([3, 4], [1, 2], 1.0), ([1], [1], 0.5), ([2, 0], [1, 1], 0.5), ([0], [5], 0.0)]
)
def test_area_under_the_curve_counts_pairs(positive: list[float], negative: list[float], area: float) -> None:
    assert area_under_curve(positive, negative) == area


def test_interval_of_the_area_holds_it_and_is_the_same_every_time() -> None:
    positive, negative = [50.0, 80.0, 0.0, 400.0], [0.0, 0.0, 12.0, 60.0, 3.0]
    low, high = area_interval(positive, negative)
    assert low <= area_under_curve(positive, negative) <= high
    assert area_interval(positive, negative) == (low, high)


def test_variation_of_equal_volumes_is_none() -> None:
    assert coefficient_of_variation([7.0, 7.0, 7.0]) == 0.0
    assert coefficient_of_variation([9.0, 11.0]) == pytest.approx(0.1414, abs=1e-4)
