"""``discdelta inspect``: what a folder holds, which series plays which role, and why the others lost."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import ConfigFile, Json, Verbose, resolve_settings
from pipeline.cli.terminal import error_console, guarded, set_up_logging

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from pipeline.dicom.inspection import Inspection, SeriesLine, VisitInspection
    from pipeline.findings import Finding

PAGE_WIDTH = 160
"""Columns of the table where standard output is no screen."""


def inspect(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A folder of any depth, a DICOMDIR, a zip or one file.")
    ],
    config: ConfigFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show every series of every visit in a folder: the role that it plays, or why it plays none."""
    with guarded(verbose=verbose):
        from pipeline.dicom.inspection import inspect as look

        set_up_logging(error_console(), quiet=False, verbose=verbose)
        found = look(folder, resolve_settings(config).dicom)
        if json:
            from json import dumps

            typer.echo(dumps(found.to_dict(), indent=2, ensure_ascii=False))
        else:
            _print(found)


def _print(found: Inspection) -> None:
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else PAGE_WIDTH)
    for visit in found.visits:
        console.print(_table(visit))
        if visit.missing_roles:
            console.print(f"Not there: {', '.join(role.words for role in visit.missing_roles)}.")
        if not visit.usable:
            console.print("[bold]This visit cannot be compared: no series plays a role that is needed.[/bold]")
        _print_findings(console, visit.findings)
        console.print()
    _print_findings(console, found.findings)


def _print_findings(console: Console, findings: Sequence[Finding]) -> None:
    from rich.markup import escape

    for finding in findings:
        console.print(f"[bold]{finding.severity}[/bold] {finding.code}: {escape(finding.message)}", soft_wrap=True)


def _table(visit: VisitInspection) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    title = f"Visit of {visit.study_date}" if visit.study_date else "Visit without a usable date"
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left")
    for name in ("no.", "series", "plane", "weighting", "slices", "matrix", "spacing mm", "role", "why"):
        table.add_column(name, overflow="fold", no_wrap=name in {"no.", "slices", "matrix", "spacing mm", "role"})
    for line in visit.series:
        table.add_row(*_row(line), style=None if line.role else "dim")
    return table


def _row(line: SeriesLine) -> tuple[str, ...]:
    from rich.markup import escape

    return (
        "–" if line.number is None else str(line.number),
        escape(line.description),
        line.plane or "–",
        line.weighting + (" post" if line.contrast else ""),
        str(line.slices) if line.blocks == 1 else f"{line.slices} in {line.blocks} blocks",
        "x".join(map(str, line.matrix)),
        "–" if line.spacing_mm is None else " ".join(f"{mm:.2f}" for mm in line.spacing_mm),
        f"[bold]{line.role.words}[/bold]" if line.role else "–",
        escape(line.reason),
    )
