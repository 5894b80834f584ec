"""What the other series of a visit say about the volume measured in one of them."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.dicom.visit import Plane, Role
from pipeline.findings import Finding, Severity
from pipeline.measurement.change import FragmentMeasurement, Interval

SQRT2 = 1.4142135623730951
COMPARABLE = (Role.SAGITTAL_T2, Role.SAGITTAL_T1_POST)
"""Series of comparable trust: both tell the fragment from the granulation tissue around it."""
NATIVE_T1_RIM = 1.4
"""On T1 before contrast medium the rim of granulation tissue looks like the fragment and is counted with it: 1.35
and 1.36 times the volume of T2 in the sample cases with a rim. So much more is expected, and no disagreement."""
SAME_MM3 = 1.0
"""Volumes nearer than this are the same."""
AXIAL_EXCESS = 1.5
"""An axial series that finds so much more than the interval allows disagrees."""


def disagreement_mm3(role: Role, volumes_mm3: Mapping[Role, float]) -> float:
    """Standard deviation of a volume (mm³) by what a series of comparable trust gives instead.

    Two measurements of one thing that differ by d have, each, a standard deviation of d / √2. Zero without another
    series of comparable trust.
    """
    if role not in COMPARABLE:
        return 0.0
    others = [volume for other, volume in volumes_mm3.items() if other in COMPARABLE and other is not role]
    return max((abs(volume - volumes_mm3[role]) for volume in others), default=0.0) / SQRT2


def disagreement_findings(when: str, fragment: FragmentMeasurement, own: Interval) -> list[Finding]:
    """Name the series whose volume lies outside the 95 % interval of the one that was measured.

    Parameters
    ----------
    when
        ``"baseline"`` or ``"follow-up"``.
    own
        95 % interval of the measured volume, without what the other series add to it.
    """
    volumes, limit = fragment.volumes_by_role_mm3, fragment.detection_limit_mm3
    if max(volumes.values(), default=0.0) <= limit:
        return []
    others = [(role, volume) for role, volume in volumes.items() if role is not fragment.role]
    if not any(_outside(role, volume, fragment, own) for role, volume in others):
        return []
    listed = ", ".join(f"{role.words} {volume:.0f} mm³" for role, volume in volumes.items())
    told = _counted_in_words(fragment, volumes.get(fragment.role, fragment.volume_mm3))
    message = f"At {when} the series disagree about the fragment: {listed}. {told}"
    return [Finding("series-disagree", Severity.WARNING, message)]


def _counted_in_words(fragment: FragmentMeasurement, own_mm3: float) -> str:
    """What was made of the volumes of all series, and whose outline is shown."""
    role = fragment.role.words
    if abs(fragment.volume_mm3 - own_mm3) < SAME_MM3:
        return f"What was measured is that of {role}."
    outline = (
        f"the outline is that of {role}" if own_mm3 >= SAME_MM3 else f"{role}, whose outline would be drawn, shows none"
    )
    return f"Weighed by their precision they give {fragment.volume_mm3:.0f} mm³; {outline}."


def _outside(role: Role, volume_mm3: float, fragment: FragmentMeasurement, own: Interval) -> bool:
    """Whether a series differs by more than the interval, the rim of native T1 allowed for."""
    low, high = own.low, own.high
    if role.plane is Plane.AXIAL:
        # A stack may show a part of the fragment only, and sees its ends between slices.
        low, high = 0.0, AXIAL_EXCESS * high
    if role is Role.SAGITTAL_T1:
        high *= NATIVE_T1_RIM
    if fragment.role is Role.SAGITTAL_T1:
        low /= NATIVE_T1_RIM
    return volume_mm3 < low or volume_mm3 > max(high, fragment.detection_limit_mm3)
