"""Rigid motions and stacks of parallel slices, in LPS mm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from pipeline.volume import Affine, Volume

Vector = tuple[float, float, float]


def rigid(rotation_deg: Vector, translation_mm: Vector, centre_lps: Vector = (0.0, 0.0, 0.0)) -> Affine:
    """A rigid motion: rotate about the L, P and S axes in turn (around ``centre_lps``), then translate.

    Returns
    -------
    (4, 4) matrix that maps LPS mm to LPS mm.
    """
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", rotation_deg, degrees=True).as_matrix()
    centre = np.asarray(centre_lps, dtype=np.float64)
    matrix[:3, 3] = centre - matrix[:3, :3] @ centre + np.asarray(translation_mm, dtype=np.float64)
    return matrix


def moved(matrix: Affine, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of shape (…, 3) after a (4, 4) motion."""
    return np.asarray(points @ matrix[:3, :3].T + matrix[:3, 3])


@dataclass(frozen=True, eq=False)
class Stack:
    """Parallel slices of one size, evenly spaced.

    Attributes
    ----------
    affine
        (4, 4); maps the array index (slice, row, column, 1) of a pixel's centre to LPS mm.
    shape
        Slices, rows, columns.
    thickness_mm
        Full width at half maximum of the slice profile; the pitch along the first axis adds the gap.
    """

    affine: Affine
    shape: tuple[int, int, int]
    thickness_mm: float

    @property
    def pitch_mm(self) -> float:
        """Distance of neighbouring slices' centres, mm."""
        return float(np.linalg.norm(self.affine[:3, 0]))

    @property
    def pixel_mm(self) -> tuple[float, float]:
        """Distance between rows and between columns, mm."""
        return float(np.linalg.norm(self.affine[:3, 1])), float(np.linalg.norm(self.affine[:3, 2]))

    @property
    def voxel_volume_mm3(self) -> float:
        """Pixel area times slice pitch, mm³."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    @property
    def contiguous(self) -> bool:
        """Whether slices touch without gap or overlap."""
        return abs(self.pitch_mm - self.thickness_mm) < 1e-6

    def volume(self, array: NDArray[np.float32] | NDArray[np.uint8] | NDArray[np.uint16]) -> Volume:
        """Values of this stack's shape as a volume."""
        return Volume(array, self.affine)


def stack_around(
    centre_lps: NDArray[np.float64],
    rows_along: NDArray[np.float64],
    columns_along: NDArray[np.float64],
    *,
    shape: tuple[int, int, int],
    pixel_mm: float,
    thickness_mm: float,
    pitch_mm: float,
    slices_along: NDArray[np.float64],
) -> Stack:
    """A stack centred on a point.

    Parameters
    ----------
    centre_lps
        (3,) centre of the whole stack, LPS mm.
    rows_along, columns_along
        (3,) unit vectors of increasing column index (along a row) and increasing row index (down a column),
        as in DICOM's Image Orientation (Patient).
    shape, pixel_mm, thickness_mm, pitch_mm
        Slices, rows, columns; pixel size; slice thickness; distance of slice centres (mm).
    slices_along
        (3,) vector whose side of the plane the slice index runs to.
    """
    normal = np.cross(rows_along, columns_along)
    normal = normal if normal @ slices_along > 0 else -normal
    affine = np.eye(4)
    affine[:3, 0] = normal * pitch_mm
    affine[:3, 1] = columns_along * pixel_mm
    affine[:3, 2] = rows_along * pixel_mm
    affine[:3, 3] = centre_lps - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Stack(affine, shape, thickness_mm)
