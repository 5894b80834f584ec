"""The course for other programs: ``course.json``, documented by ``docs/course.schema.json``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pipeline.comparison import Comparison
from pipeline.course import Course
from pipeline.measurement.tracking import Sighting, Track
from pipeline.report.answer import NOTICE
from pipeline.report.as_json import MM_DIGITS, VOLUME_DIGITS, change_dict, provenance_values
from pipeline.report.course_meaning import clinical_course_dict, meaning_of_visit
from pipeline.report.numbers import rounded, rounded_interval
from pipeline.report.redact import Redactor

SCHEMA = "discdelta-course/1.0"


def folder_of(first: int, second: int) -> str:
    """Name of the folder that holds the report of two visits, numbered from 1 on."""
    return f"visits-{first}-{second}"


def course_dict(course: Course) -> dict[str, Any]:
    """The course as plain values, ready for JSON.

    Returns
    -------
    dict
        Keys as in ``docs/course.schema.json``. Byte-equal on a rerun, except for ``provenance.timing``.
    """
    redact = Redactor(*course.visits)
    return {
        "schema": SCHEMA,
        "notice": NOTICE,
        "level": course.level,
        "usable": course.usable,
        "visits": [_visit(course, k) for k in range(len(course.visits))],
        "comparisons": [_comparison(course, pair, one) for pair, one in sorted(course.comparisons.items())],
        "fragments": [_track(track) for track in course.tracks],
        "clinical": clinical_course_dict(course),
        "findings": [
            {"code": f.code, "severity": f.severity.value, "message": f.message}
            for f in redact.findings((*course.visits[-1].findings, *course.findings))
        ],
        "provenance": provenance_values(
            replace(course.provenance, stage_seconds=stage_seconds(course)),
            course.config,
            inputs_sha256=[visit.input_sha256 for visit in course.visits],
        ),
    }


def stage_seconds(course: Course) -> dict[str, float]:
    """Wall time of every stage: those of the visits, then those of each comparison with the numbers of its visits."""
    seconds = dict(course.provenance.stage_seconds)
    for (first, second), one in sorted(course.comparisons.items()):
        for name, value in one.provenance.stage_seconds.items():
            seconds[f"{name} {first} and {second}"] = value
    return seconds


def _visit(course: Course, k: int) -> dict[str, Any]:
    visit, fragment = course.visits[k], course.fragments[k]
    return {
        "number": k + 1,
        "study_date": None if visit.study_date is None else visit.study_date.isoformat(),
        "days": course.days[k],
        "series": fragment.role.value,
        "present": fragment.present,
        "volume_mm3": rounded(fragment.volume_mm3, VOLUME_DIGITS),
        "interval95_mm3": rounded_interval(fragment.interval95_mm3, VOLUME_DIGITS),
        "alone_mm3": rounded(fragment.alone_mm3, VOLUME_DIGITS),
        "detection_limit_mm3": rounded(fragment.detection_limit_mm3, VOLUME_DIGITS),
        "surely_seen_mm3": rounded(fragment.surely_seen_mm3, VOLUME_DIGITS),
        "meaning": meaning_of_visit(course, k),
    }


def _comparison(course: Course, pair: tuple[int, int], one: Comparison) -> dict[str, Any]:
    return {
        "visits": list(pair),
        "report": f"{folder_of(*pair)}/report.json",
        **change_dict(one),
        "on_the_curve_mm3": rounded(course.on_the_curve(*pair)[0], VOLUME_DIGITS),
    }


def _track(track: Track) -> dict[str, Any]:
    return {
        "name": track.name,
        "joined": list(track.joined),
        "sightings": [None if one is None else _sighting(one) for one in track.sightings],
    }


def _sighting(one: Sighting) -> dict[str, Any]:
    return {
        "volume_mm3": rounded(one.volume_mm3, VOLUME_DIGITS),
        "parts": one.parts,
        "centroid_lps_mm": [rounded(value, MM_DIGITS) for value in one.centroid_lps_mm],
    }
