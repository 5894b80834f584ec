"""The canvas that the parts of the anatomy are painted onto."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.phantom.anatomy.curve import SpineCurve, WallCoordinates, wall_coordinates
from pipeline.phantom.anatomy.grid import Float32, Grid
from pipeline.phantom.anatomy.spec import SpineSpec
from pipeline.phantom.anatomy.tissue import Tissue

Mask = NDArray[np.bool_]


def ellipsoid(*terms: tuple[NDArray[np.floating] | float, float], power: float = 2.0) -> Float32:
    """About the distance inside a superellipsoid (mm, positive inside): each term is (offset, semi-axis)."""
    radius = sum((np.abs(offset) / np.float32(semi)) ** np.float32(power) for offset, semi in terms)
    smallest = np.float32(min(semi for _, semi in terms))
    return np.asarray((1 - np.asarray(radius) ** np.float32(1 / power)) * smallest, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Patch:
    """Some (row, column) pairs of a scene with all slices: arrays over it have the shape (slices, pairs).

    Attributes
    ----------
    rows, columns
        (pairs,) integer indices.
    w
        (slices, pairs) lateral offset from the spine's middle, mm, + left.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    w: Float32


@dataclass(frozen=True, eq=False)
class Scene:
    """A grid being painted.

    Attributes
    ----------
    spec, curve, grid, wall
        The spine and where the grid lies on it.
    tissue, instance
        uint8 arrays of the grid's shape that painters change in place.
    """

    spec: SpineSpec
    curve: SpineCurve
    grid: Grid
    wall: WallCoordinates
    tissue: NDArray[np.uint8]
    instance: NDArray[np.uint8]

    @classmethod
    def empty(cls, spec: SpineSpec, curve: SpineCurve, grid: Grid) -> Scene:
        """A scene of air."""
        shape = grid.shape
        return cls(
            spec,
            curve,
            grid,
            wall_coordinates(curve, grid),
            np.zeros(shape, dtype=np.uint8),
            np.zeros(shape, dtype=np.uint8),
        )

    def patch(self, where: Mask) -> Patch:
        """Patch of the (row, column) pairs where a 2-D mask holds."""
        rows, columns = np.nonzero(where)
        w = self.grid.x[:, None] - self.wall.offset[rows][None, :]
        return Patch(rows, columns, w.astype(np.float32))

    def local(self, patch: Patch, centre: NDArray[np.float64], down: NDArray[np.float64]) -> tuple[Float32, Float32]:
        """(pairs,) coordinates of a patch along a body's axis (u, caudal) and across it (v, posterior)."""
        y = self.grid.y[patch.columns] - np.float32(centre[0])
        z = self.grid.z[patch.rows] - np.float32(centre[1])
        down_y, down_z = np.float32(down[0]), np.float32(down[1])
        return y * down_y + z * down_z, -y * down_z + z * down_y

    def near(self, centre: NDArray[np.float64], down: NDArray[np.float64], u_mm: float, v_mm: float) -> Mask:
        """2-D mask of the pairs within a box around a body's centre."""
        y = self.grid.y[None, :] - np.float32(centre[0])
        z = self.grid.z[:, None] - np.float32(centre[1])
        u = y * np.float32(down[0]) + z * np.float32(down[1])
        v = -y * np.float32(down[1]) + z * np.float32(down[0])
        return (np.abs(u) <= u_mm) & (np.abs(v) <= v_mm)

    def paint(self, patch: Patch, mask: Mask, tissue: Tissue, instance: int | None = None) -> None:
        """Set the tissue (and the instance) of a patch where a (slices, pairs) mask holds."""
        slices, pairs = np.nonzero(mask)
        at = (slices, patch.rows[pairs], patch.columns[pairs])
        self.tissue[at] = tissue
        if instance is not None:
            self.instance[at] = instance

    def tissue_of(self, patch: Patch) -> NDArray[np.uint8]:
        """(slices, pairs) tissue codes of a patch."""
        return self.tissue[:, patch.rows, patch.columns]

    def field_of(self, patch: Patch, field: Float32) -> Float32:
        """(slices, pairs) values of a field of the grid's shape."""
        return field[:, patch.rows, patch.columns]
