"""The faults of a stack in words; codes are listed in docs/findings.md."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipeline.dicom.geometry import Vector, dot
from pipeline.dicom.instance import Instance
from pipeline.findings import Finding, Severity

_SHEAR_DEG = 0.5
_CONTRADICTION = 0.05


def single_slice(label: str) -> Finding:
    """Nothing to measure a pitch by."""
    return Finding("single-slice", Severity.INFO, f"{label}: a single slice, which has no measurable spacing.")


def slices_duplicate(label: str, count: int) -> Finding:
    """The same place twice."""
    return Finding(
        "slice-duplicate",
        Severity.WARNING,
        f"{label}: {_count(count, 'slice')} at a place that is already taken; the first by InstanceNumber was kept.",
    )


def acquisitions_repeated(label: str, count: int, by: str) -> Finding:
    """All places several times."""
    return Finding(
        "acquisitions-repeated",
        Severity.INFO,
        f"{label}: {count} acquisitions of the same slices, told apart by {by} and kept as one stack each.",
    )


def acquisitions_separated(label: str, count: int, by: str) -> Finding:
    """Uneven together, even apart."""
    return Finding(
        "acquisitions-separated",
        Severity.INFO,
        f"{label}: {count} acquisitions that are even only by themselves, told apart by {by}, kept as one stack each.",
    )


def stacks_interleaved(label: str, count: int) -> Finding:
    """Slices of one between slices of the other."""
    return Finding(
        "stacks-interleaved",
        Severity.WARNING,
        f"{label}: {count} interleaved stacks, the slices of one between those of the other; kept apart.",
    )


def slices_missing(label: str, missing: int, present: int, pieces: Sequence[int]) -> Finding:
    """A gap of a whole number of steps."""
    return Finding(
        "slice-missing",
        Severity.WARNING,
        f"{label}: {_count(missing, 'slice')} missing between the {present} that are there; the spacing was not "
        f"stretched, the stack was cut at the gap into parts of {_listed(pieces)} slices.",
    )


def blocks_parallel(label: str, pieces: Sequence[int]) -> Finding:
    """Several even blocks in one direction."""
    return Finding(
        "blocks-parallel",
        Severity.INFO,
        f"{label}: {len(pieces)} parallel blocks of {_listed(pieces)} slices with gaps between, one stack each.",
    )


def slices_offset(label: str, pieces: Sequence[int]) -> Finding:
    """A jump within the plane."""
    return Finding(
        "slices-offset",
        Severity.WARNING,
        f"{label}: slices jump sideways within their plane; cut there into parts of {_listed(pieces)} slices.",
    )


def spacing_irregular(label: str, gaps: Sequence[float], longest: int) -> Finding:
    """No even spacing at all."""
    return Finding(
        "spacing-irregular",
        Severity.WARNING,
        f"{label}: distances between slices range from {min(gaps):.2f} to {max(gaps):.2f} mm; "
        f"only even parts are usable, the longest has {_count(longest, 'slice')}.",
    )


def of_run(first: Instance, step: Vector, direction: Vector, label: str) -> tuple[Finding, ...]:
    """What an even run still has against it: shear, or headers that contradict the positions."""
    pitch, length = dot(step, direction), math.hypot(*step)
    findings = []
    angle = math.degrees(math.acos(min(1.0, pitch / length))) if length else 0.0
    if angle > _SHEAR_DEG:
        message = f"{label}: each slice is shifted within its plane against the one before (shear of {angle:.1f}°)."
        findings.append(Finding("stack-sheared", Severity.WARNING, message))
    written = first.spacing_between_slices_mm
    if written and abs(abs(written) - pitch) > _CONTRADICTION * pitch:
        message = f"{label}: SpacingBetweenSlices says {written:g} mm, the positions {pitch:.3f} mm; positions count."
        findings.append(Finding("spacing-contradicted", Severity.INFO, message))
    thickness = first.slice_thickness_mm
    if thickness and thickness > pitch * (1 + _CONTRADICTION):
        message = f"{label}: slices of {thickness:g} mm every {pitch:.3f} mm overlap, or SliceThickness is wrong."
        findings.append(Finding("slices-overlap", Severity.INFO, message))
    return tuple(findings)


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _listed(values: Sequence[int]) -> str:
    shown = ", ".join(map(str, values[:8]))
    return shown + (" …" if len(values) > 8 else "")
