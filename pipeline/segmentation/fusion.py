"""One displaced fragment from all series that show it, in patient coordinates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.dicom.visit import Role
from pipeline.segmentation.anatomy import Level
from pipeline.segmentation.displaced import DisplacedMaterial
from pipeline.segmentation.slice_averages import reconstructed
from pipeline.volume import Points, Volume

FINE_MM = 1.0
MARGIN_MM = 4.0
"""The fine grid reaches this far beyond the outermost material."""
SHOWN = 0.05
"""A voxel with less of it does not widen the grid."""
TRUST = {Role.SAGITTAL_T1: 0.5, Role.SAGITTAL_T1_POST: 0.5, Role.AXIAL_T1: 0.5, Role.AXIAL_T1_POST: 0.5}
"""How much a series counts against T2 and STIR (1.0): on T1, fluid and displaced material are of nearly one grey."""
EMPTY_HALF_MM = 6
"""Half width of the grid where no series shows any material."""


@dataclass(frozen=True, eq=False)
class FusedFragment:
    """Displaced material of one level, from all series together.

    Attributes
    ----------
    level
        Name of the parent disc.
    roles
        The series that took part, in the order given; a role with several blocks appears once.
    occupancy
        float32, 0…1, on an isotropic grid of 1 mm along the axes of LPS (array axes towards Left, Inferior and
        Posterior): which share of each voxel is displaced material.
    volume_mm3
        Sum of the occupancy times the volume of its voxels.
    volumes_by_role_mm3
        What each series says alone; blocks of one role added up.
    centroid_lps_mm
        Shape (3,); None where nothing is displaced.
    """

    level: str
    roles: tuple[Role, ...]
    occupancy: Volume
    volume_mm3: float
    volumes_by_role_mm3: Mapping[Role, float]
    centroid_lps_mm: NDArray[np.float64] | None


def fuse(
    materials: Sequence[DisplacedMaterial], level: Level, shifts_mm: Mapping[Role, NDArray[np.float64]] | None = None
) -> FusedFragment:
    """Bring the evidence of several series about one fragment together.

    A slice is an average over its thickness: sagittal stacks are sharp from front to back and from head to feet,
    axial ones from side to side and from front to back. Looked for is the occupancy of a fine grid whose averages
    over the slices of every stack are what that stack shows; averaging the stacks instead would blur the fragment
    along both slice directions.

    Parameters
    ----------
    materials
        The same level in several series, or several blocks of one; at least one.
    level
        That level, for the place of the grid where nothing is displaced.
    shifts_mm
        By role, LPS mm of shape (3,): what lies at ``x`` on the other series lies at ``x + shift`` on this one
        (:attr:`pipeline.segmentation.axial_series.AxialSegmentation.shift_mm`).

    Returns
    -------
    FusedFragment

    Raises
    ------
    ValueError
        If no material is given, or material of another level.
    """
    if not materials or any(one.level != level.name for one in materials):
        raise ValueError(f"material of {level.name} is to be fused, and at least one series must be given")
    shifts = shifts_mm or {}
    stacks = [_placed(one.probability, shifts.get(one.role)) for one in materials]
    trust = [TRUST.get(one.role, 1.0) for one in materials]
    grid = _fine_grid(stacks, level)
    occupancy = np.zeros(grid.shape, dtype=np.float32)
    if any((stack.array > SHOWN).any() for stack in stacks):
        occupancy = reconstructed(stacks, trust, grid.with_array(averaged(stacks, grid)))
    by_role: dict[Role, float] = {}
    for one in materials:
        own = float(one.probability.array.sum(dtype=np.float64)) * one.probability.voxel_volume_mm3
        by_role[one.role] = by_role.get(one.role, 0.0) + own
    fused = grid.with_array(occupancy)
    return FusedFragment(
        level=level.name,
        roles=tuple(by_role),
        occupancy=fused,
        volume_mm3=float(occupancy.sum(dtype=np.float64)) * fused.voxel_volume_mm3,
        volumes_by_role_mm3=by_role,
        centroid_lps_mm=_centroid(fused),
    )


def averaged(stacks: Sequence[Volume], grid: Volume) -> NDArray[np.float32]:
    """Mean, on a fine grid, of stacks interpolated linearly: each place by those stacks that reach it.

    Parameters
    ----------
    stacks
        Occupancies 0…1 on native grids.
    grid
        The fine grid.

    Returns
    -------
    float32, shape of ``grid``
    """
    axes = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)
    lps = grid.to_lps(axes.reshape(-1, 3).astype(np.float64))
    total, reached = np.zeros((2, len(lps)), dtype=np.float32)
    for stack in stacks:
        index = stack.to_index(lps)
        inside = ((index >= -0.5) & (index <= np.array(stack.shape) - 0.5)).all(axis=1)
        total[inside] += ndimage.map_coordinates(stack.array, index[inside].T, order=1, mode="nearest")
        reached += inside
    return np.asarray(total / np.maximum(reached, 1.0), dtype=np.float32).reshape(grid.shape)


def _placed(stack: Volume, shift_mm: NDArray[np.float64] | None) -> Volume:
    if shift_mm is None:
        return stack
    affine = stack.affine.copy()
    affine[:3, 3] -= shift_mm
    return Volume(stack.array, affine)


def _fine_grid(stacks: Sequence[Volume], level: Level) -> Volume:
    """A grid along the LPS axes, on whole multiples of its pitch, that holds all material."""
    shown = [_shown(stack) for stack in stacks]
    points = np.concatenate(shown)
    if not len(points):
        points = level.posterior_margin_lps_mm + np.array([[-EMPTY_HALF_MM], [EMPTY_HALF_MM]]) * np.ones(3)
    low = np.floor((points.min(axis=0) - MARGIN_MM) / FINE_MM) * FINE_MM
    high = np.ceil((points.max(axis=0) + MARGIN_MM) / FINE_MM) * FINE_MM
    count = np.rint((high - low) / FINE_MM).astype(int) + 1
    affine = np.eye(4)
    affine[:3, :3] = FINE_MM * np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    affine[:3, 3] = (low[0], low[1], high[2])
    return Volume(np.zeros((count[0], count[2], count[1]), dtype=np.float32), affine)


def _shown(stack: Volume) -> Points:
    """LPS of the voxels that show material, each slice as thick as it is."""
    index = np.argwhere(stack.array > SHOWN).astype(np.float64)
    half = np.array([0.5, 0.0, 0.0])
    return stack.to_lps(np.concatenate([index - half, index + half]))


def _centroid(fused: Volume) -> NDArray[np.float64] | None:
    total = float(fused.array.sum(dtype=np.float64))
    if total <= 0.0:
        return None
    index = np.argwhere(fused.array > 0)
    weight = np.asarray(fused.array[tuple(index.T)], dtype=np.float64)
    return fused.to_lps(np.average(index.astype(np.float64), axis=0, weights=weight))
