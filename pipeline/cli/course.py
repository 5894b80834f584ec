"""More than two visits: what ``discdelta compare`` does with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pipeline.cli.caution import say_caution, say_early
from pipeline.cli.log import log_visit
from pipeline.cli.output import clear_leftovers, refuse_other_inputs
from pipeline.errors import ResultNotUsableError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.config import Config
    from pipeline.course import Course
    from pipeline.dicom.visit import Visit
    from pipeline.measurement.meaning.clinical import ClinicalCourse

COURSE = "course.json"
EXPECTED_SECONDS = {
    "segment": 9.0,
    "align": 2.0,
    "measure": 3.0,
    "enhancement": 3.0,
    "interpret": 1.0,
    "report": 4.0,
}
"""Seconds for one visit, or one comparison, on two idle cores."""
PAIR_STAGES = ("align", "measure", "enhancement", "interpret")


def course_of(
    baseline: Path | None, others: Sequence[Path], volumes: Mapping[str, Any], settings: Config
) -> list[Path]:
    """The sources of a course of more than two visits; empty where there are two at most.

    A single source is looked into: it may hold any number of visits.
    """
    from pipeline.dicom.sources import require_there

    given = [*([] if baseline is None else [baseline]), *others]
    if volumes and len(given) > 1:
        raise UsageError("Give either folders of DICOM or NIfTI volumes (--t2 and the like), not both.")
    if volumes or not given:
        return []
    for path in given:
        require_there(path)
    if len(given) == 1:
        from pipeline.dicom.course import count_visits

        return given if count_visits(given[0], settings.dicom) > 2 else []
    return given if len(given) > 2 else []


def course_scores(path: Path | None) -> dict[str, ClinicalCourse]:
    """The clinical scores as an argument of :func:`pipeline.follow`; nothing where no file was given."""
    if path is None:
        return {}
    from pipeline.measurement.meaning.clinical import read_clinical_course

    return {"clinical": read_clinical_course(path)}


def follow_course(
    given: Sequence[Path],
    settings: Config,
    out: Path | None,
    *,
    overwrite: bool,
    console: Console,
    quiet: bool,
    json: bool,
    **more: Any,
) -> None:
    """Follow the patient, write everything, and print the answer; ``more`` goes to :func:`pipeline.follow` as it is.

    Raises
    ------
    ResultNotUsableError
        If a comparison with the first visit must not be used.
    """
    from pipeline.cli.progress import StageDisplay

    with StageDisplay(console, _expected(len(given), written=out is not None), shown=not quiet) as progress:
        from pipeline import course_dict, follow
        from pipeline.report.as_json import to_text

        def loaded(visits: tuple[Visit, ...]) -> None:
            if out is not None and not overwrite:
                refuse_other_inputs(out, COURSE, {"inputs_sha256": [visit.input_sha256 for visit in visits]})
            for number, visit in enumerate(visits, start=1):
                log_visit(f"visit {number}", visit)
            say_early(console, (f for visit in visits for f in visit.findings), shown=not quiet)

        course = follow(list(given), config=settings, progress=progress, loaded=loaded, **more)
        if out is not None:
            progress("report")
            _written(course, out)
    if json:
        typer.echo(to_text(course_dict(course)), nl=False)
    elif not quiet and out is not None:
        typer.echo(_said(course))
        say_caution([*course.findings, *(f for one in course.comparisons.values() for f in one.findings)], "reports")
        typer.echo(f"Report: {out / 'course.html'}")
    if not course.usable:
        where = f" {out / 'course.html'} says which, and why." if out is not None else ""
        raise ResultNotUsableError(f"A result was reached, but it must not be used.{where}")


def _expected(visits: int, *, written: bool) -> dict[str, float]:
    """Stages and their usual seconds; of a single source it is not yet known how many visits it holds."""
    count = max(3, visits)
    pairs = [*((1, k) for k in range(2, count + 1)), *((k, k + 1) for k in range(2, count))]
    stages = {"load": 1.0 * count, **{f"segment visit {k}": EXPECTED_SECONDS["segment"] for k in range(1, count + 1)}}
    for first, second in pairs:
        stages |= {f"{stage} {first} and {second}": EXPECTED_SECONDS[stage] for stage in PAIR_STAGES}
    return {**stages, "report": EXPECTED_SECONDS["report"] * len(pairs)} if written else stages


def _written(course: Course, out: Path) -> None:
    from pipeline import write_course

    files = write_course(course, out)
    folders = {out, *(path.parent for report in files.reports.values() for path in (report.html, *report.nifti))}
    for folder in folders:
        clear_leftovers(folder)


def _said(course: Course) -> str:
    from pipeline.report.course_html import course_in_full

    return course_in_full(course)
