"""What is said beside an answer on the console, so that nobody has to open the report to learn that it is doubtful."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import typer

from pipeline.findings import GRAVE, Finding, Severity

if TYPE_CHECKING:
    from rich.console import Console

NOTICE = "Research use only."


def say_early(console: Console, findings: Iterable[Finding], *, shown: bool) -> None:
    """Tell the gravest warnings before the long work, which may not be worth waiting for."""
    for finding in dict.fromkeys(findings):
        if shown and finding.code in GRAVE:
            console.print(f"warning [{finding.code}]: {finding.message}", markup=False, highlight=False)


def say_caution(findings: Iterable[Finding], place: str = "report") -> None:
    """Print how many warnings there are and where to read them, the gravest in full, and what the result is for.

    Parameters
    ----------
    place
        What holds the findings. Where that is a file for programs, all warnings are told in full.
    """
    for_programs = place.endswith(".json")
    warnings = list(dict.fromkeys(f for f in findings if f.severity is Severity.WARNING))
    if warnings:
        count = f"{len(warnings)} warning{'' if len(warnings) == 1 else 's'}"
        typer.echo(
            f"{count}, also in {place}:" if for_programs else f"{count}: read the findings in the {place} first."
        )
    for finding in warnings:
        if for_programs or finding.code in GRAVE:
            typer.echo(f"warning [{finding.code}]: {finding.message}")
    typer.echo(NOTICE)
