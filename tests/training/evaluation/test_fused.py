"""The truth on the fine grid is what the fragment's points fill."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.volume import Volume
from training.evaluation.fused import _occupancy


@pytest.mark.parametrize("offset", [0.0, 0.1, 0.25])
def test_a_cube_keeps_its_volume_and_fills_its_inside(offset: float) -> None:
    """Points half a voxel apart lie on the voxels' borders: none of them may be counted for one neighbour only."""
    axis = np.arange(0.0, 8.0, 0.5) + offset
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    grid = Volume(np.zeros((14, 14, 14), dtype=np.float32), np.diag([1.0, 1.0, 1.0, 1.0]) + _moved(-3.0))
    filled = _occupancy(points, 0.125, grid)
    assert filled.sum() == pytest.approx(512.0, rel=1e-3)
    assert filled[5:9, 5:9, 5:9] == pytest.approx(1.0)


def _moved(by: float) -> np.ndarray:
    affine = np.zeros((4, 4))
    affine[:3, 3] = by
    return affine
