"""What the measurement gives: fragment volumes, their change, and how sure both are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipeline.dicom.visit import Role
from pipeline.findings import Finding
from pipeline.segmentation.fusion import FusedFragment
from pipeline.volume import Volume


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
        True when the volume exceeds the detection limit.
    volume_mm3
        Partial-volume-aware volume; its interval is never left out.
    detection_limit_mm3
        Below this, material cannot be told from none.
    centroid_lps_mm
        In this visit's own coordinates; None when absent.
    role
        The series that was measured.
    occupancy
        float32, 0…1: fraction of each native voxel of that series that the fragment fills.
    volumes_by_role_mm3
        The same from every series that sees it, for comparison.
    fused
        The fragment from the measured series and the axial ones together, in patient coordinates: it says more of its
        shape than one stack of thick slices. None where no axial series shows the level.
    replaced_mm3
        Where a person drew the fragment: the volume that was measured without the drawing. None where nobody did.
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


@dataclass(frozen=True, eq=False)
class Change:
    """The fragment's change from baseline (V0) to follow-up (V1).

    Attributes
    ----------
    delta_mm3
        V1 − V0; negative means smaller.
    resorption_rate_percent
        R = (V0 − V1) / V0 × 100; None when there was no fragment at baseline.
    band
        Band of R by the configured cut-offs, e.g. ``"25-50"``; None when R is None.
    detectable
        True when the interval of the change excludes zero and a fragment was there at one visit at least.
    usable
        False when a finding of severity error forbids the use of the result.
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
