"""What pixels tell about contrast medium, where headers leave a doubt."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.dicom.contrast_evidence import DECISIVE, Case, Source
from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.weightings import Weighting
from pipeline.findings import Finding, Severity

Enhancement = Callable[[StackFacts, StackFacts], float | None]
"""Asks the pixels whether the first stack is enhanced against the second: weight of evidence, None if incomparable."""


def weigh_pixels(cases: Sequence[Case], hinted: bool, enhancement: Enhancement) -> list[Finding]:
    """Compare doubtful T1 series with another T1 series of the same plane."""
    findings = []
    for case in cases:
        if case.weighting is not Weighting.T1 or not (abs(case.score) < DECISIVE or case.contradictory):
            continue
        for other in _partners(case, cases):
            weight = enhancement(case.facts, other.facts)
            if weight is not None and abs(weight) < DECISIVE and (weight > 0) is not _later(case, other, cases):
                weight = 0.0 if weight == 0.0 else None  # contrast medium does not go before it came
            if weight is None:
                continue
            relative = _relative(weight, other, hinted)
            if relative:
                case.add(Source.PIXELS, relative)
                text = f"{case.facts.name} was judged by its pixels against another T1 series: " + (
                    "enhanced." if relative > 0 else "not enhanced."
                )
                findings.append(Finding("contrast-from-pixels", Severity.INFO, text))
            break
    return findings


def _later(case: Case, other: Case, cases: Sequence[Case]) -> bool:
    """Whether a series was acquired after another one."""
    order = [id(one) for one in cases]
    return order.index(id(case)) > order.index(id(other))


def _partners(case: Case, cases: Sequence[Case]) -> list[Case]:
    """T1 series that can be compared, the most certain one first."""
    able = [
        other
        for other in cases
        if other is not case
        and other.weighting is Weighting.T1
        and other.facts.plane is case.facts.plane
        and other.fat_suppressed == case.fat_suppressed
    ]
    return sorted(able, key=lambda other: -abs(other.score))


def _relative(weight: float, other: Case, hinted: bool) -> float:
    """Evidence for a series from its comparison with another one whose own state may be known."""
    if abs(weight) >= 1.0:
        return weight
    if abs(other.score) >= DECISIVE:
        return 2.5 if other.score > 0 else -2.5  # no difference: the same state as the other
    return 0.0 if hinted else -2.0
