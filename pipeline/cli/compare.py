"""``discdelta compare``: two visits in, a folder with the report out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pipeline.cli.caution import say_caution, say_early
from pipeline.cli.course import course_of, course_scores, follow_course
from pipeline.cli.log import log_times, log_visits
from pipeline.cli.options import (
    T1,
    T2,
    AllowDifferent,
    AxialT2,
    Baseline,
    ClinicalFile,
    ConfigFile,
    Followups,
    Json,
    LevelName,
    LowestDisc,
    NiftiPair,
    Out,
    Overwrite,
    Quiet,
    Stir,
    T1Post,
    Verbose,
    resolve_settings,
)
from pipeline.cli.output import refuse_foreign, require_apart, require_writable, written_report
from pipeline.cli.terminal import error_console, guarded, set_up_logging
from pipeline.errors import ResultNotUsableError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.comparison import Comparison
    from pipeline.config import Config
    from pipeline.dicom.visit import Visit
    from pipeline.measurement.meaning.clinical import Clinical

EXPECTED_SECONDS = {
    "load": 1.0,
    "segment baseline": 5.0,
    "segment follow-up": 5.0,
    "align": 1.0,
    "measure": 1.0,
    "enhancement": 1.0,
    "interpret": 1.0,
    "report": 2.0,
}
"""Seconds that each stage takes for a usual study of four series on two idle cores, for the progress display."""
WHICH_VISITS = "Which visits? Name two folders, one folder that holds both, or volumes with --t2."


def compare(
    baseline: Baseline = None,
    followups: Followups = None,
    *,
    out: Out = None,
    t2: T2 = None,
    t1: T1 = None,
    t1_post: T1Post = None,
    stir: Stir = None,
    axial_t2: AxialT2 = None,
    level: LevelName = None,
    lowest_disc: LowestDisc = None,
    config: ConfigFile = None,
    clinical: ClinicalFile = None,
    allow_different_patients: AllowDifferent = False,
    overwrite: Overwrite = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Measure how much an extruded disc fragment changed between two or more visits of one patient.

    With more than two, every later visit is compared with the first one and with the one before.
    """
    with guarded(verbose=verbose):
        console = error_console()
        set_up_logging(console, quiet=quiet, verbose=verbose)
        given = nifti_pairs(t2=t2, t1=t1, t1_post=t1_post, stir=stir, axial_t2=axial_t2)
        require_visits(baseline, given)
        require_somewhere(out, [baseline, *(followups or [])], json=json)
        settings = resolve_settings(
            config, level=level, lowest_disc=lowest_disc, allow_different_patients=allow_different_patients
        )
        if several := course_of(baseline, followups or [], given, settings):
            follow_course(
                several,
                settings,
                out,
                overwrite=overwrite,
                console=console,
                quiet=quiet,
                json=json,
                **course_scores(clinical),
            )
            return
        followup = followups[0] if followups else None
        comparison, report = run_comparison(
            sources(baseline, followup, given),
            settings,
            out,
            overwrite=overwrite,
            console=console,
            quiet=quiet,
            **scores_from(clinical),
        )
        tell(comparison, report, out, json=json, quiet=quiet)


def require_visits(baseline: Path | None, volumes: dict[str, tuple[Path, Path]]) -> None:
    """Ask for the visits before anything else."""
    if baseline is None and not volumes:
        raise UsageError(WHICH_VISITS)


def require_somewhere(out: Path | None, given: Sequence[Path | None], *, json: bool) -> None:
    """Refuse before the work a result that would go nowhere, among the images, or where nothing can be written."""
    if out is None and not json:
        raise UsageError("Where should the report go? Add --out FOLDER, or --json to print it.")
    if out is not None:
        require_apart(out, given)
        require_writable(out)


def scores_from(path: Path | None) -> dict[str, Clinical]:
    """The clinical scores as an argument of :func:`pipeline.compare`; nothing where no file was given."""
    if path is None:
        return {}
    from pipeline.measurement.meaning.clinical import read_clinical

    return {"clinical": read_clinical(path)}


def nifti_pairs(
    *, t2: NiftiPair, t1: NiftiPair, t1_post: NiftiPair, stir: NiftiPair, axial_t2: NiftiPair
) -> dict[str, tuple[Path, Path]]:
    """The volumes that were given, by role."""
    volumes = {"sagittal_t2": t2, "sagittal_t1": t1, "sagittal_t1_post": t1_post, "sagittal_stir": stir,
               "axial_t2": axial_t2}  # fmt: skip
    return {role: pair for role, pair in volumes.items() if pair is not None}


def run_comparison(
    visits: tuple[Path | Visit, Path | Visit | None],
    settings: Config,
    out: Path | None,
    *,
    overwrite: bool,
    console: Console,
    quiet: bool,
    **more: Any,
) -> tuple[Comparison, str]:
    """Compare, and write or make the report; also gives the text of ``report.json``.

    ``more`` goes to :func:`pipeline.compare` as it is.
    """
    from pipeline.cli.progress import StageDisplay

    stages = dict(EXPECTED_SECONDS)
    if out is None:
        del stages["report"]
    with StageDisplay(console, stages, shown=not quiet) as progress:
        from pipeline import compare as run

        def loaded(first: Visit, second: Visit) -> None:
            if out is not None and not overwrite:
                refuse_foreign(out, first, second)
            log_visits(first, second)
            say_early(console, second.findings, shown=not quiet)

        comparison = run(*visits, config=settings, progress=progress, loaded=loaded, **more)
        log_times(comparison)
        if out is None:
            from pipeline.report.as_json import report_dict, to_text

            return comparison, to_text(report_dict(comparison))
        progress("report")
        return comparison, written_report(comparison, out)


def sources(
    baseline: Path | None, followup: Path | None, volumes: dict[str, tuple[Path, Path]]
) -> tuple[Path | Visit, Path | Visit | None]:
    """Where the visits come from, or the visits themselves where they are NIfTI volumes."""
    if volumes and baseline is not None:
        raise UsageError("Give either folders of DICOM or NIfTI volumes (--t2 and the like), not both.")
    if volumes:
        from pipeline.dicom.nifti import load_nifti_visit
        from pipeline.dicom.visit import Role

        first, second = (
            load_nifti_visit({Role(role): pair[index] for role, pair in volumes.items()}) for index in (0, 1)
        )
        return first, second
    if baseline is None:
        raise UsageError(WHICH_VISITS)
    from pipeline.dicom.sources import require_there

    for path in (baseline, followup):
        if path is not None:
            require_there(path)
    return baseline, followup


def tell(comparison: Comparison, report: str, out: Path | None, *, json: bool, quiet: bool) -> None:
    """Print the answer, and fail where it must not be used."""
    from pipeline.report.answer import answer

    said = answer(comparison)
    if json:
        typer.echo(report, nl=False)
    elif not quiet and out is not None:
        typer.echo(said.in_full)
        say_caution(comparison.findings)
        typer.echo(f"Report: {out / 'report.html'}")
    if not comparison.change.usable:
        where = f" {out / 'report.html'} says why." if out is not None else ""
        raise ResultNotUsableError(f"A result was reached, but it must not be used.{where}")
