"""``discdelta segment``: one visit in, label maps with names, a picture and volumes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.caution import say_caution
from pipeline.cli.log import log_stages, log_visit
from pipeline.cli.options import ConfigFile, Json, LowestDisc, Quiet, Verbose, resolve_settings
from pipeline.cli.output import clear_leftovers, refuse_other_inputs, require_apart, require_writable
from pipeline.cli.terminal import error_console, guarded, set_up_logging
from pipeline.errors import ResultNotUsableError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.config import Config
    from pipeline.dicom.visit import Role, Visit
    from pipeline.segmented import SegmentedVisit

FINISHED = "segmentation.json"
EXPECTED_SECONDS = {"load": 2.0, "segment": 12.0, "measure": 3.0, "write": 5.0}
"""Seconds that each stage takes for a usual study of four series on two idle cores, for the progress display."""


@dataclass(frozen=True)
class _Wanted:
    """Where the result goes, and what is written besides."""

    out: Path | None
    probabilities: bool
    images: bool
    overwrite: bool


def segment(
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="INPUT", help="One visit: a folder, a DICOMDIR, a zip or several files; or NIfTI with --series."
        ),
    ] = None,
    *,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the result, made if need be.")] = None,
    series: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE",
            help="Use only this series, such as sagittal_t2; repeat for more. For NIfTI: what each file is, in order.",
        ),
    ] = None,
    study_date: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y%m%d"], metavar="DATE", help="Which visit, where INPUT holds several."),
    ] = None,
    level: Annotated[
        str | None,
        typer.Option(help="Disc whose name must be sure, and that the picture shows. Without it: L4/L5."),
    ] = None,
    lowest_disc: LowestDisc = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Also write the probability of every structure.")
    ] = False,
    images: Annotated[bool, typer.Option("--images", help="Also write the series themselves as NIfTI.")] = False,
    config: ConfigFile = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Let the result replace that of other images.")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Label vertebrae, sacrum, discs, canal and displaced disc material in every series of one visit."""
    with guarded(verbose=verbose):
        console = error_console()
        set_up_logging(console, quiet=quiet, verbose=verbose)
        _require_inputs(inputs)
        _require_somewhere(out, inputs or [], json=json, files=probabilities or images)
        settings = resolve_settings(config, level=level, lowest_disc=lowest_disc)
        source, roles = _source(inputs or [], series or [])
        day = None if study_date is None else study_date.date()
        wanted = _Wanted(out, probabilities, images, overwrite)
        result, text = _run(source, roles, day, settings, wanted, console=console, quiet=quiet)
        _tell(result, text, out, json=json, quiet=quiet)


def _require_inputs(inputs: Sequence[Path] | None) -> None:
    """Ask for the visit before anything else."""
    if not inputs:
        raise UsageError("Which visit? Name its folder, or NIfTI files with --series.")


def _require_somewhere(out: Path | None, given: Sequence[Path], *, json: bool, files: bool) -> None:
    """Refuse before the work a result that would go nowhere, among the images, or where nothing can be written."""
    if out is None and files:
        raise UsageError("--probabilities and --images write files. Say where with --out FOLDER.")
    if out is None and not json:
        raise UsageError("Where should the result go? Add --out FOLDER, or --json to print it.")
    if out is not None:
        require_apart(out, given)
        require_writable(out)


def _source(inputs: Sequence[Path], series: Sequence[str]) -> tuple[Path | list[Path] | Visit, list[Role]]:
    """Where the visit comes from, and the roles to use of it (all when empty)."""
    from pipeline.dicom.sources import require_there

    roles = [_role(name) for name in series]
    for path in inputs:
        require_there(path)
    volumes = [path for path in inputs if path.name.lower().endswith((".nii", ".nii.gz"))]
    if not volumes:
        return (inputs[0] if len(inputs) == 1 else list(inputs)), roles
    if len(volumes) < len(inputs):
        raise UsageError("Give either DICOM or NIfTI volumes of a visit, not both.")
    if len(roles) != len(volumes) or len(set(roles)) != len(roles):
        raise UsageError(
            f"NIfTI does not say how it was acquired: give one --series per file, in the same order and each another, "
            f"such as --series sagittal_t2. There are {len(volumes)} files and {len(roles)} --series."
        )
    from pipeline.dicom.nifti import load_nifti_visit

    return load_nifti_visit(dict(zip(roles, volumes, strict=True))), []


def _role(name: str) -> Role:
    from pipeline.dicom.visit import Role

    try:
        return Role(name.strip().lower().replace("-", "_"))
    except ValueError:
        raise UsageError(f"{name!r} is no kind of series; known are {', '.join(Role)}.") from None


def _run(
    source: Path | list[Path] | Visit,
    roles: list[Role],
    day: date | None,
    settings: Config,
    wanted: _Wanted,
    *,
    console: Console,
    quiet: bool,
) -> tuple[SegmentedVisit, str]:
    """Segment, and write or make the result; also gives the text of ``segmentation.json``."""
    from pipeline.cli.progress import StageDisplay

    stages = dict(EXPECTED_SECONDS)
    if wanted.out is None:
        del stages["write"]
    with StageDisplay(console, stages, shown=not quiet) as progress:
        from pipeline import segment_visit

        def loaded(visit: Visit) -> None:
            if wanted.out is not None and not wanted.overwrite:
                refuse_other_inputs(wanted.out, FINISHED, {"input_sha256": visit.input_sha256})
            log_visit("visit", visit)

        result = segment_visit(source, config=settings, roles=roles, study_date=day, progress=progress, loaded=loaded)
        log_stages(result.provenance)
        if wanted.out is not None:
            progress("write")
        return result, _written(result, wanted)


def _written(result: SegmentedVisit, wanted: _Wanted) -> str:
    if wanted.out is None:
        from pipeline.report.as_json import to_text
        from pipeline.report.segmentation_json import segmentation_dict

        return to_text(segmentation_dict(result))
    from pipeline import write_segmentation

    files = write_segmentation(result, wanted.out, probabilities=wanted.probabilities, images=wanted.images)
    clear_leftovers(wanted.out)
    return files.json.read_text(encoding="utf-8")


def _tell(result: SegmentedVisit, text: str, out: Path | None, *, json: bool, quiet: bool) -> None:
    from pipeline.report.segmentation_words import displaced_in_words, levels_in_words, unconfirmed_in_words

    if json:
        typer.echo(text, nl=False)
    elif not quiet and out is not None:
        said = levels_in_words(result), displaced_in_words(result), unconfirmed_in_words(result)
        typer.echo(" ".join(filter(None, said)))
        say_caution(result.findings, "segmentation.json")
        typer.echo(f"Picture: {out / 'segmentation.png'}")
    if not result.usable:
        errors = " ".join(finding.message for finding in result.findings if finding.severity.value == "error")
        raise ResultNotUsableError(errors)
