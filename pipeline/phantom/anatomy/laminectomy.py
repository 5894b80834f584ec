"""Removed laminae: the gap behind the canal, and the scar and fat that fill it."""

from __future__ import annotations

import numpy as np

from pipeline.phantom.anatomy.canal import canal_size, roof
from pipeline.phantom.anatomy.features import Laminectomy
from pipeline.phantom.anatomy.grid import smooth_noise
from pipeline.phantom.anatomy.scene import Scene
from pipeline.phantom.anatomy.tissue import Tissue

_BONE_AND_LIGAMENT = (Tissue.POSTERIOR_CORTEX, Tissue.POSTERIOR_ELEMENT, Tissue.LIGAMENT, Tissue.MUSCLE_FAT)
_SPINOUS_MM = 30.0
_LAMINA_MM = 8.0


def _carve(scene: Scene, item: Laminectomy) -> None:
    index = scene.spec.names.index(item.body)
    height = scene.spec.heights_mm[index]
    along = scene.wall.arc - np.float32(scene.curve.body_arc[index])
    patch = scene.patch(
        (along > -0.15 * height) & (along < 1.05 * height) & (scene.wall.depth > 2) & (scene.wall.depth < 60)
    )
    if not patch.rows.size:
        return
    level = scene.wall.level[patch.rows, patch.columns]
    d = scene.wall.depth[patch.rows, patch.columns][None, :]
    depth, half = canal_size(scene, level)
    behind = d - roof(depth, half, patch.w)
    side = patch.w * np.float32(item.side) > -2.0 if item.side else np.ones(patch.w.shape, dtype=bool)
    lamina = (behind < _LAMINA_MM) & (np.abs(patch.w) < half[None, :] + 1.0) & side
    # The process is shortened from the canal outwards, as the surgeon removes it with the laminae.
    spinous = (behind < _SPINOUS_MM * item.spinous) & (np.abs(patch.w) < 6.5) & side
    # The approach runs through the muscle beside the midline, out to the fascia.
    track = (np.abs(patch.w - np.float32(4.0 * item.side)) < 5.0) & (behind > 4) & (behind < 26)
    tissue, instance = scene.tissue_of(patch), scene.instance[:, patch.rows, patch.columns]
    own = np.isin(instance, (0, index + 1)) & np.isin(tissue, _BONE_AND_LIGAMENT)
    gap = (behind > -0.3) & (lamina | spinous) & own
    gap |= track & (tissue == Tissue.MUSCLE)
    noise = scene.field_of(patch, smooth_noise(scene.grid, scene.spec.seed + 701 + index, (6.0, 6.0, 5.0)))
    scar = noise > np.float32(2.4 * (0.5 - item.scar))
    scene.paint(patch, gap & ~scar, Tissue.MUSCLE_FAT, 0)
    # Young scar enhances and is of middling signal, like the venous plexus; old scar is dark, like a ligament.
    old = scar & (noise > np.float32(2.4 * (0.5 - item.scar) + 1.4))
    scene.paint(patch, gap & scar, Tissue.EPIDURAL_VEIN, 0)
    scene.paint(patch, gap & old, Tissue.LIGAMENT, 0)


def carve_laminae(scene: Scene) -> None:
    """Remove what was operated on, after the posterior elements were painted."""
    for item in scene.spec.laminectomies:
        _carve(scene, item)
