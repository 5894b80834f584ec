"""The change between two measured fragments, with its interval."""

from __future__ import annotations

from dataclasses import replace

from pipeline.config import MeasurementSettings
from pipeline.findings import Finding
from pipeline.measurement.category import band, categorise
from pipeline.measurement.change import Change, FragmentMeasurement
from pipeline.measurement.comparability import interval_findings
from pipeline.measurement.estimating import Estimate, estimated, reconciled
from pipeline.measurement.fragment import MeasuredFragment
from pipeline.measurement.longitudinal import DirectChange
from pipeline.measurement.precision import PrecisionProfile
from pipeline.measurement.profiled import known_change_sd_mm3, profile_findings
from pipeline.measurement.uncertainty import Spread, apart_sd_mm3, change_intervals, reaching, volume_interval
from pipeline.segmentation.network import weights_sha256


def change_between(
    first: MeasuredFragment,
    second: MeasuredFragment,
    settings: MeasurementSettings,
    *,
    alike: float,
    usable: bool,
    findings: list[Finding],
    direct: DirectChange | None = None,
    tre_mm: float = 0.0,
    profile: PrecisionProfile | None = None,
) -> Change:
    """Change between two measured fragments.

    Parameters
    ----------
    alike
        0…1: scales how much of their errors both visits share.
    direct
        The change as measured on the aligned pair, where it could be; left out where a fragment is absent at one visit.
    tre_mm
        Alignment error (95 %) at the fragment.
    profile
        What is known of the precision; that of the settings when None.
    """
    if not (first.measurement.present and second.measurement.present):
        direct = None
    correlation = settings.boundary_correlation * alike
    estimate = estimated(first.spread, second.spread, direct, correlation=correlation, tre_mm=tre_mm)
    spreads = (first.spread, second.spread)
    if direct is not None:
        spreads = reconciled(*spreads, estimate.delta_mm3)
    profile = profile or PrecisionProfile.load(settings.precision_profile)
    factor, known = _factor(first, second, estimate, profile, (settings.boundary_correlation, alike))
    core, core_rate = change_intervals(
        *spreads, correlation=correlation, draws=settings.draws, seed=settings.seed, factor=factor
    )
    delta_interval, rate_interval = reaching(core, core_rate, *spreads)
    before, after = (_moved(one, spread) for one, spread in zip((first, second), spreads, strict=True))
    delta = after.volume_mm3 - before.volume_mm3
    rate = 100.0 * ((before.volume_mm3 - after.volume_mm3) / before.volume_mm3) if before.present else None
    detectable = (before.present or after.present) and not core.low <= 0 <= core.high
    category = categorise(
        baseline_present=before.present, followup_present=after.present, delta_mm3=delta, detectable=detectable
    )
    reference = max(before.volume_mm3, after.volume_mm3) if before.present or after.present else 0.0
    return Change(
        baseline=before,
        followup=after,
        delta_mm3=delta,
        delta_interval95_mm3=delta_interval,
        resorption_rate_percent=rate,
        resorption_rate_interval95_percent=rate_interval,
        category=category,
        band=band(rate, category, settings.bands_percent),
        detectable=detectable,
        usable=usable,
        findings=(*findings, *estimate.findings, *known, *interval_findings(reference, delta_interval)),
        subtracted_mm3=estimate.subtracted_mm3,
        direct_mm3=estimate.direct_mm3,
        direct_weight=estimate.direct_weight,
    )


def _moved(measured: MeasuredFragment, spread: Spread) -> FragmentMeasurement:
    """The measurement with the volume that goes with the change."""
    if spread is measured.spread:
        return measured.measurement
    return replace(measured.measurement, volume_mm3=spread.volume_mm3, interval95_mm3=volume_interval(spread))


def _factor(
    first: MeasuredFragment,
    second: MeasuredFragment,
    estimate: Estimate,
    profile: PrecisionProfile,
    shared: tuple[float, float],
) -> tuple[float, list[Finding]]:
    """Scale of the errors that the visits do not share, the precision profile included, and what to know about it.

    The profile knows pairs that are alike; where these are not, its figure grows as the model's own does. ``shared``
    holds the correlation of pairs that are alike, and how alike these are.
    """
    if first.view is None or second.view is None or not (first.spread.present or second.spread.present):
        return estimate.factor, []
    full, alike = shared
    plain, ideal = (apart_sd_mm3(first.spread, second.spread, full * share) for share in (alike, 1.0))
    known, precision = known_change_sd_mm3(first.spread, second.spread, (first.view, second.view), profile)
    factor = known * (plain / ideal) / plain
    if not (first.spread.present and second.spread.present):
        factor = max(factor, 1.0)  # visits of which one shows nothing share no error: the change has that of the volume
    if profile.provisional or estimate.findings:
        factor = max(factor, estimate.factor)
    return factor, profile_findings(profile, precision.exceeded, weights_sha256())
