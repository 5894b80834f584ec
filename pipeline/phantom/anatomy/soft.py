"""Everything around the spine: muscles, fat, vessels, bowel, skin and air."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from pipeline.phantom.anatomy.canal import relative_level
from pipeline.phantom.anatomy.grid import Float32, smooth_noise
from pipeline.phantom.anatomy.scene import Scene
from pipeline.phantom.anatomy.tissue import Tissue

_FRONT_MM = 125.0


def _wall_y(scene: Scene) -> Float32:
    """Position (y) of the posterior wall at each row of the grid."""
    wall = scene.curve.wall
    order = np.argsort(-wall[:, 1], kind="stable")
    return np.asarray(np.interp(-scene.grid.z, -wall[order, 1], wall[order, 0]), dtype=np.float32)


def _skin(scene: Scene) -> tuple[Float32, Float32]:
    """Position (y) of the fascia and of the skin at each row, from the whole spine so that grids agree."""
    spec = scene.spec
    wall = scene.curve.wall
    z = np.arange(wall[0, 1], wall[-1, 1], -2.0)
    order = np.argsort(-wall[:, 1], kind="stable")
    y = np.interp(-z, -wall[order, 1], wall[order, 0])
    sacrum = scene.curve.centres[spec.names.index("S1"), 1]
    # Behind the sacrum there is little muscle.
    need = 20 + spec.back_muscle_mm * np.clip(1 - (sacrum + 15 - z) / 60, 0.25, 1)
    deep = gaussian_filter1d(y + need, 25, mode="nearest")
    deep = np.maximum(gaussian_filter1d(np.maximum(deep, y + 20), 8, mode="nearest"), y + 14)
    fascia = np.interp(-scene.grid.z, -z, deep).astype(np.float32)
    return fascia, (fascia + np.float32(spec.subcutaneous_mm)).astype(np.float32)


def _front(scene: Scene, wall_y: Float32) -> None:
    """Visceral fat with bowel in front of the spine, psoas beside it."""
    grid, spec = scene.grid, scene.spec
    noise = smooth_noise(grid, spec.seed + 41, (26.0, 24.0, 24.0))
    fine = smooth_noise(grid, spec.seed + 43, (9.0, 9.0, 9.0))
    scene.tissue[...] = Tissue.FAT_VISCERAL
    # Bowel keeps a distance from the spine.
    far = (grid.y[None, :] < (wall_y - 58)[:, None])[None]
    scene.tissue[(noise + 0.25 * fine > 0.15) & far] = Tissue.BOWEL
    scene.tissue[(noise > 1.1) & (fine > 0.2) & far] = Tissue.AIR
    level = relative_level(scene, scene.wall.level)
    patch = scene.patch((level > -5.5) & (level < 1.5) & (np.abs(scene.wall.depth + 16) < 30))
    size = np.interp(level[patch.rows, patch.columns], [-5.5, -4, -2, -0.5, 1.5], [2, 9, 17, 21, 17])
    d = scene.wall.depth[patch.rows, patch.columns]
    aside = np.abs(patch.w) - (20 + size)[None, :]
    inside = (aside / size[None, :]) ** 2 + ((d + 15) / (size + 3))[None, :] ** 2 < 1
    streak = scene.field_of(patch, fine) > 2.0 - 1.5 * spec.muscle_fat
    scene.paint(patch, inside, Tissue.MUSCLE)
    scene.paint(patch, inside & streak, Tissue.MUSCLE_FAT)


def _vessels(scene: Scene) -> None:
    """Aorta and vena cava in front of the bodies down to L4, iliac vessels below."""
    spec = scene.spec
    level = relative_level(scene, scene.wall.level)
    patch = scene.patch((level < 1.5) & (scene.wall.depth < -25) & (scene.wall.depth > -75))
    if not patch.rows.size:
        return
    level = level[patch.rows, patch.columns]
    d = scene.wall.depth[patch.rows, patch.columns]
    rng = np.random.default_rng(spec.seed + 47)
    split = np.clip(level + 1.6, 0, None)
    depth_body = float(np.mean(spec.depths_mm[:8]))
    for side, radius, start in ((1, rng.uniform(7, 10), 7.0), (-1, rng.uniform(7, 11), 13.0)):
        radius_here = np.where(level > -1.6, radius * 0.65, radius)
        gap = depth_body + radius_here + rng.uniform(2, 5) + 3 * np.exp(-((level + 1) ** 2))
        near = (patch.w - (side * (start + 16 * split))[None, :]) ** 2 + (d + gap)[None, :] ** 2
        scene.paint(patch, near < (radius_here**2)[None, :], Tissue.VESSEL)


def _back(scene: Scene, fascia: Float32, skin: Float32) -> None:
    """Back muscles, the fat under the skin, and the air behind it."""
    grid, spec = scene.grid, scene.spec
    behind = (scene.wall.depth > 3)[None]
    noise = smooth_noise(grid, spec.seed + 53, (5.0, 22.0, 4.0))
    level = relative_level(scene, scene.wall.level)
    w = np.abs(grid.x[:, None] - scene.wall.offset[None, :])[:, :, None]
    threshold = (2.1 - 2.4 * spec.muscle_fat - 0.5 * np.clip(level + 1.5, 0, 2)).astype(np.float32)
    fat = noise > threshold[None]
    scene.tissue[np.broadcast_to(behind, fat.shape) & ~fat] = Tissue.MUSCLE
    scene.tissue[np.broadcast_to(behind, fat.shape) & fat] = Tissue.MUSCLE_FAT
    septum = behind & (w < 2.0)
    scene.tissue[np.broadcast_to(septum, fat.shape)] = Tissue.MUSCLE_FAT
    over = grid.y[None, None, :] > (fascia[None, :, None] - 0.006 * (w - 20).clip(0) ** 2)
    scene.tissue[over & behind] = Tissue.FAT_SUBCUTANEOUS
    outside = grid.y[None, None, :] > (skin[None, :, None] - 0.004 * w**2)
    scene.tissue[np.broadcast_to(outside, fat.shape)] = Tissue.AIR


def paint_soft(scene: Scene) -> None:
    """Paint all soft tissue around the spine; bone, discs and canal come on top of it."""
    wall_y = _wall_y(scene)
    fascia, skin = _skin(scene)
    _front(scene, wall_y)
    _vessels(scene)
    _back(scene, fascia, skin)
    front = float(scene.curve.wall[:, 0].min()) - _FRONT_MM
    scene.tissue[:, :, scene.grid.y < front + 18] = Tissue.FAT_SUBCUTANEOUS
    scene.tissue[:, :, scene.grid.y < front] = Tissue.AIR
