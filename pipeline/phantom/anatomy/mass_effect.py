"""How the thecal sac yields to displaced material."""

from __future__ import annotations

import numpy as np

from pipeline.phantom.anatomy.canal import DURA_MM, canal_inside, sac_inside
from pipeline.phantom.anatomy.grid import Float32, smooth_noise
from pipeline.phantom.anatomy.scene import Patch, Scene
from pipeline.phantom.anatomy.spec import FragmentSpec
from pipeline.phantom.anatomy.tissue import Tissue

_SAC = (Tissue.CSF, Tissue.CAUDA_EQUINA, Tissue.DURA)
_YIELDS = (*_SAC, Tissue.EPIDURAL_FAT, Tissue.EPIDURAL_VEIN)
_LARGEST_SHIFT_MM = 4.0


def push_sac(scene: Scene, patch: Patch, spec: FragmentSpec, distance: Float32) -> None:
    """Let the sac withdraw from a fragment and spread into the fat on its other side.

    Parameters
    ----------
    scene, patch
        The scene with the fragment painted, and the pairs that it may reach.
    spec
        The fragment; its `mass_effect` says how far the sac yields.
    distance
        (slices, pairs) distance to the fragment's surface (mm, positive outside it).
    """
    near = (distance < 16).any(axis=0)
    patch = Patch(patch.rows[near], patch.columns[near], patch.w[:, near])
    if not patch.rows.size:
        return
    distance = distance[:, near]
    d = scene.wall.depth[patch.rows, patch.columns][None, :]
    sac = sac_inside(scene, patch)
    size = (spec.volume_mm3 / 4.2) ** (1 / 3)
    shift = np.float32(spec.mass_effect * min(_LARGEST_SHIFT_MM, 0.6 * size))
    felt = np.exp(-((np.clip(distance - 2, 0, None) / 7) ** 2))
    # The recesses in front of the sac keep their fat: it spreads backwards and sideways.
    grown = sac + shift * felt * np.clip((d - 2) / 3, 0, 1)
    line = np.float32(0.4 + 0.7 * spec.mass_effect)
    new = np.minimum(np.minimum(grown, canal_inside(scene, patch) - np.float32(0.4)), distance - line)
    tissue = scene.tissue_of(patch)
    noise = scene.field_of(patch, smooth_noise(scene.grid, spec.seed + 317, (1.8, 9.0, 1.8)))
    left = np.isin(tissue, _SAC) & (new <= 0)
    scene.paint(patch, left, Tissue.EPIDURAL_FAT if spec.fat_halo_mm > 0 else Tissue.LIGAMENT)
    taken = np.isin(tissue, _YIELDS) & (new > 0)
    scene.paint(patch, taken & (new <= DURA_MM), Tissue.DURA)
    scene.paint(patch, taken & (new > DURA_MM) & (tissue != Tissue.CAUDA_EQUINA), Tissue.CSF)
    # The narrower the rest, the closer the roots lie in it.
    full = 1.1 - 1.1 * spec.mass_effect * felt
    scene.paint(patch, taken & (new > DURA_MM) & (noise > full) & (felt > 0.3), Tissue.CAUDA_EQUINA)
