"""How far displaced material has migrated, against the height of the vertebral body behind which it lies.

Komori et al. (Spine 1996;21:225–229) sorted herniations into three types by how far they migrate on sagittal images,
and found that the farther they migrate the more they shrink. Later authors word the limits differently, so the rule
used here is stated, its limit is a setting, and the distance in millimetres always stands beside it:

1. not beyond the endplates (3 mm are allowed for their drawn border);
2. beyond an endplate, by less than ``komori_body_share`` of the height of the body there;
3. by that share of it or more.
"""

from __future__ import annotations

from pipeline.measurement.meaning.meaning import Migrated
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.herniation import Herniation, HerniationType, Migration
from pipeline.segmentation.herniation.landmarks import BODY_MM, HALF_DISC_MM
from pipeline.segmentation.wall import PosteriorWall

BODY_LIMITS_MM = (18.0, 40.0)
"""Heights beyond these are no lumbar body's: a disc between was not named."""


def migration_of(herniation: Herniation, anatomy: Anatomy, body_share: float) -> Migrated | None:
    """Distance, and type after Komori; None where there is no displaced material.

    Parameters
    ----------
    herniation
        Of the visit that ``anatomy`` belongs to.
    body_share
        Part of the body's height from which a migration is of type 3.
    """
    if herniation.type is HerniationType.NONE:
        return None
    body, share, komori = None, None, 1
    if herniation.migration is not Migration.NONE:
        body = _body_height_mm(herniation, anatomy)
        share = herniation.migration_mm / body
        komori = 2 if share < body_share else 3
    return Migrated(
        direction=herniation.migration,
        above_mm=herniation.beyond_upper_mm,
        below_mm=herniation.beyond_lower_mm,
        body_mm=body,
        body_share=share,
        komori=komori,
    )


def _body_height_mm(herniation: Herniation, anatomy: Anatomy) -> float:
    """Height of the body behind which the material lies; a usual one where its far disc is out of view."""
    positions = PosteriorWall(anatomy.levels.values()).positions_mm
    names, own = list(positions), positions[herniation.level]
    far = names.index(herniation.level) + (1 if herniation.migration is Migration.DOWN else -1)
    if not 0 <= far < len(names):
        return BODY_MM
    height = abs(positions[names[far]] - own) - 2 * HALF_DISC_MM
    low, high = BODY_LIMITS_MM
    return height if low <= height <= high else BODY_MM
