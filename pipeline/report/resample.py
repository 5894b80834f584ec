"""Bring volumes of either visit onto one grid, by the same interpolation, for looking at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from pipeline.volume import Affine, Volume

LINEAR = sitk.sitkLinear


@dataclass(frozen=True, eq=False)
class Grid:
    """A regular grid in LPS mm.

    Attributes
    ----------
    affine
        (4, 4): maps the homogeneous index (slice, row, column, 1) to LPS mm.
    shape
        Number of slices, rows and columns.
    """

    affine: Affine
    shape: tuple[int, int, int]

    @property
    def spacing_mm(self) -> NDArray[np.float64]:
        """Shape (3,): distance between neighbours along slices, rows and columns."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))

    def to_index(self, lps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Continuous index (slice, row, column) of an LPS point of shape (3,)."""
        return np.asarray(np.linalg.solve(self.affine[:3, :3], np.asarray(lps, float) - self.affine[:3, 3]))

    def slice_only(self, index: int) -> Grid:
        """The same grid reduced to one slice."""
        affine = self.affine.copy()
        affine[:3, 3] += affine[:3, 0] * index
        return Grid(affine, (1, *self.shape[1:]))


def resample(
    volume: Volume,
    to_grid_space: NDArray[np.floating],
    grid: Grid,
    *,
    outside: float = float("nan"),
    interpolator: int = LINEAR,
) -> NDArray[np.float32]:
    """Values of ``volume`` at the points of ``grid``.

    Parameters
    ----------
    volume
        Image of one visit, in that visit's own LPS coordinates.
    to_grid_space
        (4, 4): maps LPS points of that visit to the space in which ``grid`` is given.
    grid
        Where values are wanted.
    outside
        Value where the volume does not reach.
    interpolator
        A SimpleITK interpolator; linear unless said otherwise.

    Returns
    -------
    ndarray
        float32, shape ``grid.shape``.
    """
    back = np.linalg.inv(to_grid_space)
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(back[:3, :3].ravel().tolist())
    transform.SetTranslation(back[:3, 3].tolist())
    image = volume.with_array(np.ascontiguousarray(volume.array, dtype=np.float32)).to_sitk()
    spacing = grid.spacing_mm
    filter_ = sitk.ResampleImageFilter()
    filter_.SetSize([int(n) for n in grid.shape[::-1]])
    filter_.SetOutputSpacing(spacing[::-1].tolist())
    filter_.SetOutputDirection((grid.affine[:3, :3] / spacing)[:, ::-1].ravel().tolist())
    filter_.SetOutputOrigin(grid.affine[:3, 3].tolist())
    filter_.SetTransform(transform)
    filter_.SetInterpolator(interpolator)
    filter_.SetDefaultPixelValue(outside)
    filter_.SetOutputPixelType(sitk.sitkFloat32)
    return np.asarray(sitk.GetArrayFromImage(filter_.Execute(image)), dtype=np.float32)


def resample_stacks(volumes: tuple[Volume, ...], to_grid_space: Affine, grid: Grid) -> NDArray[np.float32]:
    """Values of several stacks, e.g. tilted axial blocks: where they overlap, the one nearest to the grid wins.

    NaN where none reaches.
    """
    middle = grid.affine @ np.array([*((np.array(grid.shape) - 1) / 2), 1.0])

    def distance(volume: Volume) -> float:
        centre = to_grid_space @ np.array([*volume.to_lps((np.array(volume.shape) - 1) / 2), 1.0])
        return float(np.linalg.norm(centre - middle))

    result = np.full(grid.shape, np.nan, dtype=np.float32)
    for volume in sorted(volumes, key=distance):
        values = resample(volume, to_grid_space, grid)
        result = np.where(np.isnan(result), values, result)
    return result
