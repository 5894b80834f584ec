import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.measurement.uncertainty import (
    Spread,
    change_intervals,
    reaching,
    slice_error_mm3,
    surface_mm2,
    volume_interval,
)
from tests.measurement.balls import ellipsoid

volumes = st.floats(0, 5000)
spreads = st.builds(
    Spread,
    volume_mm3=volumes,
    boundary_mm3=st.floats(0, 400),
    variants_mm3=st.floats(0, 300),
    slices_mm3=st.floats(0, 100),
    limit_mm3=st.floats(40, 150),
)
DRAWS = {"correlation": 0.8, "draws": 2000, "seed": 7}


@settings(max_examples=40, deadline=None)
@given(spreads, spreads)
def test_exchanging_the_visits_mirrors_the_interval(first: Spread, second: Spread) -> None:
    there, _ = change_intervals(first, second, **DRAWS)
    back, _ = change_intervals(second, first, **DRAWS)
    assert there.low == pytest.approx(-back.high, abs=1e-6)
    assert there.high == pytest.approx(-back.low, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(spreads)
def test_equal_visits_include_no_change(spread: Spread) -> None:
    delta, rate = change_intervals(spread, spread, **DRAWS)
    assert delta.low <= 0 <= delta.high
    assert delta.low == pytest.approx(-delta.high, abs=1e-6)
    assert rate is None or rate.low <= 0 <= rate.high


@settings(max_examples=40, deadline=None)
@given(spreads)
def test_a_volume_lies_in_its_interval_which_is_never_negative(spread: Spread) -> None:
    interval = volume_interval(spread)
    assert 0 <= interval.low <= spread.volume_mm3 <= interval.high


@settings(max_examples=40, deadline=None)
@given(spreads, st.floats(1.5, 4))
def test_more_doubt_never_narrows(spread: Spread, factor: float) -> None:
    doubtful = dataclasses.replace(spread, variants_mm3=spread.variants_mm3 * factor + 10)
    narrow, wide = volume_interval(spread), volume_interval(doubtful)
    assert wide.low <= narrow.low + 1e-9
    assert wide.high >= narrow.high


@settings(max_examples=40, deadline=None)
@given(spreads, spreads)
def test_a_rate_never_exceeds_complete(first: Spread, second: Spread) -> None:
    _, rate = change_intervals(first, second, **DRAWS)
    assert (rate is None) == (first.volume_mm3 <= first.limit_mm3)
    assert rate is None or rate.high <= 100


def test_where_neither_visit_shows_a_fragment_the_change_reaches_what_either_may_hide() -> None:
    empty = Spread(0.0, 5.0, 5.0, 5.0, limit_mm3=120.0, hidden_mm3=600.0)
    other = dataclasses.replace(empty, hidden_mm3=400.0)
    delta, rate = change_intervals(empty, other, correlation=0.5, draws=2000, seed=1)
    wider, none = reaching(delta, rate, empty, other)
    assert none is None
    assert wider.low < -550.0, "nearly all of 600 mm³ may have gone"
    assert wider.high > 350.0


def test_large_volumes_err_by_their_scale_and_small_ones_by_the_floor() -> None:
    large = volume_interval(Spread(1300, 200, 20, 40, 60))
    assert large.high - 1300 > 1300 - large.low
    none = volume_interval(Spread(0, 0, 0, 0, 60))
    assert none.low == 0
    assert none.high == pytest.approx(60, rel=0.2)


def test_the_same_seed_gives_the_same_bits() -> None:
    pair = Spread(1300, 200, 20, 40, 60), Spread(700, 130, 15, 30, 60)
    assert change_intervals(*pair, **DRAWS) == change_intervals(*pair, **DRAWS)


def test_surface_and_slice_error_of_a_ball() -> None:
    radius = 8.0
    ball = ellipsoid(4 / 3 * np.pi * radius**3, 0, pitch_mm=1.0, pixel_mm=1.0, grid=(40, 40, 40))
    assert surface_mm2(ball.truth.array, (1, 1, 1)) == pytest.approx(4 * np.pi * radius**2, rel=0.15)
    assert slice_error_mm3(ball.truth.array, (1, 1, 1)) == pytest.approx(0.08 * np.pi * radius**2, rel=0.4)
    assert surface_mm2(np.zeros((3, 3, 3), np.float32), (4, 1, 1)) == 0
