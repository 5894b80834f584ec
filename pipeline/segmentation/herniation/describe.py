"""From displaced material to the words for it."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.segmentation.anatomy import Anatomy, Level
from pipeline.segmentation.displaced import DisplacedMaterial
from pipeline.segmentation.herniation.continuity import gap_mm
from pipeline.segmentation.herniation.landmarks import Landmarks, landmarks
from pipeline.segmentation.herniation.material import Material, material_of
from pipeline.segmentation.herniation.shape import Shape, shape_of
from pipeline.segmentation.herniation.terms import Herniation, HerniationType
from pipeline.segmentation.herniation.zones import place_of, way_of
from pipeline.segmentation.margin import OUTSTANDING_LATERAL_MM
from pipeline.volume import Volume

SMALLEST_MM3 = 10.0
BULGE_SHARE = 0.25
"""A bulge takes more than this part of the circumference (Fardon 2014)."""
SEPARATE_MM = 2.5
"""From this distance on a piece counts as separate."""
GAP_DOUBT_MM = 1.0
"""Gaps this much smaller or larger may be either: a dark ligament, or a neck thinner than a pixel."""
EXCESS_DOUBT = 0.5


def describe_herniation(material: Volume | DisplacedMaterial, anatomy: Anatomy, level: Level | str) -> Herniation:
    """Say what displaced material is by the rules of Fardon 2014.

    Parameters
    ----------
    material
        Occupancy 0…1 on any grid in LPS mm, such as a fused isotropic one, or the material found in one series.
    anatomy
        The visit's anatomy.
    level
        The parent disc, or its name.

    Returns
    -------
    Herniation
        Of type ``NONE`` when less than 10 mm³ are given. Where the slices are too thick to tell two types apart,
        ``unsure_between`` names both.

    Raises
    ------
    KeyError
        If the anatomy has no such level.

    Notes
    -----
    *Sequestration*: a piece with at least 20 % of the material lies 2.5 mm or more from disc and disc space.
    *Extrusion*: in a sagittal plane or in an axial plane through the disc space, the extent exceeds the base by more
    than the tolerance (3 mm sagittal; 2 mm or half a slice axial). The sagittal base is at most the height of the disc
    space, so that material above or below it is an extrusion. *Bulge*: not so, and wider than a quarter of the disc's
    circumference; disc tissue is judged 13 mm to both sides of the midline only, so that material as wide as that may
    be either. *Protrusion*: all else.
    """
    parent = anatomy.levels[level] if isinstance(level, str) else level
    occupancy = material.probability if isinstance(material, DisplacedMaterial) else material
    found = material_of(occupancy, anatomy, parent)
    if found.volume_mm3 < SMALLEST_MM3:
        return Herniation(parent.name, HerniationType.NONE)
    marks = landmarks(anatomy, parent)
    verdict = _verdict(found, anatomy, parent, marks)
    place, way = place_of(found, marks), way_of(found, marks)
    shape, separate = verdict.shape, verdict.kind is HerniationType.SEQUESTRATION
    return Herniation(
        level=parent.name,
        type=verdict.kind,
        unsure_between=verdict.doubt,
        zone=place.zone,
        side=place.side,
        zones=place.zones,
        migration=way.migration,
        migration_mm=way.distance_mm,
        beyond_upper_mm=way.beyond_upper_mm,
        beyond_lower_mm=way.beyond_lower_mm,
        vertical=way.vertical,
        behind=way.behind,
        plane=shape.plane,
        base_mm=None if separate else shape.base_mm,
        extent_mm=shape.extent_mm,
        continuous=verdict.gap_mm < SEPARATE_MM,
        gap_mm=verdict.gap_mm,
        circumference_share=verdict.circumference_share,
    )


@dataclass(frozen=True)
class _Verdict:
    kind: HerniationType
    doubt: tuple[HerniationType, ...]
    shape: Shape
    gap_mm: float
    circumference_share: float


def _verdict(found: Material, anatomy: Anatomy, level: Level, marks: Landmarks) -> _Verdict:
    """The type, and what else it may be."""
    shape = shape_of(found, marks)
    gap = gap_mm(found, anatomy, level, (-marks.lower_mm, -marks.upper_mm))
    around = min(1.0, shape.width_mm / marks.circumference_mm)
    extrusion, sequestration = HerniationType.EXTRUSION, HerniationType.SEQUESTRATION
    if abs(gap - SEPARATE_MM) <= GAP_DOUBT_MM:
        pair = (sequestration, extrusion) if gap >= SEPARATE_MM else (extrusion, sequestration)
        return _Verdict(pair[0], pair, shape, gap, around)
    if gap >= SEPARATE_MM:
        return _Verdict(sequestration, (), shape, gap, around)
    flat, flat_doubt = _without_extrusion(found, marks, shape.width_mm)
    if abs(shape.excess - 1.0) <= EXCESS_DOUBT:
        pair = (extrusion, flat) if shape.excess >= 1.0 else (flat, extrusion)
        return _Verdict(pair[0], pair, shape, gap, around)
    if shape.excess > 1.0:
        return _Verdict(extrusion, (), shape, gap, around)
    return _Verdict(flat, flat_doubt, shape, gap, around)


def _without_extrusion(
    found: Material, marks: Landmarks, width_mm: float
) -> tuple[HerniationType, tuple[HerniationType, ...]]:
    """Bulge or protrusion; in doubt when half a slice would decide, or when the width seen is as wide as is judged."""
    bulge, protrusion = HerniationType.BULGE, HerniationType.PROTRUSION
    limit = BULGE_SHARE * marks.circumference_mm
    pair = (bulge, protrusion) if width_mm > limit else (protrusion, bulge)
    cut_off = width_mm <= limit and width_mm >= 2 * OUTSTANDING_LATERAL_MM - found.width_mm
    return pair[0], pair if cut_off or abs(width_mm - limit) < 0.5 * found.width_mm else ()
