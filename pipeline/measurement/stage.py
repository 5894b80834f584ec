"""From two segmented, aligned visits to the change of the fragment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.config import MeasurementSettings
from pipeline.dicom.visit import Role, Visit
from pipeline.errors import LevelError
from pipeline.findings import Finding, Severity
from pipeline.measurement.between import change_between
from pipeline.measurement.change import Change
from pipeline.measurement.comparability import (
    choose_roles,
    coverage_findings,
    fragment_findings,
    likeness,
    measurable,
    outside_share,
    pair_findings,
    series_findings,
)
from pipeline.measurement.drawn import drawn_finding, drawn_fragment, shared_by
from pipeline.measurement.estimating import measured_directly
from pipeline.measurement.evidence import evidence_of
from pipeline.measurement.fragment import MeasuredFragment, measure_fragment
from pipeline.measurement.other_levels import other_level_findings
from pipeline.measurement.pairing import weighed_alike
from pipeline.measurement.precision import PrecisionProfile
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
    _require_level(level, baseline_anatomy, followup_anatomy)
    by_hand = drawn[0].role if drawn[0] else None, drawn[1].role if drawn[1] else None
    roles = choose_roles(baseline_anatomy, followup_anatomy, by_hand)
    both = (baseline, baseline_anatomy, roles[0]), (followup, followup_anatomy, roles[1])
    own = _by_themselves(both, level, settings, drawn, threads)
    first, second = weighed_alike(*own, PrecisionProfile.load(settings.precision_profile))
    direct = measured_directly((baseline, followup), (first, second), alignment)
    to_followup = alignment.baseline_to_followup
    outside = (
        outside_share(first.measurement, second.measurement, to_followup),
        outside_share(second.measurement, first.measurement, rigid.inverse(to_followup)),
    )
    unlike = [*series_findings(baseline, followup, roles), *pair_findings(baseline, followup, roles, alignment)]
    findings = [
        *_drawn_findings(drawn, (first, second), level),
        *unlike,
        *fragment_findings("baseline", first),
        *fragment_findings("follow-up", second),
        *_elsewhere(both, (first, second), level, threads),
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


def _require_level(level: str, baseline: Anatomy, followup: Anatomy) -> None:
    for when, anatomy in (("baseline", baseline), ("follow-up", followup)):
        if level not in anatomy.levels:
            raise LevelError(
                f"{level} is not named in the {when} images (named: {', '.join(anatomy.levels) or 'none'}). "
                "Choose another --level or name the lowest disc with --lowest-disc."
            )


def _by_themselves(
    both: Sequence[tuple[Visit, Anatomy, Role]],
    level: str,
    settings: MeasurementSettings,
    drawn: tuple[DrawnFragment | None, DrawnFragment | None],
    threads: int,
) -> tuple[MeasuredFragment, MeasuredFragment]:
    """Each visit's fragment as it alone shows it, or as a person drew it there."""

    def look(one: tuple[Visit, Anatomy, Role]) -> MeasuredFragment:
        visit, anatomy, role = one
        return measure_fragment(visit, anatomy, level, measurable(role, anatomy), settings)

    first, second = for_each(look, both, threads)
    return (
        first if drawn[0] is None else drawn_fragment(drawn[0], first, settings),
        second if drawn[1] is None else drawn_fragment(drawn[1], second, settings),
    )


def _elsewhere(
    both: Sequence[tuple[Visit, Anatomy, Role]],
    fragments: tuple[MeasuredFragment, MeasuredFragment],
    level: str,
    threads: int,
) -> list[Finding]:
    """What lies at other levels, of both visits."""

    def look(one: tuple[str, tuple[Visit, Anatomy, Role], MeasuredFragment]) -> list[Finding]:
        when, (visit, anatomy, _), measured = one
        return other_level_findings(when, visit, anatomy, measured, level)

    visits = list(zip(("baseline", "follow-up"), both, fragments, strict=True))
    return [finding for findings in for_each(look, visits, threads) for finding in findings]


def _drawn_findings(
    drawn: tuple[DrawnFragment | None, DrawnFragment | None],
    fragments: tuple[MeasuredFragment, MeasuredFragment],
    level: str,
) -> list[Finding]:
    return [
        drawn_finding(when, one, measured, level)
        for when, one, measured in zip(("baseline", "follow-up"), drawn, fragments, strict=True)
        if one is not None
    ]
