"""``discdelta compare``: two visits in, a folder with the report out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.log import log_times, log_visits
from pipeline.cli.options import ConfigFile, Json, Quiet, Verbose, resolve_settings
from pipeline.cli.output import refuse_foreign, require_writable, written_report
from pipeline.cli.terminal import error_console, guarded, set_up_logging
from pipeline.errors import ResultNotUsableError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.comparison import Comparison
    from pipeline.config import Config
    from pipeline.dicom.visit import Visit

EXPECTED_SECONDS = {
    "load": 2.0,
    "segment baseline": 12.0,
    "segment follow-up": 12.0,
    "align": 4.0,
    "measure": 4.0,
    "report": 6.0,
}
"""Seconds that each stage takes for a usual study of four series on two idle cores, for the progress display."""

NiftiPair = tuple[Path, Path] | None
_PAIR = "BASELINE FOLLOWUP"


def compare(
    baseline: Annotated[
        Path | None,
        typer.Argument(metavar="BASELINE", help="First visit: a folder, a DICOMDIR or a zip. It may hold both visits."),
    ] = None,
    followup: Annotated[
        Path | None, typer.Argument(metavar="FOLLOWUP", help="Second visit. Study dates put the two in order.")
    ] = None,
    *,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the report, made if need be.")] = None,
    t2: Annotated[NiftiPair, typer.Option(metavar=_PAIR, help="Sagittal T2 as NIfTI, in place of DICOM.")] = None,
    t1: Annotated[NiftiPair, typer.Option(metavar=_PAIR, help="Sagittal T1 as NIfTI.")] = None,
    t1_post: Annotated[NiftiPair, typer.Option(metavar=_PAIR, help="Sagittal T1 after contrast, as NIfTI.")] = None,
    stir: Annotated[NiftiPair, typer.Option(metavar=_PAIR, help="Sagittal STIR as NIfTI.")] = None,
    axial_t2: Annotated[NiftiPair, typer.Option(metavar=_PAIR, help="Axial T2 as NIfTI.")] = None,
    level: Annotated[str | None, typer.Option(help="Disc to measure, such as L5/S1. Without it: L4/L5.")] = None,
    lowest_disc: Annotated[
        str | None, typer.Option(help="Name of the lowest disc seen, where counting from the sacrum goes wrong.")
    ] = None,
    config: ConfigFile = None,
    allow_different_patients: Annotated[
        bool, typer.Option("--allow-different-patients", help="Compare although identities differ; it is recorded.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Let the report replace that of another pair.")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Measure how much an extruded disc fragment changed between two visits of one patient."""
    with guarded(verbose=verbose):
        console = error_console()
        set_up_logging(console, quiet=quiet, verbose=verbose)
        if out is None and not json:
            raise UsageError("Where should the report go? Add --out FOLDER, or --json to print it.")
        if out is not None:
            require_writable(out)
        settings = resolve_settings(
            config, level=level, lowest_disc=lowest_disc, allow_different_patients=allow_different_patients
        )
        volumes = {"sagittal_t2": t2, "sagittal_t1": t1, "sagittal_t1_post": t1_post, "sagittal_stir": stir,
                   "axial_t2": axial_t2}  # fmt: skip
        given = {role: pair for role, pair in volumes.items() if pair is not None}
        comparison, report = _run(
            _sources(baseline, followup, given), settings, out, overwrite=overwrite, console=console, quiet=quiet
        )
        _tell(comparison, report, out, json=json, quiet=quiet)


def _run(
    sources: tuple[Path | Visit, Path | Visit | None],
    settings: Config,
    out: Path | None,
    *,
    overwrite: bool,
    console: Console,
    quiet: bool,
) -> tuple[Comparison, str]:
    """Compare, and write or make the report; also gives the text of ``report.json``."""
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

        comparison = run(*sources, config=settings, progress=progress, loaded=loaded)
        log_times(comparison)
        if out is None:
            from pipeline.report.as_json import report_dict, to_text

            return comparison, to_text(report_dict(comparison))
        progress("report")
        return comparison, written_report(comparison, out)


def _sources(
    baseline: Path | None, followup: Path | None, volumes: dict[str, tuple[Path, Path]]
) -> tuple[Path | Visit, Path | Visit | None]:
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
        raise UsageError("Which visits? Name two folders, one folder that holds both, or volumes with --t2.")
    from pipeline.dicom.sources import require_there

    for path in (baseline, followup):
        if path is not None:
            require_there(path)
    return baseline, followup


def _tell(comparison: Comparison, report: str, out: Path | None, *, json: bool, quiet: bool) -> None:
    from pipeline.report.answer import answer

    said = answer(comparison)
    if json:
        typer.echo(report, nl=False)
    elif not quiet and out is not None:
        typer.echo(f"{said.headline}. {said.sentence}\nReport: {out / 'report.html'}")
    if not comparison.change.usable:
        where = f" {out / 'report.html'} says why." if out is not None else ""
        raise ResultNotUsableError(f"A result was reached, but it must not be used.{where}")
