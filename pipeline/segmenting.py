"""One visit in, its structures, names and displaced material out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

from pipeline.config import Config, settings_of
from pipeline.cores import linear_algebra_on_one_core
from pipeline.dicom.visit import Role, Visit
from pipeline.errors import NoUsableSeriesError, UsageError
from pipeline.findings import Finding, Severity
from pipeline.measurement.comparability import choose_roles
from pipeline.measurement.confirmed import by_deciding_series, unconfirmed, unconfirmed_findings
from pipeline.measurement.counted import labelled_as_counted
from pipeline.measurement.fragment import MeasuredFragment, measure_fragment
from pipeline.measurement.precision import PrecisionProfile
from pipeline.measurement.profiled import profile_findings
from pipeline.measurement.series import disagreement_findings
from pipeline.provenance import Stopwatch, describe_run
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.blocks import unlabelled_blocks
from pipeline.segmentation.doubt import doubtful_level
from pipeline.segmentation.network import weights_sha256
from pipeline.segmentation.segmenters.registry import find_segmenter
from pipeline.segmented import SegmentedVisit
from pipeline.workflow import Source, load_visit


@linear_algebra_on_one_core()
def segment_visit(
    source: Source,
    *,
    config: Config | None = None,
    roles: Collection[Role | str] = (),
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
        The series to use, such as ``Role.SAGITTAL_T2`` or ``"sagittal_t2"``; all of them when empty. What is left out
        is neither written nor asked about the levels.
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
    config, roles = settings_of(config), _roles(roles)
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
        seen = {name: measure_fragment(visit, anatomy, name, measured, config.measurement) for name in anatomy.levels}
        profile = PrecisionProfile.load(config.measurement.precision_profile)
        anatomy = labelled_as_counted(anatomy, seen.values())

    level = config.segmentation.level
    return SegmentedVisit(
        visit=visit,
        anatomy=anatomy,
        level=level,
        measured=measured,
        fragments={name: by_deciding_series(one, profile) for name, one in seen.items()},
        config=config,
        findings=tuple(
            dict.fromkeys(
                (
                    *visit.findings,
                    *anatomy.findings,
                    *unlabelled_blocks(visit, anatomy),
                    *doubtful_level(level, anatomy, config.segmentation),
                    *_unsure(level, anatomy, config),
                    *_doubts(seen),
                    *_of_profile(profile, seen),
                )
            )
        ),
        provenance=describe_run(started, watch.seconds),
        unconfirmed={name: alone for name, one in seen.items() if (alone := unconfirmed(one))},
    )


def _roles(names: Collection[Role | str]) -> list[Role]:
    """The roles that a caller named.

    Raises
    ------
    UsageError
        If there is no such role.
    """
    given = [names] if isinstance(names, str) else list(names)
    unknown = [repr(name) for name in given if name not in list(Role)]
    if unknown:
        raise UsageError(f"{', '.join(unknown)} is no kind of series; allowed in roles are {', '.join(Role)}.")
    return [Role(name) for name in given]


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


def _doubts(fragments: Mapping[str, MeasuredFragment]) -> list[Finding]:
    """Where another series shows much more or less than the one that was measured: "none" may be wrong there."""
    return [
        finding
        for name, found in fragments.items()
        for finding in unconfirmed_findings(name, found)
        or disagreement_findings(name, found.measurement, found.own_interval)
    ]


def _of_profile(profile: PrecisionProfile, fragments: Mapping[str, MeasuredFragment]) -> list[Finding]:
    """What the precision profile does not cover of these images, and what it was made with."""
    exceeded: dict[str, None] = {}
    for found in fragments.values():
        if (view := found.view) is not None:
            known = profile.at(found.measurement.volume_mm3, view.pitch_mm, view.brightness, view.snr)
            exceeded |= dict.fromkeys(name for name in known.exceeded if found.measurement.present or name != "volume")
    return profile_findings(profile, tuple(exceeded), weights_sha256())


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
