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
        What holds the findings.
    """
    warnings = list(dict.fromkeys(f for f in findings if f.severity is Severity.WARNING))
    if warnings:
        count = f"{len(warnings)} warning{'' if len(warnings) == 1 else 's'}"
        where = f"in {place}" if place.endswith(".json") else f"in the {place}"
        typer.echo(f"{count}: read the findings {where} first.")
    for finding in warnings:
        if finding.code in SPOKEN:
            typer.echo(f"warning [{finding.code}]: {finding.message}")
    typer.echo(NOTICE)
