"""What is said beside an answer on the console, so that nobody has to open the report to learn that it is doubtful."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from pipeline.findings import Finding, Severity

NOTICE = "Research use only."
SPOKEN = ("visits-identical", "level-doubtful")
"""Warnings that are told in full: with them the answer may be about the wrong disc, or about nothing."""


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
        if for_programs or finding.code in SPOKEN:
            typer.echo(f"warning [{finding.code}]: {finding.message}")
    typer.echo(NOTICE)
