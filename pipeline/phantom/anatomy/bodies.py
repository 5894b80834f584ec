"""Vertebral bodies, discs and the sacrum's body."""

from __future__ import annotations

import numpy as np

from pipeline.phantom.anatomy.disc_features import erode_endplates, protrusion_inside, protrusions_at
from pipeline.phantom.anatomy.grid import Float32, smooth_noise
from pipeline.phantom.anatomy.scene import Patch, Scene
from pipeline.phantom.anatomy.tissue import Tissue

CORTEX_MM = 0.8
ENDPLATE_MM = 0.9
_POWER = 2.4
_POSTERIOR_EXTRA_MM = 4.0


def is_sacral(name: str) -> bool:
    """Whether a body is a segment of the sacrum."""
    return name.startswith("S")


def _radial(v: Float32, w: Float32, depth: float, width: float) -> tuple[Float32, Float32]:
    """Distance inside the outline seen from above (mm), and normalised radius. The back of a body is flat."""
    semi = (depth + _POSTERIOR_EXTRA_MM) / 2
    v = (v - np.float32(_POSTERIOR_EXTRA_MM / 2))[None, :]
    radius = ((np.abs(v) / semi) ** _POWER + (np.abs(w) / (width / 2)) ** _POWER) ** np.float32(1 / _POWER)
    hollow = 1.2 * np.exp(-((w / 7.0) ** 2)) - 0.6
    back = depth / 2 - hollow - (v + _POSTERIOR_EXTRA_MM / 2)
    return np.minimum((1 - radius) * semi, back).astype(np.float32), radius.astype(np.float32)


def _hollow(radius: Float32, depth: float) -> Float32:
    return (depth * (1 - np.minimum(radius, 1) ** 2)).astype(np.float32)


def endplate_hollow_mm(scene: Scene, index: int) -> float:
    """Depth of the endplates' hollow of one body; sacral segments are nearly flat."""
    name = scene.spec.names[index]
    return 0.6 if is_sacral(name) and not (name == "S1" and scene.spec.lumbarised) else scene.spec.endplate_concavity_mm


def paint_body(scene: Scene, index: int, noise: Float32) -> None:
    """Paint one body (cortex, endplates, marrow). `noise` is a smooth field of the grid's shape."""
    spec, curve = scene.spec, scene.curve
    height, depth, width = spec.heights_mm[index], spec.depths_mm[index], spec.widths_mm[index]
    patch = scene.patch(scene.near(curve.centres[index], curve.down[index], height / 2 + 3, depth / 2 + 6))
    if not patch.rows.size:
        return
    u, v = scene.local(patch, curve.centres[index], curve.down[index])
    waist = np.float32(0.9) + np.float32(0.1) * (2 * u / height) ** 2
    sacral = is_sacral(spec.names[index])
    radial, radius = _radial(v / (waist if not sacral else 1.0), patch.w / waist, depth, width)
    edge = height / 2 - _hollow(radius, endplate_hollow_mm(scene, index)) - np.abs(u)[None, :]
    rough = np.float32(0.35) * scene.field_of(patch, noise)
    inside = np.minimum(radial, edge) + rough
    label = index + 1
    body = inside > 0
    if sacral:
        scene.paint(patch, body, Tissue.SACRUM_CORTEX, label)
        scene.paint(patch, inside > CORTEX_MM, Tissue.SACRUM, label)
        if index > 0 and not is_sacral(spec.names[index - 1]):
            scene.paint(patch, body & (edge + rough < ENDPLATE_MM) & (u < 0)[None, :], Tissue.ENDPLATE, label)
        return
    scene.paint(patch, body, Tissue.CORTICAL_BONE, label)
    scene.paint(patch, body & (edge + rough < ENDPLATE_MM), Tissue.ENDPLATE, label)
    scene.paint(patch, (radial + rough > CORTEX_MM) & (edge + rough > ENDPLATE_MM), Tissue.VERTEBRA, label)
    vein = (np.abs(u)[None, :] < 1.3) & (np.abs(patch.w) < 3.5) & (v > depth / 2 - 7)[None, :] & body
    if scene.spec.seed % 3 == 0 or index % 2 == 0:
        scene.paint(patch, vein, Tissue.EPIDURAL_VEIN, label)


def _disc_gaps(scene: Scene, index: int, patch: Patch, radius: Float32) -> tuple[Float32, Float32]:
    """Distance to the endplate above and below (mm, positive on the disc's side)."""
    spec, curve = scene.spec, scene.curve
    u_above, _ = scene.local(patch, curve.centres[index], curve.down[index])
    u_below, _ = scene.local(patch, curve.centres[index + 1], curve.down[index + 1])
    above = u_above[None, :] - spec.heights_mm[index] / 2 + _hollow(radius, endplate_hollow_mm(scene, index))
    below = -u_below[None, :] - spec.heights_mm[index + 1] / 2
    below = below + _hollow(radius, endplate_hollow_mm(scene, index + 1))
    return above.astype(np.float32), below.astype(np.float32)


def paint_disc(scene: Scene, index: int, noise: Float32) -> None:
    """Paint the disc below body `index`: annulus and, where it is not lost, nucleus."""
    spec, curve = scene.spec, scene.curve
    depth = (spec.depths_mm[index] + spec.depths_mm[index + 1]) / 2
    width = (spec.widths_mm[index] + spec.widths_mm[index + 1]) / 2
    reach = spec.disc_heights_mm[index] / 2 + 9
    centre, down = curve.disc_centres[index], curve.disc_down[index]
    patch = scene.patch(scene.near(centre, down, reach, depth / 2 + 9))
    if not patch.rows.size:
        return
    _, v = scene.local(patch, centre, down)
    radial, radius = _radial(v, patch.w, depth, width)
    gaps = _disc_gaps(scene, index, patch, radius)
    gap = np.minimum(*gaps)
    rough = scene.field_of(patch, noise)
    bulge = spec.bulge_mm[index] * np.clip(1 + 0.25 * rough, 0.3, 1.7)
    # A bulge is a rounded lip: it is highest between the endplates and shrinks towards the corners.
    bulge = bulge * np.clip(gap / max(1.0, spec.disc_heights_mm[index] / 2), 0, 1) ** 0.5
    sacral = is_sacral(spec.names[index]) and not (spec.names[index] == "S1" and spec.lumbarised)
    free = ~np.isin(
        scene.tissue_of(patch),
        (Tissue.CORTICAL_BONE, Tissue.VERTEBRA, Tissue.ENDPLATE, Tissue.SACRUM, Tissue.SACRUM_CORTEX),
    )
    inside = (radial + bulge > 0) & (gap > -0.2) & free
    label = len(spec.names) + 1 + index
    if sacral:
        scene.paint(patch, inside, Tissue.SACRAL_DISC, index + 1)
        return
    scene.paint(patch, inside, Tissue.DISC_ANNULUS, label)
    degenerate = spec.degeneration[index]
    ring = 4.5 + 3.0 * degenerate + (0.8 + 1.5 * degenerate) * rough
    nucleus = inside & (radial > ring) & (gap > 0.5 + 1.2 * degenerate)
    scene.paint(patch, nucleus, Tissue.DISC_NUCLEUS, label)
    if protrusions := protrusions_at(scene, index):
        dome = protrusion_inside(protrusions, patch.w, radial, gap, spec.disc_heights_mm[index])
        behind = free & (radial < 0) & (v > 0)[None, :]
        scene.paint(patch, behind & (dome > 0), Tissue.DISC_ANNULUS, label)
    erode_endplates(scene, index, patch, gaps, radial)


def paint_column(scene: Scene) -> None:
    """Paint all bodies and discs of a scene."""
    noise = smooth_noise(scene.grid, scene.spec.seed + 11, (6.0, 6.0, 6.0))
    for index in range(len(scene.spec.names)):
        paint_body(scene, index, noise)
    for index in range(len(scene.spec.names) - 1):
        paint_disc(scene, index, noise)
