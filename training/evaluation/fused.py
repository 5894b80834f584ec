"""The fragment of a digital reference object from one plane, and from both planes fused, on the same fine grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dicom.visit import Plane
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.displaced import DisplacedMaterial
from pipeline.segmentation.fusion import fuse
from pipeline.volume import Volume
from training.evaluation.overlap import dice, soft_dice


def fused_fragment(
    anatomy: Anatomy, level: str, materials: Sequence[DisplacedMaterial], points: NDArray[np.float64], point_mm3: float
) -> dict[str, Any]:
    """Overlap with the truth: of the reference, of the axial series together, and of both as a comparison fuses them.

    Parameters
    ----------
    points, point_mm3
        Where the fragment truly is, LPS mm of shape (n, 3), and how much each point stands for.
    """
    sagittal = [one for one in materials if one.role is anatomy.reference]
    axial = [one for one in materials if one.role.plane is Plane.AXIAL]
    groups = {
        "sagittal": sagittal,
        "axial": axial,
        "fused": [*sagittal, *axial],
    }
    result: dict[str, Any] = {}
    for name, members in groups.items():
        if not members:
            continue
        found = fuse(members, anatomy.levels[level], anatomy.shifts_lps_mm)
        true = _occupancy(points, point_mm3, found.occupancy)
        result[name] = {
            "dice": round(dice(found.occupancy.array > 0.5, true > 0.5), 4),
            "soft_dice": round(soft_dice(found.occupancy.array, true), 4),
            "found_mm3": round(found.volume_mm3, 1),
        }
    return result


def _occupancy(points: NDArray[np.float64], point_mm3: float, grid: Volume) -> NDArray[np.float32]:
    """Share of every voxel that the points fill; what lies outside the grid cannot be found and is lost."""
    index = np.rint(grid.to_index(points)).astype(int)
    inside = ((index >= 0) & (index < grid.shape)).all(axis=1)
    flat = np.ravel_multi_index(tuple(index[inside].T), grid.shape)
    filled = np.bincount(flat, minlength=grid.array.size) * point_mm3 / grid.voxel_volume_mm3
    return np.minimum(filled, 1.0).reshape(grid.shape).astype(np.float32)
