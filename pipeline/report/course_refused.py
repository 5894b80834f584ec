"""Comparisons of a course that must not be used: which they are, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipeline.course import Course
from pipeline.findings import Severity
from pipeline.report.course_json import folder_of
from pipeline.report.redact import Redactor


def refused_view(course: Course) -> list[dict[str, Any]]:
    """One entry per comparison that must not be used: its visits, its report, and the errors that forbid its use."""
    redact = Redactor(*course.visits)
    return [
        {
            "visits": f"{first} and {second}",
            "href": f"{folder_of(first, second)}/report.html",
            "reasons": [
                finding.message for finding in redact.findings(one.findings) if finding.severity is Severity.ERROR
            ],
        }
        for (first, second), one in sorted(course.refused.items())
    ]


def refused_sentence(course: Course) -> str:
    """Why a course that must not be used has no curve."""
    between = between_in_words(pair for pair in course.refused if pair[0] == 1)
    text = (
        f"The visits were read, but the change at {course.level} could not be measured reliably {between}. No curve is "
        "drawn and no volume is reported here."
    )
    others = len(course.comparisons) > len(course.refused)
    return f"{text} The other comparisons stand by themselves." if others else text


def unjoined_sentence(course: Course) -> str:
    """What a course that may be used leaves out; empty where all its comparisons may be used."""
    return f" The change could not be measured reliably {between_in_words(course.refused)}." if course.refused else ""


def between_in_words(pairs: Iterable[tuple[int, int]]) -> str:
    """``between visits 1 and 2 or between visits 1 and 3``."""
    return " or ".join(f"between visits {first} and {second}" for first, second in sorted(pairs))
