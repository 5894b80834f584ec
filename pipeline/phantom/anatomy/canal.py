"""The spinal canal: its outline, the thecal sac, cord and roots, epidural fat, ligaments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.phantom.anatomy.disc_features import protrusion_mm
from pipeline.phantom.anatomy.grid import Float32, smooth_noise
from pipeline.phantom.anatomy.scene import Patch, Scene
from pipeline.phantom.anatomy.tissue import Tissue

# Knots by position relative to the first sacral body (…, -1 = L5, 0 = S1, …): share of the depth and width at L3.
_KNOTS = np.array([-8.0, -6.0, -4.0, -3.0, -1.0, -0.5, 0.0, 1.0, 2.0, 3.0, 4.0, 6.0])
_DEPTH = np.array([0.95, 1.0, 1.02, 1.0, 1.02, 1.02, 0.95, 0.66, 0.45, 0.32, 0.22, 0.15])
_WIDTH = np.array([0.85, 0.90, 0.92, 1.0, 1.15, 1.22, 1.2, 0.95, 0.75, 0.6, 0.45, 0.30])
DURA_MM = 0.5


def relative_level(scene: Scene, level: Float32) -> Float32:
    """Body index counted from the first sacral body."""
    return np.asarray(level - scene.spec.names.index("S1"), dtype=np.float32)


def _narrowing(scene: Scene, level: Float32) -> Float32:
    """0 … 1 narrowing of the canal, greatest at the discs."""
    total = np.zeros_like(level)
    for i, amount in enumerate(scene.spec.stenosis):
        if amount > 0:
            total += np.float32(amount) * np.exp(-(((level - i - 0.5) / 0.16) ** 2))
    return total


def canal_size(scene: Scene, level: Float32) -> tuple[Float32, Float32]:
    """Depth at the midline and half width of the bony canal (mm) at given levels."""
    relative = relative_level(scene, level)
    narrow = _narrowing(scene, level)
    depth = scene.spec.canal_depth_mm * np.interp(relative, _KNOTS, _DEPTH) * (1 - 0.45 * narrow)
    half = scene.spec.canal_width_mm / 2 * np.interp(relative, _KNOTS, _WIDTH) * (1 - 0.45 * narrow)
    return depth.astype(np.float32), half.astype(np.float32)


def roof(depth: Float32, half: Float32, w: Float32) -> Float32:
    """Distance of the canal's roof from the posterior wall at lateral offset w: a rounded triangle."""
    part = np.minimum(np.abs(w) / half[None, :], 1.3)
    return (depth[None, :] * (1 - 0.42 * part**1.6)).astype(np.float32)


def floor_mm(scene: Scene, level: Float32, w: Float32) -> Float32:
    """How far discs stand out into the canal at a level and lateral offset (mm)."""
    total = np.zeros_like(w)
    for i, bulge in enumerate(scene.spec.bulge_mm):
        if bulge > 0.2:
            total += np.float32(bulge) * np.exp(-(((level - i - 0.5) / 0.14) ** 2))[None, :]
    for item in scene.spec.protrusions:
        middle = scene.spec.disc_index(item.level) + 0.5
        total += protrusion_mm([item], w) * np.exp(-(((level - middle) / 0.16) ** 2))[None, :]
    return total


def canal_patch(scene: Scene) -> Patch:
    """The pairs that can lie inside the canal."""
    deepest = scene.spec.canal_depth_mm * 1.25 + 6
    relative = relative_level(scene, scene.wall.level)
    return scene.patch((scene.wall.depth > -1.5) & (scene.wall.depth < deepest) & (relative < 3.8))


def canal_inside(scene: Scene, patch: Patch, front_mm: float = 0.0) -> Float32:
    """Distance (mm, positive inside) to the outline of the bony canal for a patch, begun `front_mm` before its line."""
    level = scene.wall.level[patch.rows, patch.columns]
    d = scene.wall.depth[patch.rows, patch.columns][None, :]
    depth, half = canal_size(scene, level)
    side = (half[None, :] - np.abs(patch.w)) * 0.9
    front = d + np.float32(front_mm)
    return np.asarray(np.minimum(np.minimum(front, roof(depth, half, patch.w) - d), side), dtype=np.float32)


def _sac_shape(scene: Scene, level: Float32) -> tuple[Float32, Float32, Float32]:
    """Centre depth, semi-depth and semi-width of the thecal sac (mm)."""
    spec = scene.spec
    relative = relative_level(scene, level)
    depth, half = canal_size(scene, level)
    fat = np.float32(spec.epidural_fat)
    gap = 0.8 + fat * np.interp(relative, [-6, -2, -1, -0.4, 0.4, 2], [0.8, 0.8, 1.5, 4.0, 6.5, 4.0])
    taper = np.clip((spec.sac_end - level) / 1.6, 0, 1) ** 0.6
    semi_depth = (depth * (0.86 - 0.12 * fat) - gap * 0.75).clip(0.5) / 2 * taper
    semi_width = half * (0.82 - 0.12 * fat) * np.interp(relative, [-4, -1, 0, 1.5], [1, 0.95, 0.75, 0.6]) * taper
    return (gap + semi_depth).astype(np.float32), semi_depth.astype(np.float32), semi_width.astype(np.float32)


def sac_inside(scene: Scene, patch: Patch) -> Float32:
    """Distance (mm, positive inside) to the outline of the thecal sac for a patch."""
    level = scene.wall.level[patch.rows, patch.columns]
    d = scene.wall.depth[patch.rows, patch.columns][None, :]
    centre, semi_depth, semi_width = _sac_shape(scene, level)
    semi = np.maximum(semi_depth, 0.3)[None, :]
    wide = np.maximum(semi_width, 0.3)[None, :]
    radius = (np.abs((d - centre[None, :]) / semi) ** 2.4 + np.abs(patch.w / wide) ** 2.4) ** np.float32(1 / 2.4)
    inside = (1 - radius) * semi
    inside = np.where((semi_depth < 0.8)[None, :], -1, inside)
    clear = d - floor_mm(scene, level, patch.w) - 0.7
    return np.asarray(np.minimum(np.minimum(inside, canal_inside(scene, patch) - 0.8), clear), dtype=np.float32)


def _paint_roots(scene: Scene, patch: Patch, sac: Float32) -> None:
    """Cauda equina: roots leave the conus in pairs and run to their foramen along the back of the sac."""
    spec = scene.spec
    level = scene.wall.level[patch.rows, patch.columns]
    d = scene.wall.depth[patch.rows, patch.columns][None, :]
    centre, semi_depth, semi_width = _sac_shape(scene, level)
    rng = np.random.default_rng(spec.seed + 23)
    hit = np.zeros(patch.w.shape, dtype=bool)
    first = int(np.floor(spec.conus_end)) + 1
    wave = level * 2.1
    for exit_body in range(first, min(len(spec.names), spec.names.index("S1") + 4)):
        for side in (-1, 1):
            for _ in range(2):
                part = ((level - spec.conus_end) / max(0.5, exit_body + 0.3 - spec.conus_end)).clip(0, 1.1)
                lateral = side * (0.15 + 0.75 * part**1.5 * rng.uniform(0.8, 1.05)) * semi_width
                back = (rng.uniform(0.0, 0.75) - 0.35 * part) * semi_depth
                back = back + 0.5 * np.sin(wave + rng.uniform(0, 6.3))
                on_way = ((level > spec.conus_end - 0.2) & (part < 1.05))[None, :]
                near = (patch.w - lateral[None, :]) ** 2 + (d - (centre + back)[None, :]) ** 2
                hit |= (near < rng.uniform(0.55, 0.95) ** 2) & on_way
    scene.paint(patch, hit & (sac > DURA_MM), Tissue.CAUDA_EQUINA)


def _paint_cord(scene: Scene, patch: Patch, sac: Float32) -> None:
    level = scene.wall.level[patch.rows, patch.columns]
    d = scene.wall.depth[patch.rows, patch.columns][None, :]
    centre, _, _ = _sac_shape(scene, level)
    swell = 1 + 0.12 * np.exp(-(((level - scene.spec.conus_end + 1.3) / 0.8) ** 2))
    taper = (np.clip((scene.spec.conus_end - level) / 0.9, 0, 1) ** 0.6 * swell).astype(np.float32)
    size = np.maximum(taper, 0.02)[None, :]
    radius = ((d - centre[None, :] - 0.4) / (3.6 * size)) ** 2 + (patch.w / (4.6 * size)) ** 2
    scene.paint(patch, (radius < 1) & (taper > 0.05)[None, :] & (sac > DURA_MM), Tissue.CORD)


def paint_canal(scene: Scene) -> None:
    """Paint everything inside the bony canal (before bodies and discs, which may stand out into it)."""
    patch = canal_patch(scene)
    if not patch.rows.size:
        return
    inside, sac = canal_inside(scene, patch), sac_inside(scene, patch)
    d = scene.wall.depth[patch.rows, patch.columns][None, :]
    scene.paint(patch, inside > 0, Tissue.EPIDURAL_FAT, 0)
    noise = scene.field_of(patch, smooth_noise(scene.grid, scene.spec.seed + 29, (4.0, 8.0, 3.0)))
    vein = (inside > 0) & (d < 3.0) & (np.abs(patch.w) > 2.5) & (noise > 0.3)
    scene.paint(patch, vein, Tissue.EPIDURAL_VEIN)
    ligament = (inside > -0.4) & (d < 0.8) & (np.abs(patch.w) < 5.5)
    scene.paint(patch, ligament, Tissue.LIGAMENT)
    scene.paint(patch, sac > 0, Tissue.DURA)
    scene.paint(patch, sac > DURA_MM, Tissue.CSF)
    _paint_roots(scene, patch, sac)
    _paint_cord(scene, patch, sac)
    _paint_sacral_roots(scene, patch, inside, sac)


def _paint_sacral_roots(scene: Scene, patch: Patch, inside: Float32, sac: Float32) -> None:
    """Roots that left the sac: S1 and S2 in the lateral recess and the sacral canal."""
    level = scene.wall.level[patch.rows, patch.columns]
    d = scene.wall.depth[patch.rows, patch.columns][None, :]
    sacrum = scene.spec.names.index("S1")
    depth, half = canal_size(scene, level)
    hit = np.zeros(patch.w.shape, dtype=bool)
    for target in (sacrum - 1, sacrum, sacrum + 1, sacrum + 2):
        part = (level - (target - 0.75)).clip(0, 1)
        lateral = half * (0.5 + 0.42 * part)
        here = ((level > target - 0.75) & (level < target + 0.45))[None, :]
        near = (np.abs(patch.w) - lateral[None, :]) ** 2 + (d - (0.32 * depth)[None, :]) ** 2
        hit |= (near < 1.9**2) & here
    scene.paint(patch, hit & (inside > 0) & (sac < 0), Tissue.NERVE_ROOT)


def displaceable(tissue: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where displaced disc material may lie, given that a voxel is inside the canal or the foramen."""
    allowed = np.zeros(len(Tissue), dtype=bool)
    allowed[
        [
            Tissue.EPIDURAL_FAT,
            Tissue.EPIDURAL_VEIN,
            Tissue.CSF,
            Tissue.CAUDA_EQUINA,
            Tissue.NERVE_ROOT,
            Tissue.DURA,
            Tissue.LIGAMENT,
        ]
    ] = True
    return allowed[tissue]
