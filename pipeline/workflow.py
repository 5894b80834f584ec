"""The whole program: two visits in, their :class:`~pipeline.comparison.Comparison` out; or more, and their course."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from pipeline.comparison import Comparison
from pipeline.config import Config, SegmentationSettings, settings_of
from pipeline.cores import linear_algebra_on_one_core
from pipeline.course import Course
from pipeline.dicom import visits as dicom
from pipeline.dicom.course import load_course
from pipeline.dicom.visit import Plane, Visit
from pipeline.errors import UsageError
from pipeline.findings import Finding, Severity
from pipeline.following import as_course
from pipeline.measurement.meaning.clinical import Clinical, ClinicalCourse
from pipeline.pair import Seen, compared
from pipeline.provenance import Stopwatch, describe_run
from pipeline.segmentation.nearby import COMPARED_MM
from pipeline.segmentation.parallel import for_each
from pipeline.segmentation.segmenters.contribution import Contribution, Received, given_none, receive
from pipeline.segmentation.segmenters.registry import find_segmenter

Source = Path | str | Sequence[Path | str] | Visit
"""A visit already loaded, or where to load it from: a folder, a DICOMDIR, a zip, a list of files."""


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
    return dicom.load_visit(source, settings_of(config).dicom, study_date=study_date)


@linear_algebra_on_one_core()
def compare(
    baseline: Source,
    followup: Source | None = None,
    *,
    config: Config | None = None,
    progress: Callable[[str], None] = lambda stage: None,
    loaded: Callable[[Visit, Visit], None] = lambda first, second: None,
    contributions: tuple[Contribution, Contribution] = (Contribution(), Contribution()),
    clinical: Clinical | None = None,
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
    clinical
        Scores of the earlier and the later visit, shown beside the result and used for nothing.

    Raises
    ------
    DiscdeltaError
        The subclass tells the kind of refusal or failure, and its ``exit_code`` the command line's status.
    """
    config = settings_of(config)
    watch = Stopwatch(progress)
    started = datetime.now(UTC)

    with watch.stage("load"):
        find_segmenter(config.segmentation.segmenter)
        first, second = dicom.load_pair(baseline, followup, config.dicom)
        first_given, second_given = receive(contributions, (first, second), config)
    loaded(first, second)
    settings, seen = _seen_alike((first, second), config.segmentation)
    one, other = _segmented((first, first_given), (second, second_given), settings, watch)
    return compared(one, other, config=config, watch=watch, started=started, findings=seen, clinical=clinical)


@linear_algebra_on_one_core()
def follow(
    sources: Sequence[Source],
    *,
    config: Config | None = None,
    progress: Callable[[str], None] = lambda stage: None,
    loaded: Callable[[tuple[Visit, ...]], None] = lambda visits: None,
    clinical: ClinicalCourse | None = None,
) -> Course:
    """Follow one patient through two or more visits.

    Every later visit is compared with the first one and with the one before.

    Parameters
    ----------
    sources
        The visits, in any order that their study dates put right; or a single source that holds them all.
    config
        Settings; the defaults when None.
    progress
        Called with a stage's name when it begins.
    loaded
        Called with all visits in the order of time before the long work begins; may raise to prevent it.
    clinical
        Scores of every visit in the order of time, shown beside the result and used for nothing.

    Raises
    ------
    DiscdeltaError
        As :func:`compare`; also where there are not as many scores as visits.
    """
    config = settings_of(config)
    watch = Stopwatch(progress)
    started = datetime.now(UTC)
    with watch.stage("load"):
        find_segmenter(config.segmentation.segmenter)
        visits = load_course(sources, config.dicom)
        nothing_given = [given_none(visit, config) for visit in visits]
    if clinical is not None and len(clinical.visits) != len(visits):
        raise UsageError(
            f"The scores are of {len(clinical.visits)} visits, the images of {len(visits)}. List one entry under "
            "visits for each of them in the order of time; an entry may be empty: {}."
        )
    loaded(visits)
    settings, notes = _seen_alike(visits, config.segmentation)
    seen = []
    for number, (visit, given) in enumerate(zip(visits, nothing_given, strict=True), start=1):
        with watch.stage(f"segment visit {number}"):
            seen.append(Seen(visit, given.segment(visit, settings), given))

    def between(first: int, second: int) -> Comparison:
        own = Stopwatch(lambda stage: progress(f"{stage} {first + 1} and {second + 1}"))
        scores = None if clinical is None else clinical.between(first, second)
        return compared(
            seen[first], seen[second], config=config, watch=own, started=started, findings=notes, clinical=scores
        )

    against_first = tuple(between(0, k) for k in range(1, len(seen)))
    against_previous = (against_first[0], *(between(k, k + 1) for k in range(1, len(seen) - 1)))
    return as_course(against_first, against_previous, describe_run(started, watch.seconds), clinical)


def _segmented(
    first: tuple[Visit, Received], second: tuple[Visit, Received], settings: SegmentationSettings, watch: Stopwatch
) -> tuple[Seen, Seen]:
    """Both visits segmented, at once where there are threads for it: then both stages take the same time.

    The steps of one visit wait for each other, and then a core is idle; two visits fill each other's gaps. Segmenters
    of other packages need not bear that.
    """
    stages = ("segment baseline", "segment follow-up")
    if settings.threads < 2 or settings.segmenter != SegmentationSettings().segmenter:
        seen = []
        for stage, (visit, given) in zip(stages, (first, second), strict=True):
            with watch.stage(stage):
                seen.append(Seen(visit, given.segment(visit, settings), given))
        return seen[0], seen[1]
    half = settings.model_copy(update={"threads": settings.threads // 2})

    def look(one: tuple[Visit, Received]) -> Seen:
        visit, given = one
        return Seen(visit, given.segment(visit, half), given)

    with watch.stage(stages[0]), watch.stage(stages[1]):
        one, other = for_each(look, (first, second), 2)
    return one, other


def _seen_alike(
    visits: Sequence[Visit], settings: SegmentationSettings
) -> tuple[SegmentationSettings, tuple[Finding, ...]]:
    """Settings by which visits are seen alike, and no axial slice is that the result does not depend on.

    The fine pass sees the same kinds of series together at all visits: a rim that post-contrast images tell from disc
    material at one visit only would pass for a change.
    """
    if settings.axial_reach_mm is None:
        settings = settings.model_copy(update={"axial_reach_mm": COMPARED_MM})
    if settings.together is not None:
        return settings, ()
    kinds = [{role for role in visit.series if role.plane is Plane.SAGITTAL} for visit in visits]
    common = set.intersection(*kinds)
    alone = [role.words for role in sorted(set.union(*kinds) - common)]
    # Validated anew: the names are those of roles that exist.
    narrowed = SegmentationSettings.model_validate({**settings.model_dump(), "together": sorted(common)})
    if not alone:
        return narrowed, ()
    which = "Only one of the visits has" if len(visits) == 2 else "Not all visits have"
    text = (
        f"{which} {', '.join(alone)}: left out where series are looked at together, so that "
        f"{'both' if len(visits) == 2 else 'all'} visits are seen alike."
    )
    return narrowed, (Finding("series-of-one-visit", Severity.INFO, text),)
