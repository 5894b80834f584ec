"""Coarse copies of volumes on one grid, good enough to ask whether CSF or an enhanced vessel is bright."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.volume import Volume

Array: TypeAlias = NDArray[np.float64]

_PIXEL_MM = 1.5


def pooled(volume: Volume, pixel_mm: float = _PIXEL_MM) -> Volume:
    """Mean over blocks of pixels inside each slice, so that noise and small shifts matter little."""
    down, right = (max(1, round(pixel_mm / spacing)) for spacing in volume.spacing_mm[1:])
    slices, rows, columns = volume.shape
    array = volume.array[:, : rows // down * down, : columns // right * right].astype(np.float64)
    blocks = array.reshape(slices, rows // down, down, columns // right, right).mean(axis=(2, 4))
    affine = volume.affine.copy()
    affine[:3, 3] += affine[:3, 1] * (down - 1) / 2 + affine[:3, 2] * (right - 1) / 2
    affine[:3, 1] *= down
    affine[:3, 2] *= right
    return Volume(blocks, affine)


def on_grid_of(target: Volume, moving: Volume) -> Array:
    """Nearest values of ``moving`` at the voxels of ``target``; NaN outside (LPS mm is common to both)."""
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in target.shape), indexing="ij"), axis=-1).astype(np.float64)
    index = np.rint(moving.to_index(target.to_lps(grid))).astype(np.int64)
    inside = ((index >= 0) & (index < np.array(moving.shape))).all(axis=-1)
    values = np.full(target.shape, np.nan)
    values[inside] = moving.array[tuple(index[inside].T)]
    return values


def anatomical(volume: Volume) -> Volume:
    """The same voxels of a sagittal stack with rows running down and columns running backwards."""
    rows, columns = volume.axes_lps[:, 1], volume.axes_lps[:, 2]
    array, affine = volume.array, volume.affine.copy()
    if abs(rows[2]) < abs(columns[2]):
        array, affine = array.swapaxes(1, 2), affine[:, [0, 2, 1, 3]]
    for axis, wrong in ((1, affine[2, 1] > 0), (2, affine[1, 2] < 0)):
        if wrong:
            affine[:3, 3] += affine[:3, axis] * (array.shape[axis] - 1)
            affine[:3, axis] *= -1
            array = np.flip(array, axis)
    return Volume(array, affine)


def normalised(array: Array) -> Array:
    """Values in parts of the 99th percentile, NaN kept."""
    top = float(np.nanpercentile(array, 99)) if np.isfinite(array).any() else 0.0
    return array / top if top > 0 and math.isfinite(top) else np.zeros_like(array)
