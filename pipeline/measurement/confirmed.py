"""Whether a series that decides about a fragment shows one.

Axial series are labelled by another network, which may call nerve roots or the conus a fragment, and after contrast
medium veins look like one. What these alone show is told, but it is no fragment yet.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from pipeline.dicom.visit import Role
from pipeline.findings import Finding, Severity
from pipeline.measurement.combining import pair_weights
from pipeline.measurement.fragment import MeasuredFragment, weighed
from pipeline.measurement.precision import PrecisionProfile

DECIDING = (Role.SAGITTAL_T2, Role.SAGITTAL_T1, Role.SAGITTAL_STIR)
"""Series that decide whether there is a fragment: sagittal ones without contrast medium."""


def unconfirmed(measured: MeasuredFragment) -> dict[Role, float]:
    """Volume in mm³ by series where others than the deciding ones alone show the fragment.

    Empty where there is no fragment, where a person drew it, where a deciding series shows it too (more than its own
    least limit of blank), and where none was acquired that could.
    """
    fragment = measured.measurement
    asked = _asked(measured)
    if not (fragment.present and asked) or any(measured.by_role[role].present for role in asked):
        return {}
    own = {role: spread.limit_mm3 for role, spread in measured.by_role.items()}
    return {
        role: volume
        for role, volume in fragment.volumes_by_role_mm3.items()
        if role not in DECIDING and volume > own.get(role, fragment.detection_limit_mm3)
    }


def _asked(measured: MeasuredFragment) -> list[Role]:
    """Deciding series that show the place."""
    if measured.view is None:
        return []
    main = measured.measurement.role
    return [role for role in DECIDING if role in measured.by_role and (role is not main or measured.reached)]


def by_deciding_series(measured: MeasuredFragment, profile: PrecisionProfile) -> MeasuredFragment:
    """The fragment by the deciding series alone; as it is where :func:`unconfirmed` is empty.

    What each series shows by itself stays in ``volumes_by_role_mm3``.
    """
    if not unconfirmed(measured):
        return measured
    spreads = {role: measured.by_role[role] for role in _asked(measured)}
    decided = weighed(measured, pair_weights([spreads]), profile)
    return replace(decided, measurement=replace(decided.measurement, fused=None))


def unconfirmed_findings(where: str, measured: MeasuredFragment) -> list[Finding]:
    """Say which series alone show a fragment; ``where`` is a visit or a level, such as ``"baseline"``."""
    seen = unconfirmed(measured)
    return [unconfirmed_finding(where, seen, _asked(measured))] if seen else []


def unconfirmed_finding(where: str, seen: Mapping[Role, float], asked: Collection[Role]) -> Finding:
    """The finding: ``seen`` holds mm³ by the series that show something, ``asked`` those that decide and do not."""
    message = (
        f"At {where} displaced material is seen on {in_series(seen)} only, and not on "
        f"{_joined([role.words for role in asked])}. Axial series and those with contrast medium alone do not decide "
        "whether there is a fragment: it may be a vein or a nerve root. Look at the images."
    )
    return Finding("displaced-material-not-confirmed", Severity.WARNING, message)


def in_series(seen: Mapping[Role, float]) -> str:
    """``axial T2 (410 mm³) and sagittal T1 + contrast (270 mm³)``, the largest volume first."""
    ordered = sorted(seen, key=lambda role: -seen[role])
    return _joined([f"{role.words} ({seen[role]:.0f} mm³)" for role in ordered])


def _joined(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
