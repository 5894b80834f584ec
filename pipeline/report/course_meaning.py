"""What stands beside the volumes of a course: terms, place, canal, rim, signal and scores of every visit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.course import Course
from pipeline.dicom.visit import Role
from pipeline.measurement.enhancement.result import Completeness, Enhancement
from pipeline.measurement.meaning.clinical import ClinicalCourse
from pipeline.measurement.meaning.meaning import VisitMeaning
from pipeline.report.enhancement_html import rim_in_words
from pipeline.report.herniation import herniation_dict, herniation_words
from pipeline.report.meaning_html import (
    HINTS,
    SCORES,
    canal_words,
    komori_words,
    literature_view,
    reach_words,
    remarks_view,
)
from pipeline.report.meaning_json import visit_dict
from pipeline.report.numbers import EM_DASH, NO_BREAK, in_words, range_in_words, rounded, rounded_interval
from pipeline.report.views import ROLE_NAMES

SHOWN_SIGNALS = (Role.SAGITTAL_T2, Role.SAGITTAL_T1)
ABSENT = EM_DASH


def meanings_of(course: Course) -> list[VisitMeaning | None]:
    """Each visit as its comparison with the first one tells it; None where nothing was interpreted."""
    first = course.against_first[0].meaning
    later = [one.meaning for one in course.against_first]
    return [None if first is None else first.baseline, *(None if one is None else one.followup for one in later)]


def enhancements_of(course: Course) -> list[Enhancement | None]:
    """Enhancement of each visit in the same comparisons."""
    return [course.against_first[0].enhancement[0], *(one.enhancement[1] for one in course.against_first)]


def meaning_of_visit(course: Course, number: int) -> dict[str, Any] | None:
    """As in ``docs/course.schema.json``; ``number`` counts from 0. None where nothing was interpreted."""
    meaning, rim = meanings_of(course)[number], enhancements_of(course)[number]
    if meaning is None:
        return None
    return {
        "herniation": herniation_dict(meaning.herniation),
        **visit_dict(meaning),
        "rim": None
        if rim is None
        else {
            "completeness": rim.completeness.value,
            "extent_percent": rounded(rim.extent_percent, 1),
            "thickness_mm": rounded(rim.rim_thickness_mm, 2),
            "thickness_interval95_mm": rounded_interval(rim.rim_thickness_interval95_mm, 2),
        },
    }


def clinical_course_dict(course: Course) -> dict[str, Any] | None:
    """The scores as they were given; None where none were."""
    clinical = course.clinical
    if clinical is None:
        return None
    return {
        "onset": None if clinical.onset is None else clinical.onset.isoformat(),
        "visits": [{name: getattr(scores, name) for name, *_ in SCORES} for scores in clinical.visits],
        "joa_recovery_percent": [rounded(recovery_percent(clinical, k), 1) for k in range(len(clinical.visits))],
    }


def recovery_percent(clinical: ClinicalCourse, number: int) -> float | None:
    """Recovery rate of the JOA score from the first visit to another; None for the first itself."""
    return clinical.between(0, number).joa_recovery_percent if number else None


def course_meaning(course: Course) -> dict[str, Any] | None:
    """Rows of text with one cell per visit; None where nothing was interpreted or the course must not be used."""
    meanings = meanings_of(course)
    if not course.usable or all(one is None for one in meanings):
        return None
    last = course.against_first[-1]
    return {
        "rows": [*_terms(meanings), *_places(meanings), *_rims(enhancements_of(course)), *_signals(meanings)],
        "scores": [] if course.clinical is None else _scores(course.clinical),
        "since_onset": _since_onset(course),
        "hints": _hints(course),
        "literature": literature_view(last),
        "remarks": remarks_view(),
    }


def _row(title: str, note: str, cells: Sequence[str]) -> dict[str, Any]:
    return {"title": title, "note": note, "cells": list(cells)}


def _terms(meanings: Sequence[VisitMeaning | None]) -> list[dict[str, Any]]:
    words = [None if one is None else herniation_words(one.herniation) for one in meanings]
    titles = (
        ("type", "Type", "Fardon 2014"),
        ("zones", "Zone", ""),
        ("migration", "Migration", "beyond the disc space"),
    )
    return [
        _row(title, note, [ABSENT if one is None else one[key] or ABSENT for one in words])
        for key, title, note in titles
    ]


def _places(meanings: Sequence[VisitMeaning | None]) -> list[dict[str, Any]]:
    reach = [
        ABSENT
        if one is None or one.migrated is None
        else f"{reach_words(one, 'above_mm')} above, {reach_words(one, 'below_mm')} below"
        for one in meanings
    ]
    return [
        _row("Reach", "beyond the disc space, along the posterior wall", reach),
        _row("Migration type", "after Komori 1996", [ABSENT if one is None else komori_words(one) for one in meanings]),
        _row(
            "Canal taken at the worst place",
            "of sac and fragment",
            [ABSENT if one is None else canal_words(one) for one in meanings],
        ),
    ]


def _rims(rims: Sequence[Enhancement | None]) -> list[dict[str, Any]]:
    """One row, left out where no visit was measured."""
    if all(one is None for one in rims):
        return []
    return [_row("Enhancing rim", "part of the free surface; thickness", [_rim(one) for one in rims])]


def _rim(one: Enhancement | None) -> str:
    if one is None:
        return "not measured"
    told = f"{rim_in_words(one)}, {in_words(one.extent_percent)} %"
    if one.completeness is Completeness.NONE or one.rim_thickness_mm is None:
        return told
    interval = range_in_words(one.rim_thickness_interval95_mm, digits=1)
    return f"{told}; {in_words(one.rim_thickness_mm, digits=1)}{NO_BREAK}mm ({interval})"


def _signals(meanings: Sequence[VisitMeaning | None]) -> list[dict[str, Any]]:
    rows = [
        _row(f"Signal, {ROLE_NAMES[role]}", "fragment to fluid", [_ratio(one, role) for one in meanings])
        for role in SHOWN_SIGNALS
    ]
    return [row for row in rows if any(cell != ABSENT for cell in row["cells"])]


def _ratio(meaning: VisitMeaning | None, role: Role) -> str:
    signal = None if meaning is None else meaning.signals.get(role)
    return ABSENT if signal is None else in_words(signal.fragment_to_csf, digits=2)


def _scores(clinical: ClinicalCourse) -> list[dict[str, Any]]:
    rows = [
        _row(title, note, [in_words(getattr(one, name), digits=digits) for one in clinical.visits])
        for name, title, note, digits in SCORES
        if any(getattr(one, name) is not None for one in clinical.visits)
    ]
    recovery = [recovery_percent(clinical, number) for number in range(len(clinical.visits))]
    if any(value is not None for value in recovery):
        cells = [ABSENT if value is None else f"{in_words(value)} %" for value in recovery]
        rows.append(_row("Recovery rate of the JOA score", "since the first visit, Hirabayashi 1981", cells))
    return rows


def _since_onset(course: Course) -> str:
    if course.clinical is None or course.clinical.onset is None:
        return ""
    months = course.clinical.between(0, -1).months_since_onset(course.visits[0].study_date)
    return "" if months is None else f"Symptoms had begun {in_words(months, digits=1)} months before the first visit."


def _hints(course: Course) -> list[str]:
    """What does not fit a disc fragment, with the visits that show it; each once."""
    told = [
        f"Visits {first} and {second}: {finding.message}"
        for (first, second), one in sorted(course.comparisons.items())
        if one.meaning is not None
        for finding in one.meaning.findings
        if finding.code in HINTS
    ]
    return list(dict.fromkeys(told))
