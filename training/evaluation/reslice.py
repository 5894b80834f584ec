"""A thin-sliced volume as it is seen by a stack of thick slices that lies anywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.volume import Affine, Volume
from training.evaluation.real import sagittal
from training.evaluation.thick import THICK_MM

SUBSLICES = 5
"""Thin planes that a thick slice is the mean of: 0.8 mm apart in 4 mm."""


def thick_grid(image: Volume) -> Volume:
    """Empty 4 mm slices with the same pixels and the same centre: as many as hold the whole slab."""
    count = int(np.ceil(image.shape[0] * image.spacing_mm[0] / THICK_MM - 1e-6))
    return sagittal(np.zeros((count, *image.shape[1:]), dtype=np.float32), (THICK_MM, *image.spacing_mm[1:]))


def resliced(source: Volume, grid: Affine, shape: tuple[int, int, int], *, order: int, beyond: bool) -> Volume:
    """``source`` in slices whose profile is a box as wide as their distance.

    Parameters
    ----------
    source
        Thin slices.
    grid
        (4, 4): array index of the new slices to LPS mm in the coordinates of ``source``.
    order
        Of the spline: 3 for images; 1 for shares of voxels, which it keeps between 0 and 1.
    beyond
        Whether the outermost thin slice goes on beyond the slab; otherwise there is nothing.

    Returns
    -------
    Volume
        float32; outside the rows and columns of ``source`` it is 0.
    """
    values = source.array.astype(np.float32)
    prepared = ndimage.spline_filter(values, order, output=np.float32) if order > 1 else values
    to_source = np.linalg.inv(source.affine) @ grid
    rows, columns = np.meshgrid(*(np.arange(n, dtype=np.float64) for n in shape[1:]), indexing="ij")
    last = source.shape[0] - 1
    result = np.zeros(shape, dtype=np.float32)
    for k in range(shape[0]):
        for part in (np.arange(SUBSLICES) + 0.5) / SUBSLICES - 0.5:
            place = _places(to_source, k + float(part), rows, columns)
            outside = (place[0] < -0.5) | (place[0] > last + 0.5)
            place[0] = np.clip(place[0], 0, last)
            plane = ndimage.map_coordinates(prepared, place, order=order, prefilter=False, mode="constant")
            result[k] += plane if beyond else np.where(outside, 0.0, plane)
    return Volume(result / SUBSLICES, grid)


def _places(
    to_source: Affine, slice_: float, rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Index (3, rows, columns) in the source of one plane."""
    start = to_source[:3, 3] + to_source[:3, 0] * slice_
    shape = (3, 1, 1)
    moved = to_source[:3, 1].reshape(shape) * rows + to_source[:3, 2].reshape(shape) * columns + start.reshape(shape)
    return np.asarray(moved, dtype=np.float32)
