"""Two segmented visits in, their :class:`~pipeline.comparison.Comparison` out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline.comparison import Comparison
from pipeline.config import Config, SegmentationSettings
from pipeline.dicom.visit import Visit
from pipeline.errors import ComparabilityError, LevelError
from pipeline.findings import Finding, Severity
from pipeline.measurement.comparability import ROLES
from pipeline.measurement.enhancement.result import VisitEnhancement
from pipeline.measurement.enhancement.stage import measure_enhancement
from pipeline.measurement.meaning.clinical import Clinical
from pipeline.measurement.meaning.interpret import interpret
from pipeline.measurement.stage import measure
from pipeline.provenance import Stopwatch, describe_run
from pipeline.registration.alignment import Alignment
from pipeline.registration.counted import check_visits_agree
from pipeline.registration.identity import vouched
from pipeline.registration.stage import align
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.blocks import unlabelled_blocks
from pipeline.segmentation.doubt import doubtful_level, doubts
from pipeline.segmentation.parallel import for_each
from pipeline.segmentation.segmenters.contribution import Received

OF_THE_PAIR = frozenset(
    {
        "identity-override",
        "identity-unverified",
        "order-as-given",
        "series-matched",
        "visits-between-left-out",
        "visits-identical",
        "visits-reordered",
        "visits-same-day",
    }
)
"""Codes of what the loader says about both visits at once, though the follow-up carries it."""


@dataclass(frozen=True, eq=False)
class Seen:
    """One visit with what was found in it, and what somebody gave for it."""

    visit: Visit
    anatomy: Anatomy
    received: Received


def compared(
    one: Seen,
    other: Seen,
    *,
    config: Config,
    watch: Stopwatch,
    started: datetime,
    findings: Sequence[Finding] = (),
    clinical: Clinical | None = None,
) -> Comparison:
    """Align two visits of one patient and measure the change.

    Parameters
    ----------
    one, other
        The earlier and the later visit.
    watch, started
        Times of the stages so far; when the run began.
    findings
        What was found about both before.
    clinical
        Scores of both visits.

    Raises
    ------
    LevelError
        If a visit does not show the level surely enough.
    ComparabilityError
        If the visits cannot be aligned.
    """
    first, second, level = one.visit, other.visit, config.segmentation.level
    require_level(level, one.anatomy, other.anatomy, config)
    first_anatomy, first_drawn = one.received.correct(first, replace(one.anatomy, asked=level), level, ROLES)
    second_anatomy, second_drawn = other.received.correct(second, replace(other.anatomy, asked=level), level, ROLES)
    with watch.stage("align"):
        alignment = align(first, first_anatomy, second, second_anatomy, config.registration)
        alignment = vouched(alignment) if config.dicom.allow_different_patients else alignment
        _require_alignment(alignment, (first, second), (first_anatomy, second_anatomy), config)
    with watch.stage("measure"):
        change = measure(
            first,
            first_anatomy,
            second,
            second_anatomy,
            alignment,
            level=level,
            settings=config.measurement,
            drawn=(first_drawn, second_drawn),
            threads=config.segmentation.threads,
        )
    with watch.stage("enhancement"):
        both = (first, first_anatomy, change.baseline), (second, second_anatomy, change.followup)
        gained, gained_later = for_each(
            lambda visit: measure_enhancement(*visit, level), both, config.segmentation.threads
        )
    with watch.stage("interpret"):
        core = None if gained_later.enhancement is None else gained_later.enhancement.core_enhancement_percent
        meaning = interpret(
            first,
            first_anatomy,
            second,
            second_anatomy,
            change,
            level=level,
            settings=config.measurement,
            core_gain_percent=core,
            threads=config.segmentation.threads,
        )
    return Comparison(
        baseline=first,
        followup=second,
        baseline_anatomy=first_anatomy,
        followup_anatomy=second_anatomy,
        alignment=alignment,
        change=change,
        level=level,
        config=config,
        findings=(
            *findings,
            *_of_visits(
                _seen_of(first, one.received, first_anatomy, gained, config),
                _seen_of(second, other.received, second_anatomy, gained_later, config),
            ),
            *_level_chosen(level),
            *check_visits_agree(first_anatomy, second_anatomy),
            *alignment.findings,
            *change.findings,
            *meaning.findings,
        ),
        provenance=describe_run(started, watch.seconds, (*one.received.records, *other.received.records)),
        meaning=meaning,
        clinical=clinical,
        enhancement=(gained.enhancement, gained_later.enhancement),
    )


def _seen_of(
    visit: Visit, received: Received, anatomy: Anatomy, gained: VisitEnhancement, config: Config
) -> tuple[Finding, ...]:
    """What was found at one visit, in the order of the stages."""
    blocks = unlabelled_blocks(visit, anatomy)
    named = doubtful_level(config.segmentation.level, anatomy, config.segmentation)
    return (*visit.findings, *received.findings, *anatomy.findings, *named, *blocks, *gained.findings)


def _of_visits(first: Sequence[Finding], second: Sequence[Finding]) -> tuple[Finding, ...]:
    """Say whose finding it is: the stages treat both visits alike and do not know which one they see."""
    findings = []
    for name, own, other in (("Baseline", first, second), ("Follow-up", second, first)):
        for f in own:
            whose = "" if f.code in OF_THE_PAIR else "Both visits: " if f in other else f"{name}: "
            findings.append(Finding(f.code, f.severity, whose + f.message))
    return _once_each(findings)


def _once_each(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings without repeats; of whose images they are the last word, which is that on both visits."""
    last = {f.code: f for f in findings if f.code == "identity-unverified"}
    return tuple(dict.fromkeys(last.get(f.code, f) for f in findings))


def _level_chosen(level: str) -> tuple[Finding, ...]:
    usual = SegmentationSettings().level
    if level == usual:
        return ()
    return (Finding("level-chosen", Severity.INFO, f"{level} was measured, as asked for, instead of {usual}."),)


def require_level(level: str, first: Anatomy, second: Anatomy, config: Config) -> None:
    """Refuse a level that a visit does not show, or not surely enough.

    Raises
    ------
    LevelError
        Saying what is seen there.
    """
    for name, anatomy in (("baseline", first), ("follow-up", second)):
        if level not in anatomy.levels:
            seen = ", ".join(anatomy.levels) or "none"
            raise LevelError(
                f"{level} is not in the {name} images; the discs named there are: {seen}. "
                "Choose one of them with --level, or name the lowest visible disc with --lowest-disc."
            )
        confidence = anatomy.levels[level].confidence
        if confidence < config.segmentation.minimum_level_confidence:
            raise LevelError(
                f"{level} could be named with a confidence of only {confidence:.2f} in the {name} images "
                f"(at least {config.segmentation.minimum_level_confidence:.2f} is asked for). {doubts(anatomy)}"
                "Look at the levels, then name the lowest visible disc with --lowest-disc."
            )


def _require_alignment(
    alignment: Alignment, visits: tuple[Visit, Visit], anatomies: tuple[Anatomy, Anatomy], config: Config
) -> None:
    """Refuse visits that are not laid onto each other, or that are two people's.

    Raises
    ------
    ComparabilityError
        Saying why.
    """
    quality = alignment.quality
    if quality.usable:
        return
    for finding in alignment.findings:
        if finding.code == "patient-doubtful" and finding.severity is Severity.ERROR:
            raise ComparabilityError(finding.message + _unverified(visits))
    raise ComparabilityError(
        f"The two visits could not be aligned on L4-S1: estimated error {quality.estimated_tre_mm:.1f} mm "
        f"(limit {config.registration.maximum_tre_mm:.1f} mm), bone overlap {quality.bone_dice:.2f}. "
        "Check that both show the same patient's lumbar spine, and that the levels are named alike: "
        f"{'; '.join(_named(anatomy) for anatomy in anatomies)}.{_unverified(visits)}"
    )


def _named(anatomy: Anatomy) -> str:
    names = list(anatomy.levels)
    return f"{names[0]} to {names[-1]}" if len(names) > 1 else ", ".join(names) or "none"


def _unverified(visits: tuple[Visit, Visit]) -> str:
    """What the headers could not tell, where it may be why the visits do not fit."""
    unknown = any(finding.code == "identity-unverified" for visit in visits for finding in visit.findings)
    return " The headers could not tell whether they are of one patient." if unknown else ""
