"""How displaced material settles on what lies in front of it."""

from __future__ import annotations

import numpy as np

from pipeline.phantom.anatomy.grid import Float32
from pipeline.phantom.anatomy.scene import Mask, Patch, Scene
from pipeline.phantom.anatomy.tissue import Tissue

_FILLED_MM = 4.0
"""Gaps up to this are filled; what bridges a deeper one has fat in front of it."""
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
    top, front = int(patch.rows.min()), int(patch.columns.min())
    box = np.s_[:, top : int(patch.rows.max()) + 1, front : int(patch.columns.max()) + 1]
    hard = np.isin(scene.tissue[box], _HARD)
    whole = np.full(hard.shape, np.inf, dtype=np.float32)
    at = (slice(None), patch.rows - top, patch.columns - front)
    whole[at] = needed
    close = _close_behind(hard, np.isfinite(whole), scene.grid.spacing[2])
    reached = np.full(hard.shape[:2], np.inf, dtype=np.float32)
    for column in range(hard.shape[2] - 1, -1, -1):
        here = close[:, :, column]
        reached = np.where(here, np.minimum(reached, whole[:, :, column]), np.float32(np.inf))
        np.copyto(whole[:, :, column], reached * np.float32(1 + _ORDER * column), where=here)
    return np.asarray(whole[at], dtype=np.float32)


def _close_behind(hard: Mask, room: Mask, step_mm: float) -> Mask:
    """Where a voxel of the room has nothing but room, and not much of it, between itself and something hard."""
    close = np.zeros(hard.shape, dtype=bool)
    gap = np.full(hard.shape[:2], np.inf, dtype=np.float32)
    for column in range(hard.shape[2]):
        here = room[:, :, column]
        close[:, :, column] = here & (gap <= _FILLED_MM)
        gap = np.where(hard[:, :, column], np.float32(0), np.where(here, gap + np.float32(step_mm), np.float32(np.inf)))
    return close
