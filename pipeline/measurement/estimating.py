"""The change from both ways of measuring it, each by its precision, and the volumes that go with it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipeline.dicom.visit import Visit
from pipeline.findings import Finding, Severity
from pipeline.measurement.fragment import MeasuredFragment
from pipeline.measurement.longitudinal import DirectChange, Side, direct_change
from pipeline.measurement.uncertainty import Z95, Spread, apart_sd_mm3, surface_of_ball_mm2
from pipeline.registration.alignment import Alignment
from pipeline.volume import Affine

JITTER_LEFT = 0.5
"""Of what the visits do not share, so much is left where the change is measured directly: 0.4 to 0.75 in simulated
pairs of ellipsoids with jittering borders (``docs/uncertainty.md``)."""
SHRINKAGE = 0.08
"""Standard deviation of the direct estimate as a share of the change: through thick slices it loses 3 to 8 %."""
TRE_SHARE = 0.1
"""Of the alignment error at the fragment, what moves one side of its border only."""
TOGETHER = 0.9
"""Correlation of the errors of both estimates: they rest on the same images (0.87 to 0.98 in the same pairs)."""
LARGEST_TRE_MM = 1.5
"""Beyond this alignment error the direct estimate sees the misalignment."""
SMALLEST_RATIO = 0.2
"""A fragment that shrank below this share of the larger one left too little in common; it is subtracted."""


@dataclass(frozen=True, eq=False)
class Estimate:
    """The change in mm³, and how it was come by.

    Attributes
    ----------
    delta_mm3, subtracted_mm3, direct_mm3, direct_weight
        As in :class:`pipeline.measurement.change.Change`.
    factor
        Standard deviation of what the visits do not share, against that of subtraction.
    """

    delta_mm3: float
    subtracted_mm3: float
    direct_mm3: float | None
    direct_weight: float
    factor: float
    findings: tuple[Finding, ...] = ()


def measured_directly(
    visits: tuple[Visit, Visit], fragments: tuple[MeasuredFragment, MeasuredFragment], alignment: Alignment
) -> DirectChange | None:
    """Measure the change on the aligned pair; None where subtraction is the better measurement.

    That is where a fragment is absent at one visit or has shrunk to a remnant, where the visits were measured in
    different kinds of series or by hand, and where the alignment is poor. Whether what is there counts as present is
    asked later: it depends on the precision profile.
    """
    first, second = (one.measurement for one in fragments)
    if first.role is not second.role:
        return None
    smaller, larger = sorted((first.volume_mm3, second.volume_mm3))
    if smaller <= 0 or smaller < SMALLEST_RATIO * larger or alignment.quality.estimated_tre_mm > LARGEST_TRE_MM:
        return None
    ways: tuple[Affine, Affine] = alignment.baseline_to_halfway, alignment.followup_to_halfway
    sides = [
        Side(visit.series[one.measurement.role].volume, one.probability, way)
        for visit, one, way in zip(visits, fragments, ways, strict=True)
        if one.probability is not None
    ]
    return direct_change(sides[0], sides[1]) if len(sides) == 2 else None


def estimated(
    first: Spread, second: Spread, direct: DirectChange | None, *, correlation: float, tre_mm: float
) -> Estimate:
    """Weigh the direct change and the difference of the volumes by their precision.

    Parameters
    ----------
    correlation
        Share of the border errors' variance that both visits have in common.
    tre_mm
        Alignment error (95 %) at the fragment.
    """
    subtracted = second.volume_mm3 - first.volume_mm3
    if direct is None:
        return Estimate(subtracted, subtracted, None, 0.0, 1.0)
    plain = max(apart_sd_mm3(first, second, correlation), 1e-6)
    surface = surface_of_ball_mm2(max(first.volume_mm3, second.volume_mm3))
    size = (abs(direct.delta_mm3) + abs(subtracted)) / 2
    own = float(np.linalg.norm([JITTER_LEFT * plain, SHRINKAGE * size, TRE_SHARE * tre_mm / Z95 * surface]))
    weight = plain**2 / (plain**2 + own**2)
    parts = np.array([weight * own, (1 - weight) * plain])
    variance = float(parts @ parts + 2 * TOGETHER * parts[0] * parts[1])
    gap = direct.delta_mm3 - subtracted
    findings: tuple[Finding, ...] = ()
    expected = float(np.sqrt(plain**2 + own**2 - 2 * TOGETHER * plain * own))
    if abs(gap) > Z95 * expected:
        variance += gap**2 / 4
        findings = (_disagreement(direct.delta_mm3, subtracted),)
    delta = subtracted + weight * gap
    return Estimate(delta, subtracted, direct.delta_mm3, weight, float(np.sqrt(variance)) / plain, findings)


def _disagreement(direct_mm3: float, subtracted_mm3: float) -> Finding:
    text = (
        f"Measured directly on the aligned images the change is {direct_mm3:+.0f} mm³, as a difference of the two "
        f"volumes {subtracted_mm3:+.0f} mm³: further apart than their errors explain. The interval is wider."
    )
    return Finding("change-estimates-disagree", Severity.WARNING, text)


def reconciled(first: Spread, second: Spread, delta_mm3: float) -> tuple[Spread, Spread]:
    """The two volumes moved so that their difference is the change, each by its share of the variance.

    With the direct measurement as a third observation this is what least squares gives. No volume is moved below 0.
    """
    gap = delta_mm3 - (second.volume_mm3 - first.volume_mm3)
    total = first.total_mm3**2 + second.total_mm3**2
    share = first.total_mm3**2 / total if total > 0 else 0.5
    before = max(0.0, first.volume_mm3 - gap * share)
    after = max(0.0, second.volume_mm3 + gap * (1 - share))
    return replace(first, volume_mm3=before), replace(second, volume_mm3=after)
