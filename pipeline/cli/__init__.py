"""The command line: arguments in, exit codes and sentences out. Every command lives in a module of its own."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pipeline.cli.compare import compare
from pipeline.cli.inspect import inspect
from pipeline.cli.measure import measure
from pipeline.cli.pairs import pairs
from pipeline.cli.phantom import phantom
from pipeline.cli.segment import segment
from pipeline.cli.terminal import terminable
from pipeline.cli.usage import OneLineGroup
from pipeline.cli.validate import validate

app = typer.Typer(
    name="discdelta",
    help="Volume change of an extruded lumbar disc fragment between two MRI studies. Research use only.",
    cls=OneLineGroup,
    add_completion=False,
    pretty_exceptions_enable=False,  # its boxes print local variables, and those can hold a patient's name
)
app.command()(compare)
app.command()(measure)
app.command()(inspect)
app.command()(pairs)
app.command()(phantom)
app.command()(segment)
app.command()(validate)


def _version(wanted: bool) -> None:
    if wanted:
        from pipeline import __version__

        typer.echo(f"discdelta {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Volume change of an extruded lumbar disc fragment between two MRI studies. Research use only."""


def main() -> None:
    """Entry point of the ``discdelta`` command."""
    with terminable():
        app()
    sys.exit(0)


__all__ = ["app", "main"]
