"""The course of one patient, put together from its comparisons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline import rigid
from pipeline.comparison import Comparison, Provenance
from pipeline.course import Course
from pipeline.findings import Finding, Severity
from pipeline.measurement.change import FragmentMeasurement, Interval
from pipeline.measurement.joint import Between, joint_volumes
from pipeline.measurement.meaning.clinical import ClinicalCourse
from pipeline.measurement.tracking import track

Z95 = 1.959964


@dataclass(frozen=True, eq=False)
class _Point:
    """One visit: a measurement that stands for it, what it shows by itself, and how far its interval reaches, mm³."""

    shown: FragmentMeasurement
    alone_mm3: float
    sd_mm3: float
    below_mm3: float
    above_mm3: float


def as_course(
    against_first: Sequence[Comparison],
    against_previous: Sequence[Comparison],
    provenance: Provenance,
    clinical: ClinicalCourse | None = None,
) -> Course:
    """Put a course together.

    The volume of each visit is the one that fits all comparisons best (:mod:`pipeline.measurement.joint`); what each
    comparison found stays as it is.

    Parameters
    ----------
    against_first, against_previous
        Every later visit against the first one and the one before, in the order of time.
    provenance
        Of the whole run.
    clinical
        Scores of every visit.
    """
    start = against_first[0]
    pairs = {
        **{(0, k): one for k, one in enumerate(against_first, start=1)},
        **{(k, k + 1): one for k, one in enumerate(against_previous)},
    }
    points = [_point(number, pairs) for number in range(len(against_first) + 1)]
    volumes = joint_volumes(
        [point.alone_mm3 for point in points],
        [point.sd_mm3 for point in points],
        [
            Between(i, j, one.change.direct_mm3, one.change.direct_weight)
            for (i, j), one in sorted(pairs.items())
            if one.change.usable and one.change.direct_mm3 is not None
        ],
    )
    fragments = tuple(_moved(point, float(volume)) for point, volume in zip(points, volumes, strict=True))
    to_first = [np.eye(4), *(rigid.inverse(one.alignment.baseline_to_followup) for one in against_first)]
    return Course(
        visits=(start.baseline, *(one.followup for one in against_first)),
        against_first=tuple(against_first),
        against_previous=tuple(against_previous),
        fragments=fragments,
        tracks=track(fragments, to_first),
        level=start.level,
        config=start.config,
        findings=(*_unlike(fragments), *_misfits(pairs, fragments)),
        provenance=provenance,
        clinical=clinical,
    )


def _point(number: int, pairs: Mapping[tuple[int, int], Comparison]) -> _Point:
    """One visit as its comparisons show it, of those that measured it on the kind of series that most of them used.

    It is shown as in its comparison with the first visit. What one series tells of another's volume differs by more
    than what two comparisons do, so that kinds are not mixed. Comparisons that must not be used are left out where
    there are others.
    """
    seen = [
        (one.change.usable, one.change.baseline if pair[0] == number else one.change.followup)
        for pair, one in sorted(pairs.items())
        if number in pair
    ]
    found = [one for usable, one in seen if usable] or [one for _, one in seen]
    role = Counter(one.role for one in found).most_common(1)[0][0]
    alike = [one for one in found if one.role is role]
    rows = [
        (
            one.volume_mm3 if one.alone_mm3 is None else one.alone_mm3,
            _sd_mm3(one),
            one.volume_mm3 - one.interval95_mm3.low,
            one.interval95_mm3.high - one.volume_mm3,
        )
        for one in alike
    ]
    alone, deviation, below, above = (float(value) for value in np.mean(rows, axis=0))
    return _Point(alike[0], alone, deviation, below, above)


def _sd_mm3(one: FragmentMeasurement) -> float:
    interval = one.interval95_mm3
    return (interval.high - interval.low) / (2 * Z95) if one.sd_mm3 is None else one.sd_mm3


def _moved(point: _Point, volume_mm3: float) -> FragmentMeasurement:
    """The measurement with another volume, its interval as wide as in the comparisons: no more certain than there."""
    interval = Interval(max(0.0, volume_mm3 - point.below_mm3), volume_mm3 + max(0.0, point.above_mm3))
    return replace(point.shown, volume_mm3=volume_mm3, interval95_mm3=interval, alone_mm3=point.alone_mm3)


def _unlike(fragments: Sequence[FragmentMeasurement]) -> tuple[Finding, ...]:
    """What makes the points of the curve unlike each other."""
    if len({one.role for one in fragments}) < 2:
        return ()
    text = "The visits were not all measured on the same kind of series: " + "; ".join(
        f"visit {number} on {one.role.words}" for number, one in enumerate(fragments, start=1)
    )
    return (Finding("course-of-unlike-series", Severity.WARNING, f"{text}. Compare neighbouring points with care."),)


def _misfits(
    pairs: Mapping[tuple[int, int], Comparison], fragments: Sequence[FragmentMeasurement]
) -> tuple[Finding, ...]:
    """Comparisons whose own change the curve contradicts, though they measured what it shows."""
    told = []
    for (i, j), one in sorted(pairs.items()):
        curve, own = fragments[j].volume_mm3 - fragments[i].volume_mm3, one.change.delta_interval95_mm3
        alike = (one.change.baseline.role, one.change.followup.role) == (fragments[i].role, fragments[j].role)
        if one.change.usable and alike and not own.low <= curve <= own.high:
            told.append(f"visits {i + 1} and {j + 1} {one.change.delta_mm3:+.0f} mm³, on the curve {curve:+.0f} mm³")
    if not told:
        return ()
    text = (
        f"Comparisons contradict the curve that fits all of them best: {'; '.join(told)}. Look at the reports of these "
        "visits before using the curve."
    )
    return (Finding("course-contradicts-itself", Severity.WARNING, text),)
