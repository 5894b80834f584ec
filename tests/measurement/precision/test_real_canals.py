"""What real canals hide, against the logistic function worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.measurement.precision import SEEN, RealCanals
from pipeline.measurement.precision.real_canals import Overlooked
from pipeline.segmentation.network import weights_sha256

HALF = Overlooked(constant=0.0, per_doubling=-1.0, per_brightness=0.0)


def test_half_are_overlooked_where_the_odds_are_even() -> None:
    found = HALF.share(np.array([300.0, 600.0, 1200.0]), np.array([0.5]))[:, 0]
    assert found == pytest.approx([1 / (1 + math.exp(-1)), 0.5, 1 / (1 + math.exp(1))])


def test_the_limit_is_where_so_many_are_found() -> None:
    canals = RealCanals(HALF, Overlooked(-1.0, -1.0, 0.0), (100.0, 10_000.0), (0.2, 0.8))
    # log(0.05 / 0.95) = -2.944: so many doublings of 600 mm³, one fewer for fragments that a visit shows.
    assert canals.surely_seen_mm3(None, 0.95, shown=False) == pytest.approx(600 * 2**2.944, rel=0.03)
    assert canals.surely_seen_mm3(0.5, 0.95, shown=True) == pytest.approx(600 * 2**1.944, rel=0.03)


def test_beyond_what_was_drawn_nothing_is_known() -> None:
    canals = RealCanals(HALF, HALF, (100.0, 2000.0), (0.2, 0.8))
    assert canals.surely_seen_mm3(None, 0.999, shown=False) == pytest.approx(2000.0)
    assert canals.surely_seen_mm3(None, 0.01, shown=False) == pytest.approx(100.0)


@given(st.floats(0.0, 1.5), st.floats(0.0, 1.5), st.floats(0.5, 0.99))
def test_brighter_ones_have_to_be_larger_to_be_seen_as_surely(one: float, other: float, seen: float) -> None:
    canals = RealCanals.load()
    darker, brighter = (canals.surely_seen_mm3(shade, seen, shown=True) for shade in (min(one, other), max(one, other)))
    assert darker <= brighter


def test_what_no_visit_shows_may_be_larger_than_what_one_shows() -> None:
    canals = RealCanals.load()
    for shade in (None, 0.3, 0.5, 0.8):
        assert canals.surely_seen_mm3(shade, SEEN, shown=False) >= canals.surely_seen_mm3(shade, SEEN, shown=True)


def test_the_shipped_figures_belong_to_the_shipped_networks() -> None:
    assert RealCanals.load().made_with["weights_sha256"] == weights_sha256()
