"""What contrast medium shows of a fragment: its rim and its core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.dicom.visit import Role
from pipeline.findings import Finding
from pipeline.measurement.change import Interval
from pipeline.volume import Volume

COMPLETE_PERCENT = 85.0
NONE_PERCENT = 14.0
"""A rim over more of the free surface than the first is complete, over less than the second is none."""


class Completeness(StrEnum):
    """How much of a fragment's free surface an enhancing rim covers."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    NONE = "none"


def completeness_of(extent_percent: float) -> Completeness:
    """Class of a rim by the share of the free surface that it covers."""
    if extent_percent >= COMPLETE_PERCENT:
        return Completeness.COMPLETE
    return Completeness.PARTIAL if extent_percent >= NONE_PERCENT else Completeness.NONE


def _reached(own: Completeness, interval95_percent: Interval) -> tuple[Completeness, ...]:
    kinds, ends = list(Completeness), (interval95_percent.high, interval95_percent.low)
    first, last = (kinds.index(completeness_of(end)) for end in ends)
    reached = kinds[first : last + 1]
    return own, *(kind for kind in reached if kind is not own)


@dataclass(frozen=True, eq=False)
class Rim:
    """The enhancing rim of a fragment as one series shows it.

    Attributes
    ----------
    thickness_mm
        Median over the surface that it covers, along the normal; None where there is no rim, or where pixels are too
        coarse to tell.
    thickness_interval95_mm
        Its 95 % interval; None together with it.
    extent_percent
        Share of the free surface (that which faces neither bone nor disc) that it covers, 0…100.
    extent_interval95_percent
        Its 95 % interval.
    completeness
        Class by the extent.
    core_enhancement_percent
        Rise of the signal in the fragment's core, relative to the core before contrast medium; None where no pixel
        lies deep enough inside.
    rim_enhancement_percent
        Rise of the signal in the rim, corrected for partial volume, relative to the core before contrast medium; None
        where there is no rim.
    surface_mm2
        Free surface that could be looked at.
    """

    thickness_mm: float | None
    thickness_interval95_mm: Interval | None
    extent_percent: float
    extent_interval95_percent: Interval
    completeness: Completeness
    core_enhancement_percent: float | None
    rim_enhancement_percent: float | None
    surface_mm2: float

    @property
    def may_be(self) -> tuple[Completeness, ...]:
        """Its completeness, and then every other one that the images do not rule out."""
        return _reached(self.completeness, self.extent_interval95_percent)


@dataclass(frozen=True, eq=False)
class SeriesEnhancement:
    """What one pair of series before and after contrast medium shows.

    Attributes
    ----------
    role
        The series after contrast medium.
    rim
        The rim as this pair shows it.
    map
        float32, percent, on the native grid of the series after contrast medium: rise of the signal relative to the
        matched signal before; NaN where the series before shows nothing or hardly any signal.
    after
        The series after contrast medium.
    outline
        float32, 0…1, same grid: share of every voxel that the fragment fills.
    fat_suppressed
        Whether the series after contrast medium suppresses fat.
    before_fat_suppressed
        The same of the series before.
    moved_mm
        How far the fragment's place had moved between the two series; it was corrected.
    """

    role: Role
    rim: Rim
    map: Volume
    after: Volume
    outline: Volume
    fat_suppressed: bool
    before_fat_suppressed: bool
    moved_mm: float


@dataclass(frozen=True, eq=False)
class Enhancement:
    """Contrast enhancement of the fragment at one visit.

    Attributes
    ----------
    rim_thickness_mm, rim_thickness_interval95_mm, extent_percent, extent_interval95_percent, completeness
        As in :class:`Rim`, from all pairs of series together.
    core_enhancement_percent, rim_enhancement_percent
        As in :class:`Rim`, from the pair that shows most of the surface.
    map
        Enhancement map of that pair, see :class:`SeriesEnhancement`.
    fat_suppressed
        Whether that pair's series after contrast medium suppresses fat.
    by_role
        Every pair, by the role of the series after contrast medium.
    """

    rim_thickness_mm: float | None
    rim_thickness_interval95_mm: Interval | None
    extent_percent: float
    extent_interval95_percent: Interval
    completeness: Completeness
    core_enhancement_percent: float | None
    rim_enhancement_percent: float | None
    map: Volume
    fat_suppressed: bool
    by_role: Mapping[Role, SeriesEnhancement]

    @property
    def may_be(self) -> tuple[Completeness, ...]:
        """Its completeness, and then every other one that the images do not rule out."""
        return _reached(self.completeness, self.extent_interval95_percent)


@dataclass(frozen=True, eq=False)
class VisitEnhancement:
    """What could be said about a visit: the enhancement, or why there is none.

    Attributes
    ----------
    enhancement
        None where it could not be measured.
    findings
        What was missing, guessed or doubtful.
    """

    enhancement: Enhancement | None
    findings: tuple[Finding, ...] = field(default=())
