"""The regular grid that anatomy is evaluated on, and irregularities that are the same on every grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Grid:
    """Voxel centres in LPS mm along canonical sagittal axes.

    Attributes
    ----------
    x, z, y
        float32 coordinates along axis 0 (rising, towards Left), axis 1 (falling, towards Inferior) and axis 2
        (rising, towards Posterior).
    spacing
        Pitch along the three axes, mm.
    """

    x: Float32
    z: Float32
    y: Float32
    spacing: tuple[float, float, float]

    @classmethod
    def centred(
        cls,
        centre_lps: tuple[float, float, float],
        extent_mm: tuple[float, float, float],
        spacing: tuple[float, float, float],
    ) -> Grid:
        """Grid around a centre; extents run along (x, z, y) and are rounded to whole voxels."""
        cx, cy, cz = centre_lps
        axes = []
        for centre, extent, step, sign in zip((cx, cz, cy), extent_mm, spacing, (1, -1, 1), strict=True):
            n = max(1, round(extent / step))
            axes.append((centre + sign * step * (np.arange(n) - (n - 1) / 2)).astype(np.float32))
        return cls(axes[0], axes[1], axes[2], spacing)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along the three axes."""
        return len(self.x), len(self.z), len(self.y)

    @property
    def affine(self) -> NDArray[np.float64]:
        """(4, 4) map from array index to LPS mm."""
        dx, dz, dy = self.spacing
        affine = np.zeros((4, 4))
        affine[0, 0], affine[2, 1], affine[1, 2] = dx, -dz, dy
        affine[:3, 3] = self.x[0], self.y[0], self.z[0]
        affine[3, 3] = 1.0
        return affine


def _interpolation(coordinates: Float32, cell_mm: float, origin: float, nodes: int) -> Float32:
    """(len(coordinates), nodes) matrix of linear interpolation weights on nodes that repeat periodically."""
    position = (coordinates - origin) / cell_mm
    low = np.floor(position).astype(int)
    part = (position - low).astype(np.float32)
    matrix = np.zeros((len(coordinates), nodes), dtype=np.float32)
    rows = np.arange(len(coordinates))
    # A smooth step keeps the gradient continuous across cells, so that no lattice shows.
    part = part * part * (3 - 2 * part)
    np.add.at(matrix, (rows, low % nodes), 1 - part)
    np.add.at(matrix, (rows, (low + 1) % nodes), part)
    return matrix


def smooth_noise(grid: Grid, seed: int, cell_mm: tuple[float, float, float], nodes: int = 24) -> Float32:
    """Smooth random field of about unit variance, a function of the position in mm and of the seed alone.

    Parameters
    ----------
    grid
        Where to evaluate it.
    seed
        Seed of the field.
    cell_mm
        Correlation length along (x, z, y).
    nodes
        Nodes along each axis, after which the field repeats.

    Returns
    -------
    float32 array of shape ``grid.shape``.
    """
    values = np.random.default_rng(seed).standard_normal((nodes, nodes, nodes)).astype(np.float32)
    for axis, (coordinates, cell) in enumerate(zip((grid.x, grid.z, grid.y), cell_mm, strict=True)):
        matrix = _interpolation(coordinates, cell, -0.37 * cell, nodes)
        values = np.moveaxis(np.tensordot(matrix, values, axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(values * np.float32(1.6))
