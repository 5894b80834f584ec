"""The whole result of a course: what :func:`pipeline.follow` returns."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.comparison import Comparison, Provenance
from pipeline.config import Config
from pipeline.dicom.visit import Visit
from pipeline.findings import Finding
from pipeline.measurement.change import FragmentMeasurement, Interval
from pipeline.measurement.meaning.clinical import ClinicalCourse
from pipeline.measurement.tracking import Track


@dataclass(frozen=True, eq=False)
class Course:
    """Two or more visits of one patient, in the order of time.

    Attributes
    ----------
    visits
        The visits, first one first.
    against_first
        Comparison of every later visit with the first one.
    against_previous
        Comparison of every later visit with the one before; its first member is that of ``against_first``.
    fragments
        What was measured at each visit: the curve. Its volumes are those that fit all comparisons best
        (:mod:`pipeline.measurement.joint`).
    tracks
        Parts of the displaced material, followed through the visits.
    level
        Name of the disc that was measured, e.g. ``"L4/L5"``.
    findings
        About the course as a whole; each comparison has its own.
    clinical
        Scores that were given beside the images; they had no say in anything else.
    """

    visits: tuple[Visit, ...]
    against_first: tuple[Comparison, ...]
    against_previous: tuple[Comparison, ...]
    fragments: tuple[FragmentMeasurement, ...]
    tracks: tuple[Track, ...]
    level: str
    config: Config
    findings: tuple[Finding, ...]
    provenance: Provenance
    clinical: ClinicalCourse | None = None

    @property
    def comparisons(self) -> dict[tuple[int, int], Comparison]:
        """Every comparison once, by the numbers of its visits, from 1 on."""
        first = {(1, k): one for k, one in enumerate(self.against_first, start=2)}
        previous = {(k, k + 1): one for k, one in enumerate(self.against_previous, start=1)}
        return {**first, **previous}

    @property
    def refused(self) -> dict[tuple[int, int], Comparison]:
        """Comparisons that must not be used, by the numbers of their visits, from 1 on."""
        return {pair: one for pair, one in self.comparisons.items() if not one.change.usable}

    @property
    def days(self) -> tuple[int | None, ...]:
        """Days since the first visit; None where a date is missing."""
        start = self.visits[0].study_date
        return tuple(
            None if start is None or visit.study_date is None else (visit.study_date - start).days
            for visit in self.visits
        )

    def on_the_curve(self, first: int, second: int) -> tuple[float, Interval]:
        """Change in mm³ between two compared visits, numbered from 1 on, with its 95 % interval.

        The interval is that of their comparison, moved along: the other visits make it no narrower.
        """
        change = self.comparisons[first, second].change
        delta = self.fragments[second - 1].volume_mm3 - self.fragments[first - 1].volume_mm3
        shift = delta - change.delta_mm3
        return delta, Interval(change.delta_interval95_mm3.low + shift, change.delta_interval95_mm3.high + shift)

    @property
    def usable(self) -> bool:
        """Whether every comparison with the first visit may be used."""
        return all(one.change.usable for one in self.against_first)
