"""Axial planes, tilted at random, that slices are averaged from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.sample import Floats

PIXEL_MM = 0.8
"""Pitch of rows and columns of an axial sample, mm."""

_PLANE_PITCH_MM = 0.9
_FEWEST_PLANES, _MOST_PLANES = 3, 6

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Frame:
    """Where three neighbouring slices lie; all vectors are LPS, mm.

    Attributes
    ----------
    centre
        Centre of the middle slice.
    row, column, normal
        Step from one row to the next (A→P), from one column to the next (R→L), and from one slice to the next.
    thickness_mm
        Thickness of each slice.
    size
        Rows and columns.
    """

    centre: Vector
    row: Vector
    column: Vector
    normal: Vector
    thickness_mm: float
    size: tuple[int, int]

    def planes(self, rng: np.random.Generator) -> tuple[Vector, int]:
        """Centres (3 n, 3) of the thin planes of the three slices, in their order, and n.

        Each is shifted by its own parts of a pixel along all axes: without that, planes cut the steps of a label map
        in time with each other, and borders become combs instead of soft.
        """
        count = int(np.clip(round(self.thickness_mm / _PLANE_PITCH_MM), _FEWEST_PLANES, _MOST_PLANES))
        unit = self.normal / np.linalg.norm(self.normal)
        depth = ((np.arange(count) + 0.5) / count - 0.5) * self.thickness_mm
        shift = (np.stack([rng.permutation(count) for _ in range(3)]) + 0.5) / count - 0.5
        own = (depth + shift[2] * PIXEL_MM)[:, None] * unit
        own = own + shift[0][:, None] * self.row + shift[1][:, None] * self.column
        steps = np.array([-1.0, 0.0, 1.0])[:, None, None] * self.normal
        return (self.centre + steps + own[None]).reshape(-1, 3), count

    def index(self, centres: Vector, affine: Vector) -> tuple[Floats, Floats, Floats]:
        """Continuous array indices (planes, rows, columns) of all pixels in a volume with the given affine."""
        inverse = np.linalg.inv(affine)
        start = centres @ inverse[:3, :3].T + inverse[:3, 3]
        down, across = inverse[:3, :3] @ self.row, inverse[:3, :3] @ self.column
        rows = np.arange(self.size[0]) - (self.size[0] - 1) / 2
        columns = np.arange(self.size[1]) - (self.size[1] - 1) / 2
        found = []
        for axis in range(3):
            plane = (rows * down[axis])[:, None] + (columns * across[axis])[None]
            found.append((start[:, axis, None, None] + plane[None]).astype(np.float32))
        return found[0], found[1], found[2]


def draw_frame(
    rng: np.random.Generator,
    point: Vector,
    tilt_deg: float,
    slab: tuple[float, float],
    size: tuple[int, int],
) -> Frame:
    """Slices around a point of the canal, turned and scaled a little.

    Parameters
    ----------
    rng
        Source of chance.
    point
        LPS mm that is to lie near the middle of the picture: a little behind it, as the crop of inference does.
    tilt_deg
        Tilt of the slices' normal in the sagittal plane: positive where it points to posterior on its way down.
    slab
        Thickness and distance of slices, mm.
    size
        Rows and columns.
    """
    tilt, side, turn = np.deg2rad([tilt_deg, rng.normal(0, 5), rng.normal(0, 4)])
    down = np.array([np.sin(side), np.sin(tilt) * np.cos(side), -np.cos(tilt) * np.cos(side)])
    back = np.array([0.0, np.cos(tilt), np.sin(tilt)])
    left = np.cross(back, -down)
    left /= np.linalg.norm(left)
    back = np.cross(-down, left)
    pixel = PIXEL_MM * np.exp(rng.normal(0, 0.07))
    stretch = np.exp(rng.normal(0, 0.03))
    row = (np.cos(turn) * back + np.sin(turn) * left) * pixel * stretch
    column = (np.cos(turn) * left - np.sin(turn) * back) * pixel / stretch
    if rng.random() < 0.5:
        # Left and right may change places: nothing that is to be learned depends on the side.
        column, row = column * np.array([-1.0, 1.0, 1.0]), row * np.array([-1.0, 1.0, 1.0])
        down = down * np.array([-1.0, 1.0, 1.0])
    normal = down * slab[1] * (1 if rng.random() < 0.5 else -1)
    centre = point + rng.normal(-5, 11) * row / pixel + rng.uniform(-9, 9) * column / pixel
    return Frame(centre, row, column, normal, slab[0], size)
