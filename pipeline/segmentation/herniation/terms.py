"""The terms in which a herniation is described.

They are those of the combined nomenclature of NASS, ASSR and ASNR (Fardon et al., Lumbar disc nomenclature: version
2.0, Spine J 2014;14:2525–2545); zones and levels go back to Wiltse et al. 1997.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class HerniationType(StrEnum):
    """How material lies beyond its disc space."""

    NONE = "none"
    """Nothing beyond the margin."""
    BULGE = "bulge"
    """Over more than a quarter of the disc's circumference: no herniation."""
    PROTRUSION = "protrusion"
    """Nowhere wider than its base in the same plane."""
    EXTRUSION = "extrusion"
    """Wider than its base in one plane at least, and continuous with the disc."""
    SEQUESTRATION = "sequestration"
    """No longer continuous with the disc."""


class Zone(StrEnum):
    """Where it lies from side to side."""

    CENTRAL = "central"
    """Between the medial edges of the facets."""
    SUBARTICULAR = "subarticular"
    """Lateral recess: from there to the medial edge of the pedicle."""
    FORAMINAL = "foraminal"
    """Between the medial and the lateral edge of the pedicle."""
    EXTRAFORAMINAL = "extraforaminal"
    """Beyond the pedicle."""


class Side(StrEnum):
    """The patient's side."""

    LEFT = "left"
    MIDLINE = "midline"
    RIGHT = "right"


class Migration(StrEnum):
    """Direction of displacement from the disc's level."""

    UP = "up"
    DOWN = "down"
    NONE = "none"


class Vertical(StrEnum):
    """How far up or down it lies, by the pedicle of the vertebra that it lies behind."""

    DISC = "disc"
    """Between the endplates."""
    SUPRAPEDICULAR = "suprapedicular"
    """Between the upper endplate and the pedicle of the vertebra."""
    PEDICULAR = "pedicular"
    INFRAPEDICULAR = "infrapedicular"
    """Between the pedicle and the lower endplate."""


class Plane(StrEnum):
    """Plane in which base and extent decided between protrusion and extrusion."""

    SAGITTAL = "sagittal"
    AXIAL = "axial"


@dataclass(frozen=True)
class Herniation:
    """Displaced material of one disc in words; lengths in mm.

    Attributes
    ----------
    level
        The parent disc.
    type
        By the rules of Fardon 2014.
    unsure_between
        The types between which the images cannot tell, likelier one first; empty when they can.
    zone, side
        Where its centre of mass lies; None when there is nothing. ``side`` says right or left of the midline also for
        the central zone, and ``MIDLINE`` within 2 mm.
    zones
        Every zone, with its side, that holds at least 15 % of the material, the fullest first: ``"left subarticular"``.
    migration, migration_mm
        Direction in which it reaches farther, and how far beyond the endplate along the posterior wall; 0 for
        ``NONE``, which it stays up to 3 mm.
    beyond_upper_mm, beyond_lower_mm
        How far it reaches beyond the upper and the lower border of the disc space.
    vertical, behind
        Level of its far end, and the vertebra behind which that lies (None at the disc).
    plane, base_mm, extent_mm
        The plane that decides, the width of the base and the greatest distance between the edges beyond it there;
        None for ``NONE``, and the base for a sequestration.
    continuous, gap_mm
        Whether it touches its disc, and the distance of the piece that does not, else 0. Between thick slices a
        distance across slices is not counted.
    circumference_share
        Part 0…1 of the disc's circumference over which material stands out at the disc's level.
    contained
        Whether annulus or posterior longitudinal ligament still cover it: always ``"unknown"``, images of this kind do
        not show it reliably.
    """

    level: str
    type: HerniationType
    unsure_between: tuple[HerniationType, ...] = ()
    zone: Zone | None = None
    side: Side | None = None
    zones: tuple[str, ...] = ()
    migration: Migration = Migration.NONE
    migration_mm: float = 0.0
    beyond_upper_mm: float = 0.0
    beyond_lower_mm: float = 0.0
    vertical: Vertical | None = None
    behind: str | None = None
    plane: Plane | None = None
    base_mm: float | None = None
    extent_mm: float | None = None
    continuous: bool | None = None
    gap_mm: float | None = None
    circumference_share: float = 0.0
    contained: str = "unknown"

    @property
    def words(self) -> str:
        """For people: ``"extrusion, left subarticular, migrated down 9 mm to the pedicular level of L5"``."""
        if self.type is HerniationType.NONE or self.zone is None or self.side is None:
            return "none"
        kind = " or ".join(self.unsure_between) if self.unsure_between else str(self.type)
        side = "" if self.side is Side.MIDLINE else f"{self.side} "
        return f"{kind}, {side}{self.zone}{self._way}"

    @property
    def _way(self) -> str:
        if self.migration is Migration.NONE:
            return ", at the disc"
        return f", migrated {self.migration} {self.migration_mm:.0f} mm to the {self.vertical} level of {self.behind}"
