"""What the measurement gives: fragment volumes, their change, and how sure both are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from pipeline.dicom.visit import Role
from pipeline.findings import Finding
from pipeline.segmentation.fusion import FusedFragment
from pipeline.volume import Volume

if TYPE_CHECKING:
    from pipeline.measurement.evidence import ChangeEvidence  # it is made of what is defined here


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval, low ≤ high.

    Raises
    ------
    ValueError
        If low exceeds high.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"an interval runs from low to high, got {self.low} and {self.high}")


class Category(StrEnum):
    """What happened to the fragment between the visits."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    NO_DETECTABLE_CHANGE = "no_detectable_change"
    GROWTH = "growth"
    NEW = "new"


@dataclass(frozen=True, eq=False)
class FragmentMeasurement:
    """The displaced disc material of one visit at the chosen level.

    Attributes
    ----------
    present
        True when the volume exceeds the limit of blank.
    volume_mm3
        Partial-volume-aware volume, of all series in ``weights_by_role`` together; its interval is never left out.
    detection_limit_mm3
        Limit of blank: the most that is read where there is no fragment, so that a volume up to it counts as none.
    centroid_lps_mm
        In this visit's own coordinates; None when absent.
    role
        The series that is trusted most; the fragment is drawn and placed by it.
    occupancy
        float32, 0…1: fraction of each native voxel of that series that the fragment fills.
    volumes_by_role_mm3
        The same from every series that sees it, for comparison.
    fused
        The fragment from the measured series and the axial ones together, in patient coordinates: it says more of its
        shape than one stack of thick slices. None where no axial series shows the level.
    replaced_mm3
        Where a person drew the fragment: the volume that was measured without the drawing. None where nobody did.
    weights_by_role
        Share of each series in the volume, adding up to 1; the same at both visits of a comparison.
    surely_seen_mm3
        Limit of detection: fragments of this size or larger are found in 95 of 100 cases or more, by the precision
        profile: what "none" leaves open. None where no profile was asked.
    intervals_by_role_mm3
        95 % interval of what each series says by itself; only series that show the fragment's whole place are in it.
    alone_mm3
        The volume by this visit alone, before a pair moved it to go with its change; None where that is the same.
    sd_mm3
        Standard deviation of that volume; None where unknown.
    """

    present: bool
    volume_mm3: float
    interval95_mm3: Interval
    detection_limit_mm3: float
    centroid_lps_mm: tuple[float, float, float] | None
    role: Role
    occupancy: Volume
    volumes_by_role_mm3: Mapping[Role, float]
    fused: FusedFragment | None = None
    replaced_mm3: float | None = None
    weights_by_role: Mapping[Role, float] = field(default_factory=dict)
    surely_seen_mm3: float | None = None
    intervals_by_role_mm3: Mapping[Role, Interval] = field(default_factory=dict)
    alone_mm3: float | None = None
    sd_mm3: float | None = None


@dataclass(frozen=True, eq=False)
class Change:
    """The fragment's change from baseline (V0) to follow-up (V1).

    Attributes
    ----------
    delta_mm3
        V1 − V0; negative means smaller. Where the change could be measured directly, that has its share in it, and
        both volumes are moved by what their errors allow so that V1 − V0 still is the change.
    resorption_rate_percent
        R = (V0 − V1) / V0 × 100; None when there was no fragment at baseline.
    band
        Band of R by the configured cut-offs, e.g. ``"25-50"``; None when R is None.
    detectable
        True when the interval of the change excludes zero and a fragment was there at one visit at least.
    usable
        False when a finding of severity error forbids the use of the result.
    subtracted_mm3
        The difference of the two volumes, each measured by itself.
    direct_mm3
        The change measured on the aligned pair (:mod:`pipeline.measurement.longitudinal`); None where it could not be.
    direct_weight
        0…1: its share in ``delta_mm3``.
    evidence
        What all of this rests on, enough to judge it again with another precision profile; None where a person drew.
    """

    baseline: FragmentMeasurement
    followup: FragmentMeasurement
    delta_mm3: float
    delta_interval95_mm3: Interval
    resorption_rate_percent: float | None
    resorption_rate_interval95_percent: Interval | None
    category: Category
    band: str | None
    detectable: bool
    usable: bool
    findings: tuple[Finding, ...]
    subtracted_mm3: float | None = None
    direct_mm3: float | None = None
    direct_weight: float = 0.0
    evidence: ChangeEvidence | None = None
