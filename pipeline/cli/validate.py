"""``discdelta validate``: a department's protocol in, what the instrument achieves on it out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import ConfigFile, Quiet, Verbose, resolve_settings
from pipeline.cli.output import clear_leftovers, require_writable
from pipeline.cli.terminal import error_console, guarded, set_up_logging
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.validation.protocol import Protocol
    from pipeline.validation.write import StudyFiles


def validate(
    *,
    protocol: Annotated[
        Path, typer.Option("--protocol", "-p", help="The MR protocol in YAML; configs/protocols/ has some to copy.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the result, made if need be.")],
    pairs: Annotated[int | None, typer.Option(min=2, max=10_000, help="Number of simulated pairs.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A rehearsal with few pairs: minutes.")] = False,
    full: Annotated[bool, typer.Option("--full", help="As many pairs as a qualification needs: hours.")] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="Other pairs than those of the protocol's own seed.")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Processes at once; each takes about 2 GB.")] = 1,
    config: ConfigFile = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Qualify a department's own MR protocol with simulated pairs of known change.

    The same command goes on where an earlier one was stopped.
    """
    with guarded(verbose=verbose):
        console = error_console()
        set_up_logging(console, quiet=quiet, verbose=verbose)
        if sum((pairs is not None, quick, full)) > 1:
            raise UsageError("Give one of --pairs, --quick and --full.")
        from pipeline.validation.protocol import load_protocol

        wanted = load_protocol(protocol)
        if seed is not None:
            wanted = wanted.model_copy(update={"seed": seed})
        settings = resolve_settings(config, level=wanted.level)
        require_writable(out)
        count = pairs or (wanted.pairs.quick if quick else wanted.pairs.full if full else wanted.pairs.standard)

        from pipeline.cli.counting import PairDisplay
        from pipeline.validation.study import run_study
        from pipeline.validation.write import write_study

        with PairDisplay(console, count, shown=not quiet) as told:
            outcomes = run_study(wanted, out, count=count, config=settings, jobs=jobs, told=told)
        files = write_study(outcomes, wanted, out, settings.measurement)
        clear_leftovers(out)
        if not quiet:
            _tell(files, wanted)


def _tell(files: StudyFiles, protocol: Protocol) -> None:
    typer.echo(f"{protocol.name}: {files.summary.pairs} pairs, {files.summary.usable} with a usable result")
    for verdict in files.verdicts:
        typer.echo(f"  {verdict.met.value:<13} {verdict.goal}: {verdict.found} (asked for: {verdict.wanted})")
    typer.echo(f"Page: {files.page}\nPrecision profile: {files.profile}")
