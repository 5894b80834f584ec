"""Thick slices that lie anywhere, against what can be worked out."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.volume import Volume
from training.evaluation.real import sagittal
from training.evaluation.repositioning import (
    LARGEST_SHIFT_MM,
    LARGEST_TURN_DEG,
    TILT_DEG,
    repositioned,
)
from training.evaluation.reslice import resliced, thick_grid

SPACING = (0.8, 0.5, 0.5)


def turned(seed: int) -> np.ndarray:
    return repositioned(np.random.default_rng(seed), np.zeros(3)).followup_stack


def test_slices_hold_the_whole_slab_about_the_same_middle() -> None:
    source = sagittal(np.zeros((16, 30, 20)), SPACING)
    grid = thick_grid(source)
    assert grid.shape == (4, 30, 20)
    assert grid.to_lps((np.array(grid.shape) - 1) / 2) == pytest.approx(np.zeros(3), abs=1e-9)


def test_without_a_motion_five_thin_slices_are_averaged() -> None:
    source = sagittal(np.random.default_rng(1).normal(100, 9, (20, 24, 18)).astype(np.float32), SPACING)
    grid = thick_grid(source)
    found = resliced(source, grid.affine, grid.shape, order=3, beyond=True)
    assert found.array == pytest.approx(source.array.reshape(4, 5, 24, 18).mean(axis=1), abs=1e-3)


def test_what_is_the_same_everywhere_stays_so_beyond_the_slab() -> None:
    source = sagittal(np.full((15, 60, 50), 70.0), SPACING)
    grid = thick_grid(source)
    found = resliced(source, turned(2) @ grid.affine, grid.shape, order=3, beyond=True).array
    assert found[:, 25:35, 20:30] == pytest.approx(70.0, abs=0.01)
    assert found.min() >= -1e-3


@pytest.mark.parametrize("seed", [3, 4])
def test_a_slope_is_sampled_where_the_stack_lies(seed: int) -> None:
    slope = np.array([2.0, -1.0, 3.0])
    empty = sagittal(np.zeros((40, 120, 120)), SPACING)
    index = np.stack(np.meshgrid(*(np.arange(n, dtype=float) for n in empty.shape), indexing="ij"), axis=-1)
    source = empty.with_array((empty.to_lps(index) @ slope).astype(np.float32))
    grid = turned(seed) @ thick_grid(empty).affine
    found = resliced(source, grid, (8, 120, 120), order=3, beyond=True)
    inside = np.stack(np.meshgrid(np.arange(2, 6), np.arange(50, 70), np.arange(50, 70), indexing="ij"), axis=-1)
    expected = found.to_lps(inside.astype(float)) @ slope
    assert found.array[2:6, 50:70, 50:70] == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_shares_of_voxels_keep_their_sum(seed: int) -> None:
    empty = sagittal(np.zeros((20, 80, 80)), SPACING)
    index = np.stack(np.meshgrid(*(np.arange(n, dtype=float) for n in empty.shape), indexing="ij"), axis=-1)
    distance = np.linalg.norm(empty.to_lps(index), axis=-1)
    source = empty.with_array(np.clip(4.5 - distance, 0, 1).astype(np.float32))
    grid = turned(seed) @ thick_grid(empty).affine
    found = resliced(source, grid, (4, 80, 80), order=1, beyond=False)
    assert found.array.min() >= 0
    assert found.array.max() <= 1

    def total(one: Volume) -> float:
        return float(one.array.sum(dtype=np.float64)) * one.voxel_volume_mm3

    assert total(found) == pytest.approx(total(source), rel=0.01)


def test_repositioning_stays_within_its_bounds_and_stacks_are_mirror_images() -> None:
    for seed in range(20):
        one = repositioned(np.random.default_rng(seed), np.array([1.0, 30.0, -40.0]))
        assert one.turn_deg <= LARGEST_TURN_DEG
        assert one.shift_mm <= LARGEST_SHIFT_MM
        assert one.baseline_stack @ one.followup_stack == pytest.approx(np.eye(4), abs=1e-9)
        normal = one.followup_stack[:3, 0]
        assert np.degrees(np.arccos(np.clip(normal[0], -1, 1))) <= 2 * TILT_DEG
        again = repositioned(np.random.default_rng(seed), np.array([1.0, 30.0, -40.0]))
        assert np.array_equal(one.motion, again.motion)
