"""What makes two measurements less comparable, and what the reader of the result has to know about it."""

from __future__ import annotations

import numpy as np

from pipeline.dicom.visit import Role, Series, Visit
from pipeline.findings import Finding, Severity
from pipeline.measurement.change import FragmentMeasurement, Interval
from pipeline.measurement.confirmed import unconfirmed_findings
from pipeline.measurement.fragment import MeasuredFragment
from pipeline.measurement.series import disagreement_findings
from pipeline.registration import rigid
from pipeline.registration.alignment import Alignment
from pipeline.segmentation.anatomy import Anatomy
from pipeline.volume import Affine

ROLES = (Role.SAGITTAL_T2, Role.SAGITTAL_T1_POST, Role.SAGITTAL_T1, Role.SAGITTAL_STIR)
"""Series in the order in which they are trusted with the volume: T1 before contrast cannot tell the granulation rim
from the fragment, and axial series carry the labels of the sagittal ones."""
EDGE_SHARE = 0.05
PITCH_RATIO = 1.2
OUTSIDE_SHARE = 0.1
WIDE_SHARE = 0.5
ECHO_RATIO = 1.4
ANGLE_DEGREES = 12.0
DOUBTFUL_TRE_MM = 1.0
UNLIKE = {
    "roles-differ": 0.4,
    "slice-thickness-differs": 0.6,
    "scanner-differs": 0.8,
    "sequence-differs": 0.7,
    "orientation-differs": 0.7,
    "alignment-limits-change": 0.5,
}
"""What remains of the errors' correlation between visits when these are not alike."""


def choose_roles(
    baseline: Anatomy, followup: Anatomy, drawn: tuple[Role | None, Role | None] = (None, None)
) -> tuple[Role, Role]:
    """The series to measure: the most trusted one that both visits have, else the best of each.

    A series that somebody drew on is measured at that visit, and at the other one too where it has that kind.
    """
    first, second = drawn
    if first is not None and second is not None:
        return first, second
    if first is not None:
        return first, measurable(first, followup)
    if second is not None:
        return measurable(second, baseline), second
    for role in ROLES:
        if role in baseline.segmentations and role in followup.segmentations:
            return role, role
    best = [next(r for r in ROLES if r in a.segmentations) for a in (baseline, followup)]
    return best[0], best[1]


def measurable(role: Role, anatomy: Anatomy) -> Role:
    """``role`` where the anatomy has it and it can be measured by itself; else the most trusted series there is."""
    return next(r for r in (role, *ROLES) if r in ROLES and r in anatomy.segmentations)


def series_findings(baseline: Visit, followup: Visit, roles: tuple[Role, Role]) -> list[Finding]:
    """Differences between the two series that are measured."""
    first, second = baseline.series[roles[0]], followup.series[roles[1]]
    findings = []
    if roles[0] != roles[1]:
        message = (
            f"The visits share no series of one kind: {roles[0]} is compared with {roles[1]}. The interval is wider."
        )
        findings.append(Finding("roles-differ", Severity.WARNING, message))
    pitches = [series.volume.spacing_mm[0] for series in (first, second)]
    if max(pitches) > PITCH_RATIO * min(pitches):
        message = f"Slices lie {pitches[0]:.1f} mm apart at baseline and {pitches[1]:.1f} mm at follow-up."
        findings.append(Finding("slice-thickness-differs", Severity.WARNING, message))
    if differing := _scanner_differences(first, second):
        message = f"The visits differ in {' and '.join(differing)}."
        findings.append(Finding("scanner-differs", Severity.INFO, message))
    return findings


def pair_findings(baseline: Visit, followup: Visit, roles: tuple[Role, Role], alignment: Alignment) -> list[Finding]:
    """Differences of sequence and orientation between the two series that are measured, and a doubtful alignment."""
    first, second = baseline.series[roles[0]], followup.series[roles[1]]
    findings = []
    if roles[0] is roles[1] and (differing := _sequence_differences(first, second)):
        message = f"The two {roles[0].words} series differ in {' and '.join(differing)}. The interval is wider."
        findings.append(Finding("sequence-differs", Severity.WARNING, message))
    turned = alignment.baseline_to_followup[:3, :3] @ first.volume.axes_lps[:, 0]
    cosine = abs(float(turned @ second.volume.axes_lps[:, 0]))
    if (angle := float(np.degrees(np.arccos(min(1.0, cosine))))) > ANGLE_DEGREES:
        message = (
            f"The slices of both visits lie at {angle:.0f}° to each other in the patient, so that they cut the "
            "fragment differently. The interval is wider."
        )
        findings.append(Finding("orientation-differs", Severity.WARNING, message))
    if (error := alignment.quality.estimated_tre_mm) > DOUBTFUL_TRE_MM:
        message = f"The alignment may be off by {error:.1f} mm at the fragment. The interval is wider."
        findings.append(Finding("alignment-limits-change", Severity.WARNING, message))
    return findings


def _sequence_differences(first: Series, second: Series) -> list[str]:
    differing = []
    echoes = (first.facts.echo_time_ms, second.facts.echo_time_ms)
    if echoes[0] and echoes[1] and max(echoes[0], echoes[1]) > ECHO_RATIO * min(echoes[0], echoes[1]):
        differing.append(f"echo time ({echoes[0]:g} and {echoes[1]:g} ms)")
    if {first.facts.fat_suppressed, second.facts.fat_suppressed} == {True, False}:
        differing.append("fat suppression")
    return differing


def _scanner_differences(first: Series, second: Series) -> list[str]:
    differing = []
    strengths = (first.facts.field_strength_t, second.facts.field_strength_t)
    if None not in strengths and abs((strengths[0] or 0) - (strengths[1] or 0)) > 0.2:
        differing.append(f"field strength ({strengths[0]:g} and {strengths[1]:g} T)")
    makers = (first.facts.manufacturer, second.facts.manufacturer)
    if None not in makers and str(makers[0]).strip().lower() != str(makers[1]).strip().lower():
        differing.append("manufacturer")
    return differing


def likeness(findings: list[Finding]) -> float:
    """Factor 0…1 on the correlation of errors between the visits."""
    return float(np.prod([UNLIKE.get(finding.code, 1.0) for finding in findings]))


def fragment_findings(when: str, measured: MeasuredFragment) -> list[Finding]:
    """What is doubtful about one visit's fragment; ``when`` is ``"baseline"`` or ``"follow-up"``."""
    fragment, findings = measured.measurement, []
    if fragment.present and measured.at_edge > EDGE_SHARE:
        message = (
            f"At {when} {measured.at_edge:.0%} of the fragment lies at the edge of the stack; more may lie beyond."
        )
        findings.append(Finding("fragment-near-field-edge", Severity.WARNING, message))
    if not fragment.present and fragment.volume_mm3 > 0:
        message = (
            f"At {when} {fragment.volume_mm3:.0f} mm³ of displaced material were found, no more than the limit of "
            f"blank, {fragment.detection_limit_mm3:.0f} mm³; it counts as none."
        )
        findings.append(Finding("fragment-below-detection-limit", Severity.INFO, message))
    findings.extend(unconfirmed_findings(when, measured))
    findings.extend(disagreement_findings(when, fragment, measured.own_interval))
    if measured.suppressed_mm3 > fragment.detection_limit_mm3:
        message = (
            f"At {when} {measured.suppressed_mm3:.0f} mm³ near the level looked like displaced material "
            "but were taken for false."
        )
        findings.append(Finding("material-suppressed", Severity.INFO, message))
    return findings


def outside_share(fragment: FragmentMeasurement, other: FragmentMeasurement, to_other: Affine) -> float:
    """Share 0…1 of the place where this visit shows material that the other visit's stack does not reach."""
    index = np.argwhere(fragment.occupancy.array > 0.2).astype(np.float64)
    if not len(index):
        return 0.0
    place = other.occupancy.to_index(rigid.apply(to_other, fragment.occupancy.to_lps(index)))
    reach = np.array(other.occupancy.shape) - 0.5
    return float(np.any((place < -0.5) | (place > reach), axis=1).mean())


def coverage_findings(when: str, fragment: FragmentMeasurement, outside: float) -> list[Finding]:
    """Refuse when the other visit's stack does not reach where this visit's fragment lies.

    A fragment that was not imaged has not vanished.

    Parameters
    ----------
    when
        ``"baseline"`` or ``"follow-up"``.
    outside
        :func:`outside_share` of the fragment.
    """
    if not fragment.present or outside <= OUTSIDE_SHARE:
        return []
    elsewhere = "follow-up" if when == "baseline" else "baseline"
    message = (
        f"{outside:.0%} of the place where the fragment lies at {when} is outside the stack of the {elsewhere}, "
        "so that its change cannot be told."
    )
    return [Finding("fragment-not-covered", Severity.ERROR, message)]


def interval_findings(reference_mm3: float, interval: Interval) -> list[Finding]:
    """Tell the reader when the interval of the change is wide against the larger of the two volumes."""
    half = (interval.high - interval.low) / 2
    if reference_mm3 <= 0 or half <= WIDE_SHARE * reference_mm3:
        return []
    message = (
        f"The change is known poorly: its 95 % interval reaches from {interval.low:+.0f} to {interval.high:+.0f} mm³, "
        f"against a fragment of {reference_mm3:.0f} mm³."
    )
    return [Finding("interval-wide", Severity.WARNING, message)]
