"""Directions, planes and affines of slices (PS3.3 C.7.6.2.1.1), in LPS millimetres."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from pipeline.dicom.visit import Plane
from pipeline.volume import Affine

Vector: TypeAlias = tuple[float, float, float]

_UNIT_TOLERANCE = 1e-2
_OBLIQUE_BELOW = 0.6
_UNDECIDED_ABOVE = 0.95
_PLANES = (Plane.SAGITTAL, Plane.CORONAL, Plane.AXIAL)


def cross(a: Sequence[float], b: Sequence[float]) -> Vector:
    """Cross product."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def dot(a: Sequence[float], b: Sequence[float]) -> float:
    """Inner product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def is_orientation(cosines: Sequence[float] | None) -> bool:
    """Whether six numbers are two perpendicular unit vectors, give or take what exporters round away."""
    if cosines is None:
        return False
    row, column = cosines[:3], cosines[3:]
    return (
        abs(dot(row, row) - 1) < _UNIT_TOLERANCE
        and abs(dot(column, column) - 1) < _UNIT_TOLERANCE
        and abs(dot(row, column)) < _UNIT_TOLERANCE
    )


def unit_axes(cosines: Sequence[float]) -> tuple[Vector, Vector, Vector]:
    """Directions of increasing column index and row index, and their normal, of length one."""
    row, column = _unit(cosines[:3]), _unit(cosines[3:])
    return row, column, _unit(cross(row, column))


def _unit(vector: Sequence[float]) -> Vector:
    length = math.sqrt(dot(vector, vector))
    return vector[0] / length, vector[1] / length, vector[2] / length


def plane_of(normal: Sequence[float]) -> Plane:
    """Plane whose normal is nearest; oblique where no axis, or more than one, deserves the name.

    Axial blocks along the L5/S1 disc are tilted by 40° and more, so the limit lies close to the diagonal.
    """
    sizes = sorted((abs(value) for value in normal), reverse=True)
    if sizes[0] < _OBLIQUE_BELOW or sizes[1] > _UNDECIDED_ABOVE * sizes[0]:
        return Plane.OBLIQUE
    return _PLANES[max(range(3), key=lambda axis: abs(normal[axis]))]


def stacking_direction(normal: Vector) -> Vector:
    """The normal, turned to patient Left, Posterior or Superior, whichever axis dominates."""
    leading = max(range(3), key=lambda axis: abs(normal[axis]))
    return normal if normal[leading] > 0 else (-normal[0], -normal[1], -normal[2])


def affine_of(
    cosines: Sequence[float], spacing: Sequence[float], origin: Sequence[float], step: Sequence[float]
) -> Affine:
    """Array index (slice, row, column) to LPS mm.

    Parameters
    ----------
    cosines
        ImageOrientationPatient.
    spacing
        PixelSpacing in mm: between rows, between columns.
    origin
        ImagePositionPatient of the first slice.
    step
        Vector in mm from each slice to the next.
    """
    row, column, _ = unit_axes(cosines)
    affine = np.eye(4)
    affine[:3, 0] = step
    affine[:3, 1] = np.multiply(column, spacing[0])
    affine[:3, 2] = np.multiply(row, spacing[1])
    affine[:3, 3] = origin
    return affine
