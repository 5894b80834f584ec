"""The course of one patient, put together from its comparisons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline import rigid
from pipeline.comparison import Comparison, Provenance
from pipeline.course import Course
from pipeline.findings import Finding, Severity
from pipeline.measurement.tracking import track


def as_course(
    against_first: Sequence[Comparison], against_previous: Sequence[Comparison], provenance: Provenance
) -> Course:
    """Put a course together.

    Parameters
    ----------
    against_first, against_previous
        Every later visit against the first one and the one before, in the order of time.
    provenance
        Of the whole run.
    """
    start = against_first[0]
    fragments = (start.change.baseline, *(one.change.followup for one in against_first))
    to_first = [np.eye(4), *(rigid.inverse(one.alignment.baseline_to_followup) for one in against_first)]
    return Course(
        visits=(start.baseline, *(one.followup for one in against_first)),
        against_first=tuple(against_first),
        against_previous=tuple(against_previous),
        fragments=fragments,
        tracks=track(fragments, to_first),
        level=start.level,
        config=start.config,
        findings=_findings(against_first),
        provenance=provenance,
    )


def _findings(against_first: Sequence[Comparison]) -> tuple[Finding, ...]:
    """What makes the points of the curve unlike each other."""
    measured = [(one.change.baseline.role, one.change.followup.role) for one in against_first]
    if len({role for pair in measured for role in pair}) < 2:
        return ()
    text = "The visits were not all measured on the same kind of series: " + "; ".join(
        f"visit {number} on {pair[1].words}" for number, pair in enumerate(measured, start=2)
    )
    return (Finding("course-of-unlike-series", Severity.WARNING, f"{text}. Compare neighbouring points with care."),)
