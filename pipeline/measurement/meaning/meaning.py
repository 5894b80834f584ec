"""What stands beside the volume: terms and place, canal, signal; before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.dicom.visit import Role
from pipeline.findings import Finding
from pipeline.measurement.change import Interval
from pipeline.segmentation.herniation import Herniation, Migration


@dataclass(frozen=True)
class Migrated:
    """How far displaced material has travelled from its disc.

    Attributes
    ----------
    direction
        Where it reaches farther; ``NONE`` up to 3 mm beyond the endplates.
    above_mm, below_mm
        How far it reaches above the upper and below the lower border of the disc space, along the posterior wall.
    body_mm, body_share
        Height of the vertebral body behind which it lies, and the part 0…1 of it that the material passes; None
        where it did not migrate.
    komori
        Type 1 to 3 after Komori 1996, as :mod:`pipeline.measurement.meaning.migration` reads it.
    """

    direction: Migration
    above_mm: float
    below_mm: float
    body_mm: float | None
    body_share: float | None
    komori: int


@dataclass(frozen=True)
class CanalCompromise:
    """The cross-section of the canal in which the fragment takes the largest part.

    Attributes
    ----------
    role
        The series in which it was measured.
    fraction, interval95
        Area of the fragment over the area of fragment and thecal sac together, 0…1. Epidural fat counts in neither.
    fragment_mm2, sac_mm2
        The two areas, averaged over ``section_mm`` along the canal.
    along_mm
        Where along the canal: 0 at the disc's mid-plane, caudal positive. None where there is no fragment; then
        ``sac_mm2`` is the mean over 10 mm above and below the disc.
    section_mm
        Length of canal over which areas are averaged.
    """

    role: Role
    fraction: float
    interval95: Interval
    fragment_mm2: float
    sac_mm2: float
    along_mm: float | None
    section_mm: float


@dataclass(frozen=True)
class Tissue:
    """Signal of one tissue in one series: robust level (None when unknown) and the voxels that it rests on."""

    level: float | None
    voxels: int


@dataclass(frozen=True)
class Signal:
    """Signal of the fragment against cerebrospinal fluid and muscle in one series.

    Attributes
    ----------
    role
        The series.
    fragment, csf, muscle
        Levels in the units of the image, which mean nothing by themselves.
    fragment_to_csf, fragment_to_muscle, csf_to_muscle
        Ratios; None where one of the two is unknown.
    reason
        Why something is missing; empty when nothing is.
    """

    role: Role
    fragment: Tissue
    csf: Tissue
    muscle: Tissue
    reason: str = ""

    @property
    def fragment_to_csf(self) -> float | None:
        """Fragment over fluid."""
        return _ratio(self.fragment, self.csf)

    @property
    def fragment_to_muscle(self) -> float | None:
        """Fragment over muscle."""
        return _ratio(self.fragment, self.muscle)

    @property
    def csf_to_muscle(self) -> float | None:
        """Fluid over muscle."""
        return _ratio(self.csf, self.muscle)


def _ratio(over: Tissue, under: Tissue) -> float | None:
    if over.level is None or under.level is None or under.level <= 0:
        return None
    return over.level / under.level


@dataclass(frozen=True, eq=False)
class VisitMeaning:
    """One visit in words and figures besides its volume.

    Attributes
    ----------
    herniation
        Type, zone, side and level by Fardon 2014; of type ``NONE`` where nothing exceeds the limit of blank.
    migrated
        None where there is nothing.
    canal
        Compromise at the worst place, in the series that both visits have; None with a reason where unknown.
    canal_by_role
        The same in every series that can tell.
    signals
        By sagittal series.
    """

    herniation: Herniation
    migrated: Migrated | None
    canal: CanalCompromise | None
    canal_reason: str
    canal_by_role: Mapping[Role, CanalCompromise]
    signals: Mapping[Role, Signal]


@dataclass(frozen=True)
class Difference:
    """A change with its 95 % interval."""

    value: float
    interval95: Interval


@dataclass(frozen=True, eq=False)
class Meaning:
    """What the change means, before and after.

    Attributes
    ----------
    canal_change
        Fraction at follow-up minus fraction at baseline (each at its own worst place); None where one is unknown or
        they were measured in series of different kinds.
    findings
        What does not fit a disc fragment, and what could not be told.
    """

    baseline: VisitMeaning
    followup: VisitMeaning
    canal_change: Difference | None
    findings: tuple[Finding, ...]
