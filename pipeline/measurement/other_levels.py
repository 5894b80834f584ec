"""Displaced material at other levels than the one that was asked for: a wrong level must not be answered in silence."""

from __future__ import annotations

from dataclasses import replace

from pipeline.dicom.visit import Role, Visit
from pipeline.findings import Finding, Severity
from pipeline.measurement.confirmed import DECIDING, unconfirmed_finding
from pipeline.measurement.fragment import MeasuredFragment
from pipeline.measurement.looking import reaches
from pipeline.segmentation.anatomy import Anatomy, Level
from pipeline.segmentation.displaced import displaced_probability


def other_level_findings(
    when: str, visit: Visit, anatomy: Anatomy, measured: MeasuredFragment, level: str
) -> list[Finding]:
    """Name the levels, other than ``level``, with more displaced material than the limit of blank.

    What may come from another disc as well, and counts to ``level`` because it was asked for, is told too.

    Their volumes are sums of probabilities in the series that was measured, without the refinement and the interval
    that the chosen level gets. What was measured with contrast medium is asked of the series without it too, since
    veins may look like a fragment there.

    Parameters
    ----------
    when
        ``"baseline"`` or ``"follow-up"``.
    """
    role, limit = measured.measurement.role, measured.measurement.detection_limit_mm3
    seen, findings = [], []
    for name, other in anatomy.levels.items():
        if name == level:
            continue
        volume = _volume_mm3(role, visit, anatomy, other)
        if volume <= limit:
            continue
        asked = [one for one in DECIDING if one in anatomy.segmentations and reaches(visit.series[one].volume, other)]
        if role in DECIDING or not asked or any(_volume_mm3(one, visit, anatomy, other) > limit for one in asked):
            seen.append(f"{name} (about {_rounded(volume)} mm³)")
        else:
            findings.append(unconfirmed_finding(f"{when}, {name}", {role: _rounded(volume)}, asked))
    between = _between_mm3(role, visit, anatomy, anatomy.levels[level])
    if between > limit:
        findings.append(_between_finding(when, between, level))
    return [*([_finding(when, seen, level)] if seen else []), *findings]


def _between_mm3(role: Role, visit: Visit, anatomy: Anatomy, level: Level) -> float:
    """How much counts to the level only because it was asked for."""
    return _volume_mm3(role, visit, anatomy, level) - _volume_mm3(role, visit, replace(anatomy, asked=None), level)


def _between_finding(when: str, volume_mm3: float, level: str) -> Finding:
    message = (
        f"At {when} about {_rounded(volume_mm3)} mm³ of the displaced material lie between {level} and the next disc "
        f"and may come from either. They count to {level}, which was asked for: look at the pictures."
    )
    return Finding("displaced-material-between-levels", Severity.WARNING, message)


def _volume_mm3(role: Role, visit: Visit, anatomy: Anatomy, level: Level) -> float:
    segmentation = anatomy.segmentations[role]
    material = displaced_probability(segmentation, level, anatomy, visit.series[role].volume)
    return float(material.probability.array.sum(dtype=float)) * segmentation.labels.voxel_volume_mm3


def _finding(when: str, seen: list[str], level: str) -> Finding:
    message = (
        f"At {when} there is displaced material at {', '.join(seen)}, which is not part of the result for {level}. "
        "Choose the level with --level."
    )
    return Finding("displaced-material-at-other-level", Severity.WARNING, message)


def _rounded(volume_mm3: float) -> int:
    """To two digits: more would pretend to a measurement."""
    step = 10 if volume_mm3 < 1000 else 100
    return round(volume_mm3 / step) * step
