"""Averaging to thick slices keeps what there is."""

from __future__ import annotations

import numpy as np
import pytest

from training.evaluation.thick import averaged, coarse, slab_weights


@pytest.mark.parametrize(("count", "pitch", "thick"), [(18, 0.9, 4), (15, 0.9, 3), (30, 0.9, 6), (8, 1.0, 2)])
def test_thick_slices_are_whole_and_their_weights_sum_to_one(count: int, pitch: float, thick: int) -> None:
    weights = slab_weights(count, pitch)
    assert weights.shape == (thick, count)
    assert weights.sum(axis=1) == pytest.approx(1.0, abs=1e-6)


def test_a_slice_on_a_border_counts_for_both_neighbours() -> None:
    weights = slab_weights(20, 0.9)  # 18 mm: four thick slices, 1 mm left out at either end
    shared = (weights > 0).sum(axis=0) == 2
    assert shared.any()
    assert weights.sum(axis=0).max() == pytest.approx(0.9 / 4, abs=1e-6)


def test_slices_that_divide_are_plain_means() -> None:
    stack = np.arange(8, dtype=np.float32)[:, None, None] * np.ones((1, 2, 2), np.float32)
    assert averaged(stack, slab_weights(8, 1.0))[:, 0, 0].tolist() == [1.5, 5.5]


def test_coarse_pixels_keep_the_mean() -> None:
    stack = np.random.default_rng(0).random((2, 16, 16)).astype(np.float32)
    small = coarse(stack, (0.5, 0.5))
    assert small.shape == (2, 8, 8)
    assert small.mean() == pytest.approx(stack.mean(), abs=1e-5)
