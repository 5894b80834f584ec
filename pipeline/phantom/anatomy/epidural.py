"""What lies between the canal's smooth front and the hollow backs of bodies and discs."""

from __future__ import annotations

import numpy as np

from pipeline.phantom.anatomy.canal import canal_size, relative_level
from pipeline.phantom.anatomy.grid import smooth_noise
from pipeline.phantom.anatomy.scene import Scene
from pipeline.phantom.anatomy.tissue import Tissue

_BEHIND_MM = 3.0
_LUMBAR = (9.0, 5.0, 9.0)
"""How far before the posterior wall the canal's and the foramina's hollows reach, and how far beside the canal: to the
pedicles' lateral border (mm)."""
_SACRAL = (4.0, 4.0, 4.0)
"""The same in the sacrum, whose lower bodies are small."""
_BODY_PART = 0.3
"""Within this distance (body index) of a body's middle its back is hollow, and the venous plexus is wide."""


def fill_front(scene: Scene) -> None:
    """Turn fat that was left over inside the column into epidural fat and venous plexus, after all else is painted.

    The posterior longitudinal ligament is drawn on the smooth line of the posterior wall and spans the hollow behind
    each body; the anterior internal venous plexus and fat lie in front of it there.
    """
    wall = scene.wall
    below = relative_level(scene, wall.level)
    patch = scene.patch((wall.depth > -_LUMBAR[0]) & (wall.depth < _BEHIND_MM) & (below < 3.8))
    if not patch.rows.size:
        return
    level = wall.level[patch.rows, patch.columns]
    d = wall.depth[patch.rows, patch.columns]
    _, half = canal_size(scene, level)
    sacral = relative_level(scene, level) > 0.3
    before, recess, wide = (np.where(sacral, low, high) for low, high in zip(_SACRAL, _LUMBAR, strict=True))
    aside = np.abs(patch.w) - half[None, :]
    left_over = scene.tissue_of(patch) == Tissue.FAT_VISCERAL
    canal = left_over & (aside < 0) & (d > -before)[None, :]
    foramen = left_over & (aside >= 0) & (aside < wide[None, :]) & (d > -recess)[None, :]
    scene.paint(patch, canal | foramen, Tissue.EPIDURAL_FAT)
    noise = scene.field_of(patch, smooth_noise(scene.grid, scene.spec.seed + 29, (4.0, 8.0, 3.0)))
    behind_body = (np.abs(level - np.round(level)) < _BODY_PART)[None, :]
    scene.paint(patch, canal & behind_body & (noise > 0), Tissue.EPIDURAL_VEIN)
