"""From two segmented, aligned visits to the change of the fragment."""

from __future__ import annotations

from dataclasses import replace

from pipeline.config import MeasurementSettings
from pipeline.dicom.visit import Role, Visit
from pipeline.errors import LevelError
from pipeline.findings import Finding, Severity
from pipeline.measurement.category import band, categorise
from pipeline.measurement.change import Change, FragmentMeasurement
from pipeline.measurement.comparability import (
    choose_roles,
    coverage_findings,
    fragment_findings,
    interval_findings,
    likeness,
    measurable,
    outside_share,
    pair_findings,
    series_findings,
)
from pipeline.measurement.drawn import drawn_finding, drawn_fragment, shared_by
from pipeline.measurement.estimating import Estimate, estimated, measured_directly, reconciled
from pipeline.measurement.evidence import evidence_of
from pipeline.measurement.fragment import MeasuredFragment, measure_fragment
from pipeline.measurement.longitudinal import DirectChange
from pipeline.measurement.other_levels import other_level_findings
from pipeline.measurement.pairing import weighed_alike
from pipeline.measurement.precision import PrecisionProfile
from pipeline.measurement.profiled import known_change_sd_mm3, profile_findings
from pipeline.measurement.uncertainty import Spread, apart_sd_mm3, change_intervals, reaching, volume_interval
from pipeline.registration import rigid
from pipeline.registration.alignment import Alignment
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.parallel import for_each
from pipeline.segmentation.segmenters.hand_drawn import DrawnFragment


def measure(
    baseline: Visit,
    baseline_anatomy: Anatomy,
    followup: Visit,
    followup_anatomy: Anatomy,
    alignment: Alignment,
    *,
    level: str,
    settings: MeasurementSettings,
    drawn: tuple[DrawnFragment | None, DrawnFragment | None] = (None, None),
    threads: int = 1,
) -> Change:
    """Measure the fragment of ``level`` at both visits, alike, and its change with 95 % intervals.

    Volumes are measured in native pixels of the same kind of series at both visits. The alignment tells whether each
    visit shows the place where the other has its fragment. Where a person has drawn the fragment of a visit,
    ``drawn`` takes the place of the one found there, and that is recorded. With two ``threads`` or more both visits are
    measured at once.

    Raises
    ------
    LevelError
        If a visit does not name the level.
    """
    for when, anatomy in (("baseline", baseline_anatomy), ("follow-up", followup_anatomy)):
        if level not in anatomy.levels:
            raise LevelError(
                f"{level} is not named in the {when} images (named: {', '.join(anatomy.levels) or 'none'}). "
                "Choose another --level or name the lowest disc with --lowest-disc."
            )
    by_hand = drawn[0].role if drawn[0] else None, drawn[1].role if drawn[1] else None
    roles = choose_roles(baseline_anatomy, followup_anatomy, by_hand)

    def look(one: tuple[Visit, Anatomy, Role]) -> MeasuredFragment:
        visit, anatomy, role = one
        return measure_fragment(visit, anatomy, level, measurable(role, anatomy), settings)

    both = (baseline, baseline_anatomy, roles[0]), (followup, followup_anatomy, roles[1])
    first, second = for_each(look, both, threads)
    if drawn[0] is not None:
        first = drawn_fragment(drawn[0], first, settings)
    if drawn[1] is not None:
        second = drawn_fragment(drawn[1], second, settings)
    own = first, second
    first, second = weighed_alike(first, second, PrecisionProfile.load(settings.precision_profile))
    direct = measured_directly((baseline, followup), (first, second), alignment)
    to_followup = alignment.baseline_to_followup
    outside = (
        outside_share(first.measurement, second.measurement, to_followup),
        outside_share(second.measurement, first.measurement, rigid.inverse(to_followup)),
    )
    unlike = [*series_findings(baseline, followup, roles), *pair_findings(baseline, followup, roles, alignment)]
    findings = [
        *(
            drawn_finding(when, one, measured, level)
            for when, one, measured in (("baseline", drawn[0], first), ("follow-up", drawn[1], second))
            if one is not None
        ),
        *unlike,
        *fragment_findings("baseline", first),
        *fragment_findings("follow-up", second),
        *other_level_findings("baseline", baseline, baseline_anatomy, first, level),
        *other_level_findings("follow-up", followup, followup_anatomy, second, level),
    ]
    alike, tre_mm = likeness(unlike) * shared_by(*drawn), alignment.quality.estimated_tre_mm
    sound = alignment.quality.usable and all(finding.severity is not Severity.ERROR for finding in findings)
    uncovered = [
        *coverage_findings("baseline", first.measurement, outside[0]),
        *coverage_findings("follow-up", second.measurement, outside[1]),
    ]
    change = change_between(
        first,
        second,
        settings,
        alike=alike,
        usable=sound and not uncovered,
        findings=[*findings, *uncovered],
        direct=direct,
        tre_mm=tre_mm,
    )
    return replace(change, evidence=evidence_of(own, outside, direct, alike=alike, sound=sound, tre_mm=tre_mm))


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
    return factor, profile_findings(profile, precision.exceeded)
