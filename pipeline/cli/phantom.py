"""``discdelta phantom``: a case description in, synthetic DICOM and its exact truth out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import Quiet, Verbose
from pipeline.cli.terminal import error_console, guarded, set_up_logging


def phantom(
    case: Annotated[
        Path, typer.Argument(metavar="CASE.yaml", help="Case description in YAML; configs/phantom/ has some.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the studies and their truth.")],
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Generate a digital reference object: both visits as DICOM, and the exact truth beside them."""
    with guarded(verbose=verbose):
        from pipeline.phantom.case import load_case
        from pipeline.phantom.generate import generate

        console = error_console()
        set_up_logging(console, quiet=quiet, verbose=verbose)
        generate(load_case(case), out, progress=(lambda stage: None) if quiet else console.print)
        if not quiet:
            typer.echo(f"Written to {out}")
