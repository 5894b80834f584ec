"""Posterior elements: pedicles, laminae, articular, transverse and spinous processes; ligamenta flava; foramina."""

from __future__ import annotations

import numpy as np

from pipeline.phantom.anatomy.bodies import is_sacral
from pipeline.phantom.anatomy.canal import canal_size, roof
from pipeline.phantom.anatomy.grid import Float32, smooth_noise
from pipeline.phantom.anatomy.laminectomy import carve_laminae
from pipeline.phantom.anatomy.scene import Patch, Scene, ellipsoid
from pipeline.phantom.anatomy.tissue import Tissue

CORTEX_MM = 0.8


def _along(scene: Scene, patch: Patch, index: int) -> Float32:
    arc = scene.wall.arc[patch.rows, patch.columns]
    return np.asarray(arc - np.float32(scene.curve.body_arc[index]))[None, :]


def _vertebra(scene: Scene, patch: Patch, index: int) -> tuple[Float32, Float32, Float32]:
    """Distance inside the posterior elements of a vertebra, of its lower facets, and of its upper facets."""
    spec = scene.spec
    height, lower = spec.heights_mm[index], spec.disc_heights_mm[index]
    s = _along(scene, patch, index)
    level = scene.wall.level[patch.rows, patch.columns]
    d = scene.wall.depth[patch.rows, patch.columns][None, :]
    depth, half = canal_size(scene, level)
    at_body, half_body = canal_size(scene, np.array([float(index)], dtype=np.float32))
    half_width, deep = float(half_body[0]), float(at_body[0])
    lumbar = spec.names[index].startswith("L")
    w = np.abs(patch.w)
    behind = d - roof(depth, half, patch.w)
    rng = np.random.default_rng((spec.seed + 101, index))
    size = rng.uniform(0.88, 1.12)
    to_disc = height / 2 + lower / 2
    pedicle = ellipsoid((s + 0.2 * height, 0.29 * height), (w - half_width - 4.5, 4.8), (d - 4.5, 11.5), power=3.0)
    lamina = ellipsoid((s - 0.34 * height, 0.34 * height), (behind - 3.2, 3.2), (w, half_width + 4), power=3.0)
    slope = 0.15 if lumbar else 0.75
    spinous_centre = 0.44 * height + slope * (d - deep - 6)
    spinous = ellipsoid(
        (s - spinous_centre, (9.5 if lumbar else 7.0) * size), (d - deep - 15, 14.5 * size), (patch.w, 3.6), power=3.2
    )
    pars = ellipsoid((s - 0.12 * height, 0.5 * height), (w - half_width - 3.5, 4.5), (d - 12.5, 4.6))
    inferior = ellipsoid((s - to_disc + 1.5, 9.5), (w - half_width - 3.0, 4.2), (d - 15.5, 5.2))
    superior = ellipsoid((s + height / 2 + 3.0, 8.5), (w - half_width - 6.5, 4.8), (d - 11.0, 4.6))
    transverse = ellipsoid((s + 0.1 * height, 5.0), (w - half_width - 16, 15.0 if lumbar else 9.0), (d - 9.5, 3.4))
    rest = np.maximum.reduce([pedicle, lamina, spinous, pars, transverse])
    return rest.astype(np.float32), inferior, superior


def _paint_bone(scene: Scene, patch: Patch, inside: Float32, index: int) -> None:
    scene.paint(patch, inside > 0, Tissue.POSTERIOR_CORTEX, index + 1)
    scene.paint(patch, inside > CORTEX_MM, Tissue.POSTERIOR_ELEMENT, index + 1)


def _paint_ligaments(scene: Scene) -> None:
    """Ligamentum flavum under the roof between the laminae, and interspinous tissue behind it."""
    wall = scene.wall
    patch = scene.patch((wall.depth > 2) & (wall.depth < scene.spec.canal_depth_mm + 32))
    level = wall.level[patch.rows, patch.columns]
    d = wall.depth[patch.rows, patch.columns][None, :]
    depth, half = canal_size(scene, level)
    behind = d - roof(depth, half, patch.w)
    lumbar = (level < scene.spec.names.index("S1") - 0.3)[None, :]
    between = lumbar & (np.abs(patch.w) < 2.2) & (behind > 2) & (behind < 24)
    noise = scene.field_of(patch, smooth_noise(scene.grid, scene.spec.seed + 31, (3.0, 4.0, 5.0)))
    scene.paint(patch, between & (noise < 0.2), Tissue.LIGAMENT, 0)
    scene.paint(patch, between & (noise >= 0.2), Tissue.MUSCLE_FAT, 0)
    flavum = lumbar & (behind > 0) & (behind < 3.2) & (np.abs(patch.w) < half[None, :] + 2)
    scene.paint(patch, flavum, Tissue.LIGAMENT, 0)
    # Fat fills the gap between the two halves of the ligament at the midline.
    scene.paint(patch, flavum & (np.abs(patch.w) < 1.2) & (behind < 2), Tissue.EPIDURAL_FAT, 0)


def _paint_foramina(scene: Scene) -> None:
    """Fat and a nerve root between each two pedicles."""
    spec = scene.spec
    for index in range(len(spec.names) - 1):
        if is_sacral(spec.names[index]):
            break
        reach = spec.heights_mm[index] * 0.62
        s_all = scene.wall.arc - np.float32(scene.curve.disc_arc[index])
        patch = scene.patch((np.abs(s_all + 3) < reach) & (scene.wall.depth > -4) & (scene.wall.depth < 14))
        if not patch.rows.size:
            continue
        s = s_all[patch.rows, patch.columns][None, :]
        d = scene.wall.depth[patch.rows, patch.columns][None, :]
        _, half = canal_size(scene, np.array([index + 0.5], dtype=np.float32))
        w = np.abs(patch.w) - float(half[0])
        fat = ellipsoid((s + 3, 0.48 * spec.heights_mm[index]), (w - 5, 9.0), (d - 4, 5.5), power=2.6)
        scene.paint(patch, fat > 0, Tissue.EPIDURAL_FAT, 0)
        centre = -0.26 * spec.heights_mm[index] + 0.35 * w
        root = ellipsoid((s - centre, 3.0), (w - 4.5, 9.5), (d - 4.0 + 0.15 * w, 2.6))
        scene.paint(patch, root > 0, Tissue.NERVE_ROOT)
        scene.paint(patch, (fat > 0) & (np.hypot(s - centre - 5, d - 2.5) < 1.3), Tissue.EPIDURAL_VEIN)


def _paint_sacrum_back(scene: Scene) -> None:
    """Roof of the sacral canal with the median crest, and the alae."""
    spec, wall = scene.spec, scene.wall
    first = spec.names.index("S1")
    patch = scene.patch((wall.depth > 1) & (wall.depth < 32) & (wall.level > first - 0.35) & (wall.level < first + 4.2))
    if patch.rows.size:
        level = wall.level[patch.rows, patch.columns]
        d = wall.depth[patch.rows, patch.columns][None, :]
        depth, half = canal_size(scene, level)
        behind = d - roof(depth, half, patch.w)
        crest = np.maximum(np.cos(2 * np.pi * (level - first - 0.15)), 0) * np.maximum(1 - np.abs(patch.w) / 5, 0)
        start = np.clip((level - first + 0.35) / 0.3, 0, 1)
        thick = (4.5 + 8.0 * crest) * start
        wide = half[None, :] + 8 - np.abs(patch.w)
        inside = np.minimum(np.minimum(behind, thick - behind), wide).astype(np.float32)
        scene.paint(patch, inside > 0, Tissue.SACRUM_CORTEX, first + 1)
        scene.paint(patch, inside > CORTEX_MM, Tissue.SACRUM, first + 1)
    _paint_alae(scene, first)
    if spec.sacralised > 0:
        _paint_wings(scene, first - 1)


def _paint_wings(scene: Scene, index: int) -> None:
    """Wings of a sacralised vertebra: its transverse processes widen and join the sacrum's alae."""
    spec, curve = scene.spec, scene.curve
    height, half = spec.heights_mm[index], spec.widths_mm[index] / 2
    patch = scene.patch(scene.near(curve.centres[index], curve.down[index], height, 40))
    if not patch.rows.size:
        return
    u, v = scene.local(patch, curve.centres[index], curve.down[index])
    w = np.abs(patch.w)
    # It reaches down over the rudimentary disc, and further out than the body's side.
    low = 0.28 * height * spec.sacralised
    wing = ellipsoid(
        (u[None, :] - low - 0.1 * w + 3, height * (0.30 + 0.32 * spec.sacralised)),
        (w - half - 7, 20.0),
        (v[None, :] - 8, spec.depths_mm[index] * (0.22 + 0.2 * spec.sacralised)),
        power=2.6,
    )
    tissue = scene.tissue_of(patch)
    keep = ~np.isin(tissue, (*_CANAL, Tissue.SACRUM, Tissue.SACRUM_CORTEX)) & (w > half * 0.6)
    _paint_bone(scene, patch, np.where(keep, wing, np.float32(-1)), index)


def _paint_alae(scene: Scene, first: int) -> None:
    spec, curve = scene.spec, scene.curve
    for index in range(first, min(first + 3, len(spec.names))):
        patch = scene.patch(scene.near(curve.centres[index], curve.down[index], 22, 40))
        if not patch.rows.size:
            continue
        u, v = scene.local(patch, curve.centres[index], curve.down[index])
        half = spec.widths_mm[index] / 2
        w = np.abs(patch.w)
        ala = ellipsoid(
            (u[None, :] - 1, spec.heights_mm[index] * 0.58),
            (w - half - 8, 26.0 - 4.0 * (index - first)),
            (v[None, :] - 6, spec.depths_mm[index] * 0.5 + 5),
            power=2.6,
        )
        outside_canal = scene.tissue_of(patch)
        keep = ~np.isin(outside_canal, _CANAL) & (w > half * 0.55)
        scene.paint(patch, (ala > 0) & keep, Tissue.SACRUM_CORTEX, index + 1)
        scene.paint(patch, (ala > CORTEX_MM) & keep, Tissue.SACRUM, index + 1)
        foramen = np.hypot(u[None, :] - spec.heights_mm[index] * 0.5, (w - half * 0.62) * 0.8) < 4.0
        through = ((v > -4) & (v < spec.depths_mm[index] * 0.5 + 5))[None, :]
        scene.paint(patch, foramen & through & keep, Tissue.EPIDURAL_FAT, 0)
        root = np.hypot(u[None, :] - spec.heights_mm[index] * 0.5, (w - half * 0.62) * 0.8) < 2.2
        scene.paint(patch, root & through & keep, Tissue.NERVE_ROOT, 0)


def _paint_joint(scene: Scene, above: tuple[Patch, Float32], below: tuple[Patch, Float32]) -> None:
    """Cartilage and fluid where the lower facets of one vertebra meet the upper facets of the next."""
    columns = scene.grid.shape[2]
    keys = [patch.rows * columns + patch.columns for patch, _ in (above, below)]
    _, first, second = np.intersect1d(keys[0], keys[1], assume_unique=True, return_indices=True)
    inferior, superior = above[1][:, first], below[1][:, second]
    joint = (inferior > 0) & (superior > -0.6) & (np.abs(inferior - superior) < 0.9)
    shared = Patch(above[0].rows[first], above[0].columns[first], above[0].w[:, first])
    scene.paint(shared, joint, Tissue.FACET_JOINT, 0)


_CANAL = (
    Tissue.EPIDURAL_FAT,
    Tissue.EPIDURAL_VEIN,
    Tissue.CSF,
    Tissue.CAUDA_EQUINA,
    Tissue.CORD,
    Tissue.DURA,
    Tissue.NERVE_ROOT,
    Tissue.LIGAMENT,
)


def paint_posterior(scene: Scene) -> None:
    """Paint ligaments, foramina, the sacrum's back and the posterior elements of all vertebrae."""
    _paint_ligaments(scene)
    _paint_foramina(scene)
    _paint_sacrum_back(scene)
    spec = scene.spec
    above: tuple[Patch, Float32] | None = None
    for index in range(len(spec.names)):
        sacral = is_sacral(spec.names[index])
        if sacral and spec.names[index] != "S1":
            break
        s = scene.wall.arc - np.float32(scene.curve.body_arc[index])
        reach = spec.heights_mm[index]
        patch = scene.patch((s > -1.3 * reach) & (s < 2.2 * reach) & (scene.wall.depth > -8) & (scene.wall.depth < 60))
        if not patch.rows.size:
            continue
        rest, inferior, superior = _vertebra(scene, patch, index)
        if sacral:
            scene.paint(patch, superior > 0, Tissue.SACRUM_CORTEX, index + 1)
            scene.paint(patch, superior > CORTEX_MM, Tissue.SACRUM, index + 1)
        else:
            _paint_bone(scene, patch, np.maximum(np.maximum(rest, inferior), superior), index)
        if above is not None:
            _paint_joint(scene, above, (patch, superior))
        above = patch, inferior
    carve_laminae(scene)
