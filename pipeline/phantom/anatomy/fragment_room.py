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
_BEHIND_LIGAMENT_MM = 1.0
_BEFORE_LINE_MM = 4.5
"""How far before the smooth line of the posterior wall the hollow backs of bodies and discs may lie."""
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


def is_flush(scene: Scene, spec: FragmentSpec) -> bool:
    """Whether a fragment lies on disc and bone without a gap."""
    return scene.spec.edition > 1 and (is_far(spec) or not spec.free)


def front_mm(scene: Scene, spec: FragmentSpec) -> float:
    """How far before the smooth line of the posterior wall the room of a fragment begins (mm, may be negative)."""
    if scene.spec.edition == 1:
        return 0.0
    return _BEFORE_LINE_MM if is_flush(scene, spec) else -_BEHIND_LIGAMENT_MM


def room(scene: Scene, patch: Patch, spec: FragmentSpec) -> Float32:
    """Distance (mm, positive inside) to the outline of where a fragment may lie, bone and discs left aside."""
    level = scene.wall.level[patch.rows, patch.columns]
    d = scene.wall.depth[patch.rows, patch.columns][None, :]
    _, half = canal_size(scene, level)
    w = np.abs(patch.w)
    end = np.full_like(half, far_reach_mm(spec)) if is_far(spec) else half + 7
    front = front_mm(scene, spec)
    foramen = np.minimum(np.minimum(d + np.float32(front), 8 - d), end[None, :] - w)
    inside = np.maximum(canal_inside(scene, patch, front), foramen)
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
