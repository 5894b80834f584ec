"""Where displaced material may lie: canal, foramen, and the fat and muscle outside the foramen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.phantom.anatomy.canal import canal_inside, canal_size, displaceable
from pipeline.phantom.anatomy.grid import Float32
from pipeline.phantom.anatomy.scene import Patch, Scene
from pipeline.phantom.anatomy.spec import FragmentSpec
from pipeline.phantom.anatomy.tissue import Tissue

_FAR_MM = 10.0
_OUTSIDE = (Tissue.MUSCLE, Tissue.MUSCLE_FAT, Tissue.FAT_VISCERAL)


def is_far(spec: FragmentSpec) -> bool:
    """Whether a fragment lies in the foramen or beyond it."""
    return abs(spec.lateral_mm) > _FAR_MM


def far_reach_mm(spec: FragmentSpec) -> float:
    """How far from the midline a foraminal or extraforaminal fragment may reach."""
    return float(abs(spec.lateral_mm) + 1.3 * (spec.volume_mm3 / 4.2) ** (1 / 3) + 3.0)


def wall_drop_mm(spec: FragmentSpec) -> float:
    """How far the disc's margin has receded from the posterior wall at a far fragment's offset."""
    return float(np.clip((abs(spec.lateral_mm) - 13.0) * 0.6, 0.0, 6.0))


def room(scene: Scene, patch: Patch, spec: FragmentSpec) -> Float32:
    """Distance (mm, positive inside) to the outline of where a fragment may lie, bone and discs left aside."""
    level = scene.wall.level[patch.rows, patch.columns]
    d = scene.wall.depth[patch.rows, patch.columns][None, :]
    _, half = canal_size(scene, level)
    w = np.abs(patch.w)
    end = np.full_like(half, far_reach_mm(spec)) if is_far(spec) else half + 7
    foramen = np.minimum(np.minimum(d, 8 - d), end[None, :] - w)
    inside = np.maximum(canal_inside(scene, patch), foramen)
    if is_far(spec):
        side = w - half[None, :] - 5
        outside = np.minimum(np.minimum(d + 9, 12 - d), np.minimum(side, np.float32(far_reach_mm(spec)) - w))
        inside = np.maximum(inside, outside)
        # It lies on one side and does not cross the sac.
        inside = np.minimum(inside, patch.w * np.float32(np.sign(spec.lateral_mm)) - 3)
    return np.asarray(inside, dtype=np.float32)


def may_hold(spec: FragmentSpec, tissue: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether each tissue gives way to a fragment, its rim and its halo."""
    allowed = displaceable(tissue)
    return allowed | np.isin(tissue, _OUTSIDE) if is_far(spec) else allowed
