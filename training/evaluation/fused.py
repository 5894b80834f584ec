"""The fragment of a digital reference object from one plane, and from both planes fused, on the same fine grid."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dicom.visit import Plane
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.displaced import DisplacedMaterial
from pipeline.segmentation.fusion import averaged, fuse
from pipeline.segmentation.slice_averages import reconstructed
from pipeline.volume import Volume
from training.evaluation.overlap import dice, soft_dice

MARGIN_MM = 6.0


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


def ceilings(
    sagittal: Sequence[Volume], axial: Sequence[Volume], points: NDArray[np.float64], point_mm3: float
) -> dict[str, Any]:
    """Dice that the same fusion reaches with the true occupancies of the slices.

    Slices are millimetres apart, and the patient moves between series: that alone limits what a fine grid can show.
    """
    low = np.floor(points.min(axis=0) - MARGIN_MM)
    count = np.ceil(points.max(axis=0) + MARGIN_MM - low).astype(int) + 1
    affine = np.eye(4)
    affine[:3, :3] = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    affine[:3, 3] = (low[0], low[1], low[2] + count[2] - 1)
    grid = Volume(np.zeros((count[0], count[2], count[1]), dtype=np.float32), affine)
    true = _occupancy(points, point_mm3, grid)
    result = {}
    for name, stacks in (("sagittal", sagittal), ("axial", axial), ("fused", [*sagittal, *axial])):
        if stacks:
            start = grid.with_array(averaged(stacks, grid))
            found = reconstructed(stacks, [1.0] * len(stacks), start)
            result[name] = round(dice(found > 0.5, true > 0.5), 4)
    return result


def _occupancy(points: NDArray[np.float64], point_mm3: float, grid: Volume) -> NDArray[np.float32]:
    """Share of every voxel that the points fill; what lies outside the grid cannot be found and is lost.

    Every point stands for a small cube, whose eight parts are counted one by one: a point on the border of two voxels
    belongs to both.
    """
    quarter = point_mm3 ** (1 / 3) / 4
    corners = quarter * np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
    index = np.rint(grid.to_index(points[:, None] + corners).reshape(-1, 3)).astype(int)
    inside = ((index >= 0) & (index < grid.shape)).all(axis=1)
    flat = np.ravel_multi_index(tuple(index[inside].T), grid.shape)
    filled = np.bincount(flat, minlength=grid.array.size) * point_mm3 / len(corners) / grid.voxel_volume_mm3
    return np.minimum(filled, 1.0).reshape(grid.shape).astype(np.float32)
