"""Voxels turned into the directions of axes that the rest of the program expects."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dicom.visit import Plane
from pipeline.volume import Affine, Volume


def oriented(array: NDArray[Any], affine: Affine, plane: Plane) -> Volume:
    """A view of the same voxels with the through-plane axis of ``plane`` first, all axes in the house's directions.

    Parameters
    ----------
    array
        Three axes in any order.
    affine
        Shape (4, 4): index in the order of the array's axes to LPS mm.
    plane
        Sagittal gives axes towards Left, Inferior, Posterior; axial Superior, Posterior, Left; coronal Posterior,
        Inferior, Left.
    """
    wanted = {
        Plane.SAGITTAL: ((0, 1), (2, -1), (1, 1)),
        Plane.AXIAL: ((2, 1), (1, 1), (0, 1)),
        Plane.CORONAL: ((1, 1), (2, -1), (0, 1)),
    }[plane]
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    order = _assignment(np.abs(directions), [axis for axis, _ in wanted])
    array, moved = array.transpose(order), affine.copy()
    moved[:3, :3] = affine[:3, order]
    for n, (axis, sign) in enumerate(wanted):
        if moved[axis, n] * sign < 0:
            moved[:3, 3] += moved[:3, n] * (array.shape[n] - 1)
            moved[:3, n] *= -1
            array = np.flip(array, n)
    return Volume(array, moved)


def _assignment(sizes: NDArray[np.float64], patient_axes: list[int]) -> list[int]:
    """Which array axis goes along each patient axis, so that the sum of direction cosines is largest."""
    return list(
        max(permutations(range(3)), key=lambda p: sum(sizes[a, n] for a, n in zip(patient_axes, p, strict=True)))
    )
