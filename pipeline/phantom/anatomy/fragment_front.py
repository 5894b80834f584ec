"""How displaced material lies on disc and bone in front of it, or clear of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.phantom.anatomy.grid import Float32
from pipeline.phantom.anatomy.scene import Mask, Patch, Scene
from pipeline.phantom.anatomy.tissue import Tissue

Index = NDArray[np.intp]
_FILLED_MM = 4.0
"""Gaps up to this are filled; what bridges a deeper one has fat in front of it."""
_CLEAR_MM = 1.5
"""A free fragment keeps at least this distance."""
_ORDER = 1e-6
"""What is filled grows from the front backwards: no two voxels of a gap tie, and any volume can be met."""
_HARD = (
    Tissue.CORTICAL_BONE,
    Tissue.VERTEBRA,
    Tissue.POSTERIOR_ELEMENT,
    Tissue.POSTERIOR_CORTEX,
    Tissue.SACRUM,
    Tissue.SACRUM_CORTEX,
    Tissue.ENDPLATE,
    Tissue.DISC_NUCLEUS,
    Tissue.DISC_ANNULUS,
    Tissue.SACRAL_DISC,
    Tissue.FRAGMENT,
)


def settle(scene: Scene, patch: Patch, needed: Float32) -> Float32:
    """Let a fragment reach straight forward to disc and bone wherever the gap in front of it is small.

    A voxel close behind something hard is reached as soon as any voxel behind it is that lies as close: thresholds of
    the result are thresholds of `needed` with their gaps filled, so that the volume can still be chosen exactly. The
    ligament in front of the fragment is taken as well.

    Parameters
    ----------
    scene, patch
        The scene before the fragment is painted, and the pairs that it may reach.
    needed
        (slices, pairs) by how much a fragment must grow until it reaches each voxel; infinite where it may not lie.

    Returns
    -------
    (slices, pairs), smaller than `needed` where a gap is filled.
    """
    at, whole, hard = _boxed(scene, patch, needed)
    close = _gap_mm(hard, np.isfinite(whole), scene.grid.spacing[2]) <= _FILLED_MM
    reached = np.full(hard.shape[:2], np.inf, dtype=np.float32)
    for column in range(hard.shape[2] - 1, -1, -1):
        here = close[:, :, column]
        reached = np.where(here, np.minimum(reached, whole[:, :, column]), np.float32(np.inf))
        np.copyto(whole[:, :, column], reached * np.float32(1 + _ORDER * column), where=here)
    return np.asarray(whole[at], dtype=np.float32)


def keep_off(scene: Scene, patch: Patch, needed: Float32) -> Float32:
    """Leave what lies in front of a free fragment clear of it; parameters and result as of :func:`settle`."""
    at, whole, hard = _boxed(scene, patch, needed)
    whole[_gap_mm(hard, ~hard, scene.grid.spacing[2]) < _CLEAR_MM] = np.inf
    return np.asarray(whole[at], dtype=np.float32)


def _boxed(scene: Scene, patch: Patch, needed: Float32) -> tuple[tuple[slice, Index, Index], Float32, Mask]:
    """Where a patch lies in the box around it, and what is needed (infinite elsewhere) and what is hard in that box."""
    top, front = int(patch.rows.min()), int(patch.columns.min())
    hard = np.isin(scene.tissue[:, top : int(patch.rows.max()) + 1, front : int(patch.columns.max()) + 1], _HARD)
    whole = np.full(hard.shape, np.inf, dtype=np.float32)
    at = (slice(None), patch.rows - top, patch.columns - front)
    whole[at] = needed
    return at, whole, hard


def _gap_mm(hard: Mask, room: Mask, step_mm: float) -> Float32:
    """How much room lies between a voxel of it and what is hard in front; infinite where anything else comes first."""
    gaps = np.full(hard.shape, np.inf, dtype=np.float32)
    gap = np.full(hard.shape[:2], np.inf, dtype=np.float32)
    for column in range(hard.shape[2]):
        here = room[:, :, column]
        gaps[:, :, column] = np.where(here, gap, np.float32(np.inf))
        gap = np.where(hard[:, :, column], np.float32(0), np.where(here, gap + np.float32(step_mm), np.float32(np.inf)))
    return gaps
