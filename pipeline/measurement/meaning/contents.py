"""What voxels near one level hold of thecal sac and of fragment, in one series."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.dicom.visit import Plane, Role, Visit
from pipeline.measurement.change import FragmentMeasurement
from pipeline.measurement.meaning.section import Contents
from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation, Structure
from pipeline.segmentation.blocks import labelled_blocks, shown_best
from pipeline.segmentation.displaced import displaced_probability
from pipeline.volume import Points, Volume

NEAR_MM = 50.0
FAINT = 0.05
PARTS = (-0.375, -0.125, 0.125, 0.375)
"""A slice is thick: each voxel stands for four thin ones, so that areas along the canal do not come in steps."""


def contents_of(
    visit: Visit, anatomy: Anatomy, level: Level, measured: FragmentMeasurement, role: Role
) -> Contents | None:
    """Sac and fragment around a level in one series; None where the series was not segmented by itself.

    The fragment is the measured one in the series that was measured, and what is displaced in any other series.
    """
    if role not in visit.series or role not in anatomy.segmentations:
        return None
    blocks = [
        (image, one)
        for image, one in labelled_blocks(visit.series[role], anatomy.segmentations[role])
        if not one.carried and image.shape == one.labels.shape
    ]
    shift = anatomy.shifts_lps_mm.get(role, np.zeros(3)) if role.plane is Plane.AXIAL else np.zeros(3)
    parts = []
    for image, one in blocks:
        share = (
            measured.occupancy
            if role is measured.role
            else displaced_probability(one, level, anatomy, image).probability
        )
        others = [other for other, _ in blocks if other is not image]
        parts.append(_of_block(one, share, others, level, shift))
    parts = [part for part in parts if len(part.lps)]
    if not parts:
        return None
    return Contents(
        np.concatenate([part.lps for part in parts]),
        np.concatenate([part.sac_mm3 for part in parts]),
        np.concatenate([part.fragment_mm3 for part in parts]),
        max(part.extent_mm for part in parts),
    )


def _of_block(
    one: SeriesSegmentation, share: Volume, others: list[Volume], level: Level, shift: NDArray[np.float64]
) -> Contents:
    grid = one.labels
    box = box_around(grid, level.posterior_margin_lps_mm - shift, NEAR_MM)
    sac = np.asarray(one.probabilities[Structure.CANAL][box], dtype=np.float64)
    corner = np.array([part.start for part in box])
    same = share.shape == grid.shape and np.allclose(share.affine, grid.affine, atol=1e-4)
    fragment = np.asarray(share.array[box], dtype=np.float64) if same else _resampled(share, grid, box)
    index = np.argwhere((sac > FAINT) | (fragment > 0))
    at = tuple(index.T)
    lps = grid.to_lps((index + corner).astype(np.float64))
    held, taken = np.minimum(sac[at], 1.0 - fragment[at]), fragment[at]
    if others:
        own = shown_best(grid, others, lps)
        lps, held, taken = lps[own], held[own], taken[own]
    each = grid.voxel_volume_mm3 / len(PARTS)
    thin = np.concatenate([lps + shift + part * grid.affine[:3, 0] for part in PARTS])
    steps = grid.affine[:3, :3] / np.array([len(PARTS), 1.0, 1.0])
    extent = float(np.abs(level.axes_lps[:, 2] @ steps).max())
    return Contents(thin, np.tile(held * each, len(PARTS)), np.tile(taken * each, len(PARTS)), extent)


def box_around(grid: Volume, lps: NDArray[np.float64], reach_mm: float) -> tuple[slice, ...]:
    """The part of a grid within ``reach_mm`` of a point along each of its axes; may be empty."""
    centre, reach = grid.to_index(lps), reach_mm / np.array(grid.spacing_mm)
    low = np.clip(np.floor(centre - reach), 0, grid.shape).astype(int)
    high = np.clip(np.ceil(centre + reach) + 1, 0, grid.shape).astype(int)
    return tuple(slice(a, b) for a, b in zip(low, high, strict=True))


def _resampled(share: Volume, grid: Volume, box: tuple[slice, ...]) -> NDArray[np.float64]:
    """A share on another grid (a drawing with voxels of its own), interpolated linearly; 0 outside it."""
    axes = np.meshgrid(*(np.arange(part.start, part.stop) for part in box), indexing="ij")
    points: Points = grid.to_lps(np.stack(axes, axis=-1).reshape(-1, 3).astype(np.float64))
    values = ndimage.map_coordinates(
        share.array.astype(np.float64), share.to_index(points).T, order=1, mode="constant", cval=0.0
    )
    return np.asarray(np.clip(values, 0.0, 1.0), dtype=np.float64).reshape(axes[0].shape)
