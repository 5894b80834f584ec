"""What a disc does beyond its outline: protrusions behind it, erosions and Schmorl nodes into the bodies."""

from __future__ import annotations

import numpy as np

from pipeline.phantom.anatomy.features import Protrusion
from pipeline.phantom.anatomy.grid import Float32, smooth_noise
from pipeline.phantom.anatomy.scene import Patch, Scene
from pipeline.phantom.anatomy.tissue import Tissue

_BONE = (Tissue.CORTICAL_BONE, Tissue.VERTEBRA, Tissue.ENDPLATE, Tissue.SACRUM, Tissue.SACRUM_CORTEX)
_SCLEROSIS_MM = 0.9
FLARE_MM = 1.6
"""How far above and below the disc space a protrusion spreads behind the bodies."""


def protrusions_at(scene: Scene, index: int) -> list[Protrusion]:
    """Protrusions of one disc."""
    spec = scene.spec
    return [item for item in spec.protrusions if spec.disc_index(item.level) == index]


def protrusion_mm(items: list[Protrusion], w: Float32) -> Float32:
    """How far protrusions stand out at lateral offsets `w` (mm): a dome on a broad base."""
    reach = np.zeros_like(w)
    for item in items:
        part = np.clip(1 - ((w - np.float32(item.lateral_mm)) / np.float32(item.width_mm / 2)) ** 2, 0, 1)
        np.maximum(reach, np.float32(item.reach_mm) * part ** np.float32(0.8), out=reach)
    return reach


def protrusion_inside(items: list[Protrusion], w: Float32, radial: Float32, gap: Float32, height: float) -> Float32:
    """Distance (mm, positive inside) to the outline of a disc's protrusions; `radial`, `gap` as the disc's."""
    reach = protrusion_mm(items, w)
    # Behind the bodies the dome is a little taller than the disc space, and rounded towards its upper and lower end.
    flare = np.float32(FLARE_MM) * np.clip(reach / 3, 0, 1)
    round_off = np.sqrt(np.clip((gap + flare) / np.float32(max(1.0, 0.5 * height)), 0, 1))
    inside = np.minimum(radial + reach * round_off, gap + flare)
    return np.where(reach > 0.3, inside, np.float32(-1)).astype(np.float32)


def _node_depths(scene: Scene, index: int, patch: Patch) -> tuple[Float32, Float32]:
    """How far Schmorl nodes reach into the body above and below a disc (mm)."""
    depths = (np.zeros_like(patch.w), np.zeros_like(patch.w))
    for node in scene.spec.schmorl_nodes:
        if scene.spec.disc_index(node.level) != index:
            continue
        body = index if node.above else index + 1
        _, v = scene.local(patch, scene.curve.centres[body], scene.curve.down[body])
        away = ((v - np.float32(node.behind_mm)) ** 2)[None, :] + (patch.w - np.float32(node.lateral_mm)) ** 2
        depth = np.float32(node.depth_mm) * np.sqrt(np.clip(1 - away / np.float32(node.radius_mm**2), 0, 1))
        target = depths[0 if node.above else 1]
        np.maximum(target, depth.astype(np.float32), out=target)
    return depths


def erode_endplates(scene: Scene, index: int, patch: Patch, gaps: tuple[Float32, Float32], radial: Float32) -> None:
    """Let a disc grow into the neighbouring bodies where its endplates are rough or broken through.

    Parameters
    ----------
    scene, index, patch
        The disc, after it was painted.
    gaps
        Distance (mm) to the endplate above and below, positive on the disc's side.
    radial
        Distance (mm) inside the disc's outline seen from above.
    """
    spec = scene.spec
    rough = spec.endplate_erosion_mm[index] if spec.endplate_erosion_mm else 0.0
    if rough <= 0 and not any(spec.disc_index(node.level) == index for node in spec.schmorl_nodes):
        return
    above, below = _node_depths(scene, index, patch)
    broken = np.maximum(above, below) > 0.5
    if rough > 0:
        for k, depth in enumerate((above, below)):
            noise = scene.field_of(patch, smooth_noise(scene.grid, spec.seed + 601 + 2 * index + k, (4.0, 4.0, 4.0)))
            np.maximum(depth, np.float32(rough) * np.clip(noise, 0, 2), out=depth)
    inside = np.minimum(gaps[0] + above, gaps[1] + below)
    eroded = np.maximum(above, below) > 0.1
    # The body's rim stays whole: nodes and erosions are hollows of the endplate, not notches of the cortex.
    bone = np.isin(scene.tissue_of(patch), _BONE) & (radial > 2.0) & eroded
    scene.paint(patch, bone & (inside > -_SCLEROSIS_MM), Tissue.ENDPLATE)
    label = len(spec.names) + 1 + index
    scene.paint(patch, bone & (inside > 0), Tissue.DISC_ANNULUS, label)
    scene.paint(patch, bone & broken & (inside > 1.2), Tissue.DISC_NUCLEUS, label)
