"""The whole program: two visits in, their :class:`~pipeline.comparison.Comparison` out; or one, to segment it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from pipeline.comparison import Comparison
from pipeline.config import Config
from pipeline.dicom import visits as dicom
from pipeline.dicom.visit import Role, Visit
from pipeline.errors import ComparabilityError, LevelError, NoUsableSeriesError
from pipeline.findings import Finding, Severity
from pipeline.measurement.comparability import ROLES, choose_roles
from pipeline.measurement.fragment import measure_fragment
from pipeline.measurement.stage import measure
from pipeline.provenance import Stopwatch, describe_run
from pipeline.registration.alignment import Alignment
from pipeline.registration.stage import align
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.segmenters.contribution import Contribution, receive
from pipeline.segmentation.segmenters.registry import find_segmenter
from pipeline.segmented import SegmentedVisit

Source = Path | str | Sequence[Path | str] | Visit
"""A visit already loaded, or where to load it from: a folder, a DICOMDIR, a zip, a list of files."""

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


def segment_visit(
    source: Source,
    *,
    config: Config | None = None,
    roles: Collection[Role] = (),
    study_date: date | None = None,
    progress: Callable[[str], None] = lambda stage: None,
    loaded: Callable[[Visit], None] = lambda visit: None,
) -> SegmentedVisit:
    """Segment the series of one visit, name its levels and measure displaced material at each of them.

    Parameters
    ----------
    source
        A visit, or where to load it from.
    config
        Settings; the defaults when None.
    roles
        The series to use; all of them when empty. What is left out is neither written nor asked about the levels.
    study_date
        Which visit is meant where the source holds several.
    progress
        Called with a stage's name when it begins.
    loaded
        Called with the visit before the long work begins; may raise to prevent it.

    Raises
    ------
    DiscdeltaError
        The subclass tells the kind of refusal or failure, and its ``exit_code`` the command line's status.
    """
    config = config or Config()
    watch = Stopwatch(progress)
    started = datetime.now(UTC)

    with watch.stage("load"):
        visit = source if isinstance(source, Visit) else load_visit(source, config=config, study_date=study_date)
        visit = _only(visit, roles)
    loaded(visit)
    with watch.stage("segment"):
        anatomy = find_segmenter(config.segmentation.segmenter)(visit, config.segmentation)
    with watch.stage("measure"):
        measured, _ = choose_roles(anatomy, anatomy)
        fragments = {
            name: measure_fragment(visit, anatomy, name, measured, config.measurement) for name in anatomy.levels
        }

    level = config.segmentation.level
    return SegmentedVisit(
        visit=visit,
        anatomy=anatomy,
        level=level,
        measured=measured,
        fragments=fragments,
        config=config,
        findings=tuple(
            dict.fromkeys(
                (*visit.findings, *anatomy.findings, *_blocks(visit, anatomy), *_unsure(level, anatomy, config))
            )
        ),
        provenance=describe_run(started, watch.seconds),
    )


def _only(visit: Visit, roles: Collection[Role]) -> Visit:
    """The visit without the series that were not asked for."""
    if not roles:
        return visit
    missing = [role.value for role in roles if role not in visit.series]
    if missing:
        raise NoUsableSeriesError(
            f"This visit has no series in the role {' or '.join(missing)}; "
            f"it has {', '.join(visit.series)}. `discdelta inspect` says why others play no role."
        )
    left = [role.words for role in visit.series if role not in roles]
    if not left:
        return visit
    text = f"Left out, as asked: {', '.join(left)}. They have no say in the names of the levels either."
    return replace(
        visit,
        series={role: series for role, series in visit.series.items() if role in roles},
        findings=(*visit.findings, Finding("series-not-asked-for", Severity.INFO, text)),
    )


def _blocks(visit: Visit, anatomy: Anatomy) -> list[Finding]:
    """A label map lies on one stack: say so where a series has more."""
    return [
        Finding(
            "blocks-not-labelled",
            Severity.WARNING,
            f"The {role.words} series was acquired in {len(visit.series[role].stacks)} blocks; only the largest is "
            "labelled.",
        )
        for role in anatomy.segmentations
        if len(visit.series[role].stacks) > 1
    ]


def _unsure(level: str, anatomy: Anatomy, config: Config) -> list[Finding]:
    """An error where the names must not be relied on: a person can see in the picture whether they are right."""
    confidence = anatomy.levels[level].confidence if level in anatomy.levels else 0.0
    if confidence >= config.segmentation.minimum_level_confidence:
        return []
    text = (
        f"{level} could be named with a confidence of only {confidence:.2f} "
        f"(at least {config.segmentation.minimum_level_confidence:.2f} is asked for), so the names of vertebrae and "
        "discs must not be relied on. Look at the picture, then name the lowest visible disc with --lowest-disc."
    )
    return [Finding("level-unsure", Severity.ERROR, text)]


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
    with watch.stage("segment baseline"):
        first_anatomy = first_given.segment(first, config.segmentation)
    with watch.stage("segment follow-up"):
        second_anatomy = second_given.segment(second, config.segmentation)
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
        *_of_visits(
            (*first.findings, *first_given.findings, *first_anatomy.findings),
            (*second.findings, *second_given.findings, *second_anatomy.findings),
        ),
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


def _of_visits(first: Sequence[Finding], second: Sequence[Finding]) -> tuple[Finding, ...]:
    """Say whose finding it is: the stages treat both visits alike and do not know which one they see."""
    findings = []
    for name, own, other in (("Baseline", first, second), ("Follow-up", second, first)):
        for f in own:
            whose = "" if f.code in OF_THE_PAIR else "Both visits: " if f in other else f"{name}: "
            findings.append(Finding(f.code, f.severity, whose + f.message))
    return tuple(dict.fromkeys(findings))


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
                f"(at least {config.segmentation.minimum_level_confidence:.2f} is asked for). Look at the levels, "
                "then name the lowest visible disc with --lowest-disc."
            )


def _require_alignment(alignment: Alignment, config: Config) -> None:
    quality = alignment.quality
    if not quality.usable:
        raise ComparabilityError(
            f"The two visits could not be aligned on L4-S1: estimated error {quality.estimated_tre_mm:.1f} mm "
            f"(limit {config.registration.maximum_tre_mm:.1f} mm), bone overlap {quality.bone_dice:.2f}. "
            "Check that both show the same patient's lumbar spine, and that the levels are named alike."
        )
