"""How far an alignment can be trusted, in millimetres."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from pipeline import rigid
from pipeline.registration.polish import Polished
from pipeline.registration.prepared import Prepared
from pipeline.volume import Affine, Points

GRID_MM = 1.0
PITCH_SHARE = 0.075
"""Standard error from interpolating between few slices, as a share of how much coarser they are than the pixels.

More than twice what was measured on volumes averaged to 4 mm slices and moved by known transforms (docs/alignment.md),
as real slices have other profiles and a stack may show less. It falls quickly with the number of slices: a stack that
covers the bodies' side walls fixes the position across slices."""
FEW_SLICES = 5
COINCIDE = 0.05
"""Mean distance, in slices, from which on one grid counts as lying off the other."""


def bone_dice(baseline: Prepared, followup: Prepared, to_halfway: tuple[Affine, Affine]) -> float:
    """Overlap of the bones of both visits on a 1 mm grid in the half-way space, where both stacks show tissue."""
    both = tuple(zip((baseline, followup), to_halfway, strict=True))
    corners = [rigid.apply(t, p.image.to_lps(np.argwhere(p.bone).astype(np.float64))) for p, t in both]
    low = np.floor(np.min([c.min(axis=0) for c in corners], axis=0))
    high = np.ceil(np.max([c.max(axis=0) for c in corners], axis=0))
    axes = [np.arange(a, b + GRID_MM, GRID_MM) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    covered = np.ones(len(points), dtype=bool)
    inside = []
    for prepared, transform in both:
        index = prepared.image.to_index(rigid.apply(rigid.inverse(transform), points))
        covered &= np.all((index >= -0.5) & (index <= np.array(prepared.bone.shape) - 0.5), axis=1)
        nearest = np.clip(np.rint(index).astype(np.intp), 0, np.array(prepared.bone.shape) - 1)
        covered &= prepared.seen[tuple(nearest.T)]
        share = ndimage.map_coordinates(prepared.bone.astype(np.float32), index.T, order=1, mode="nearest")
        inside.append(share >= 0.5)
    first, second = inside[0] & covered, inside[1] & covered
    total = int(first.sum()) + int(second.sum())
    return 2 * int((first & second).sum()) / total if total else 0.0


def interpolation_error_mm(fixed: Prepared, moving: Prepared, transforms: tuple[Affine, ...]) -> float:
    """Standard error that comes from slices being coarse; nothing where one grid falls onto the other.

    Few thick slices may draw a search to where the grids fall onto each other. So the found transform alone cannot
    tell whether they do: the worst of ``transforms`` counts, among them one that knows nothing of the grids. How far
    off they lie does not matter beyond ``COINCIDE``.
    """
    index = np.argwhere(fixed.mask)
    chosen = fixed.image.to_lps(index[:: max(1, len(index) // 2000)].astype(np.float64))
    off_grid = 0.0
    for transform in transforms:
        place = moving.image.to_index(rigid.apply(transform, chosen))[:, 0]
        off_grid = max(off_grid, min(1.0, float(np.abs(place - np.rint(place)).mean()) / COINCIDE))
    pitch, row, column = (max(a, b) for a, b in zip(fixed.image.spacing_mm, moving.image.spacing_mm, strict=True))
    slices = int(np.any(fixed.mask, axis=(1, 2)).sum())
    return off_grid * PITCH_SHARE * max(0.0, pitch - max(row, column)) * (FEW_SLICES / max(slices, 1)) ** 2


def statistical_error_mm(polished: Polished, targets: Points) -> float:
    """Root mean square error at moving LPS ``targets`` (n, 3) by the covariance of the fit."""
    return rigid.spread_mm(polished.covariance, polished.centre, targets)


def disagreement_mm(first: Affine, second: Affine, targets: Points) -> float:
    """Root mean square distance between where two transforms put the same points (n, 3)."""
    gap = rigid.apply(first, targets) - rigid.apply(second, targets)
    return float(np.sqrt((gap**2).sum(axis=1).mean()))
