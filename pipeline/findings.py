"""Findings: whatever was dropped, guessed, resampled or overridden, in a form that reaches the report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

GRAVE = ("visits-identical", "level-doubtful")
"""Codes of warnings that are told in full wherever an answer stands: with them it may be about the wrong disc, or about
nothing."""


class Severity(StrEnum):
    """How much a finding matters to the reader of the result."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation about the input or the processing.

    Attributes
    ----------
    code
        Stable, kebab-case identifier, e.g. ``"slice-missing"``; documented in ``docs/findings.md``.
    severity
        :class:`Severity`.
    message
        One sentence for a person: what was found, where, and what follows. Never holds patient identity.
    """

    code: str
    severity: Severity
    message: str
