"""Intensities on a common scale, and which slices the network sees together."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.segmentation.normalise import neighbour_step, normalise


@pytest.mark.parametrize(("spacing", "step"), [(0.9, 4), (1.0, 4), (1.8, 2), (2.4, 2), (2.5, 1), (4.4, 1), (6.0, 1)])
def test_neighbours_lie_about_3_6_mm_away_or_next_door(spacing, step):
    assert neighbour_step(spacing) == step


def test_gain_and_offset_of_the_scanner_do_not_matter():
    series = np.random.default_rng(0).gamma(2.0, 80.0, (4, 32, 32))
    np.testing.assert_allclose(normalise(series), normalise(7.5 * series + 130), atol=1e-4)


def test_foreground_has_zero_mean_and_unit_deviation():
    series = np.random.default_rng(0).uniform(200, 900, (4, 32, 32))
    values = normalise(series)
    assert values.dtype == np.float32
    assert float(values.mean()) == pytest.approx(0.0, abs=0.15)
    assert float(values.std()) == pytest.approx(1.0, abs=0.15)


def test_a_constant_series_is_all_zero():
    assert not normalise(np.full((2, 8, 8), 31)).any()


def test_one_bright_voxel_does_not_darken_the_rest():
    series = np.random.default_rng(0).uniform(200, 900, (4, 32, 32))
    spoilt = series.copy()
    spoilt[0, 0, 0] = 1e6
    np.testing.assert_allclose(normalise(spoilt)[1:], normalise(series)[1:], atol=0.02)
