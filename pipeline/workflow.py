"""The whole program: two visits in, their :class:`~pipeline.comparison.Comparison` out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from pipeline.comparison import Comparison
from pipeline.config import Config, SegmentationSettings
from pipeline.dicom import visits as dicom
from pipeline.dicom.visit import Plane, Visit
from pipeline.errors import ComparabilityError, LevelError
from pipeline.findings import Finding, Severity
from pipeline.measurement.comparability import ROLES
from pipeline.measurement.stage import measure
from pipeline.provenance import Stopwatch, describe_run
from pipeline.registration.alignment import Alignment
from pipeline.registration.counted import check_visits_agree
from pipeline.registration.stage import align
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.segmenters.contribution import Contribution, receive
from pipeline.segmentation.segmenters.registry import find_segmenter

Source = Path | str | Sequence[Path | str] | Visit
"""A visit already loaded, or where to load it from: a folder, a DICOMDIR, a zip, a list of files."""

OF_THE_NAMES = frozenset(
    {"disc-not-seen", "levels-disagree-between-series", "sacrum-barely-in-view", "transitional-anatomy"}
)
"""Codes of what leaves the names of the levels open."""

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


def load_visit(
    source: Path | str | Sequence[Path | str], *, config: Config | None = None, study_date: date | None = None
) -> Visit:
    """Load one visit from a folder of any depth, a DICOMDIR, a zip, or a list of files.

    Parameters
    ----------
    study_date
        Which visit is meant where the source holds several.

    Raises
    ------
    DiscdeltaError
        If nothing readable or no usable series is there, if the files are of several patients, or if it is unclear
        which visit is meant.
    """
    return dicom.load_visit(source, (config or Config()).dicom, study_date=study_date)


def compare(
    baseline: Source,
    followup: Source | None = None,
    *,
    config: Config | None = None,
    progress: Callable[[str], None] = lambda stage: None,
    loaded: Callable[[Visit, Visit], None] = lambda first, second: None,
    contributions: tuple[Contribution, Contribution] = (Contribution(), Contribution()),
) -> Comparison:
    """Compare two visits of one patient.

    Parameters
    ----------
    baseline, followup
        The two visits, in any order that their study dates put right. ``followup`` may be left out when
        ``baseline`` names one folder that holds both.
    config
        Settings; the defaults when None.
    progress
        Called with a stage's name when it begins.
    loaded
        Called with both visits in the order of time before the long work begins; may raise to prevent it.
    contributions
        Corrected masks or label maps of other programs, for the visits in the order in which they are given here.

    Raises
    ------
    DiscdeltaError
        The subclass tells the kind of refusal or failure, and its ``exit_code`` the command line's status.
    """
    config = config or Config()
    watch = Stopwatch(progress)
    started = datetime.now(UTC)

    with watch.stage("load"):
        find_segmenter(config.segmentation.segmenter)
        first, second = dicom.load_pair(baseline, followup, config.dicom)
        first_given, second_given = receive(contributions, (first, second), config)
    loaded(first, second)
    settings, seen = _seen_alike(first, second, config.segmentation)
    with watch.stage("segment baseline"):
        first_anatomy = first_given.segment(first, settings)
    with watch.stage("segment follow-up"):
        second_anatomy = second_given.segment(second, settings)
    level = config.segmentation.level
    _require_level(level, first_anatomy, second_anatomy, config)
    first_anatomy, first_drawn = first_given.correct(first, first_anatomy, level, ROLES)
    second_anatomy, second_drawn = second_given.correct(second, second_anatomy, level, ROLES)
    with watch.stage("align"):
        alignment = align(first, first_anatomy, second, second_anatomy, config.registration)
        _require_alignment(alignment, config)
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
        )

    findings = (
        *seen,
        *_of_visits(
            (*first.findings, *first_given.findings, *first_anatomy.findings),
            (*second.findings, *second_given.findings, *second_anatomy.findings),
        ),
        *_level_chosen(level),
        *check_visits_agree(first_anatomy, second_anatomy),
        *alignment.findings,
        *change.findings,
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
        findings=findings,
        provenance=describe_run(started, watch.seconds, (*first_given.records, *second_given.records)),
    )


def _seen_alike(
    first: Visit, second: Visit, settings: SegmentationSettings
) -> tuple[SegmentationSettings, tuple[Finding, ...]]:
    """Settings by which the fine pass sees the same kinds of series together at both visits.

    A rim that post-contrast images tell from disc material at one visit only would pass for a change.
    """
    if settings.together is not None:
        return settings, ()
    own, other = ({role for role in visit.series if role.plane is Plane.SAGITTAL} for visit in (first, second))
    together = sorted(own & other)
    alone = [role.words for role in sorted(own ^ other)]
    # Validated anew: the names are those of roles that exist.
    narrowed = SegmentationSettings.model_validate({**settings.model_dump(), "together": together})
    if not alone:
        return narrowed, ()
    text = (
        f"Only one of the visits has {', '.join(alone)}: left out where series are looked at together, so that both "
        "visits are seen alike."
    )
    return narrowed, (Finding("series-of-one-visit", Severity.INFO, text),)


def _of_visits(first: Sequence[Finding], second: Sequence[Finding]) -> tuple[Finding, ...]:
    """Say whose finding it is: the stages treat both visits alike and do not know which one they see."""
    findings = []
    for name, own, other in (("Baseline", first, second), ("Follow-up", second, first)):
        for f in own:
            whose = "" if f.code in OF_THE_PAIR else "Both visits: " if f in other else f"{name}: "
            findings.append(Finding(f.code, f.severity, whose + f.message))
    return tuple(dict.fromkeys(findings))


def _level_chosen(level: str) -> tuple[Finding, ...]:
    usual = SegmentationSettings().level
    if level == usual:
        return ()
    return (Finding("level-chosen", Severity.INFO, f"{level} was measured, as asked for, instead of {usual}."),)


def _require_level(level: str, first: Anatomy, second: Anatomy, config: Config) -> None:
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
                f"(at least {config.segmentation.minimum_level_confidence:.2f} is asked for). {_doubts(anatomy)}"
                "Look at the levels, then name the lowest visible disc with --lowest-disc."
            )


def _doubts(anatomy: Anatomy) -> str:
    """What was seen that leaves the names open, as sentences that end with a space."""
    return "".join(f"{finding.message} " for finding in anatomy.findings if finding.code in OF_THE_NAMES)


def _require_alignment(alignment: Alignment, config: Config) -> None:
    quality = alignment.quality
    if not quality.usable:
        raise ComparabilityError(
            f"The two visits could not be aligned on L4-S1: estimated error {quality.estimated_tre_mm:.1f} mm "
            f"(limit {config.registration.maximum_tre_mm:.1f} mm), bone overlap {quality.bone_dice:.2f}. "
            "Check that both show the same patient's lumbar spine, and that the levels are named alike."
        )
