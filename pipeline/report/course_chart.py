"""The curve of a course: volumes with their intervals over time."""

from __future__ import annotations

import math
from typing import Any

from pipeline.course import Course
from pipeline.report.chart import step_of
from pipeline.report.numbers import in_words

WIDTH, HEIGHT = 860.0, 340.0
LEFT, RIGHT, TOP, BOTTOM = 78.0, 40.0, 18.0, 52.0
INSET = 34.0
"""The first visit stands so far behind the axis: half of its date."""
LABEL_GAP = 74.0
"""Dates closer than this to the one before are left out: they would run into each other."""


def course_chart(course: Course) -> dict[str, Any]:
    """Positions in SVG units of points, whiskers, limits of blank, the lines between points, and ticks.

    Neighbouring visits whose comparison must not be used are not joined by a line.
    Time runs in days where every visit has a date, and in equal steps otherwise.
    """
    known = [day for day in course.days if day is not None]
    dated = len(known) == len(course.days) and known[-1] > 0
    at = [float(day) for day in known] if dated else [float(k) for k in range(len(course.visits))]
    shown = [v for f in course.fragments for v in (f.volume_mm3, f.interval95_mm3.high, 2 * f.detection_limit_mm3)]
    largest = max(value for value in shown if math.isfinite(value))
    step = step_of(largest)
    top = math.ceil(largest / step) * step

    def x(value: float) -> float:
        return round(LEFT + INSET + value / at[-1] * (WIDTH - LEFT - INSET - RIGHT), 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - min(max(value, 0.0), top) / top * (HEIGHT - TOP - BOTTOM), 1)

    points = [
        {
            "x": x(place),
            "y": y(fragment.volume_mm3),
            "low": y(fragment.interval95_mm3.low),
            "high": y(fragment.interval95_mm3.high),
            "limit": y(fragment.detection_limit_mm3),
            "present": fragment.present,
            "name": f"Visit {number}",
            "date": "" if visit.study_date is None else visit.study_date.isoformat(),
        }
        for number, (place, visit, fragment) in enumerate(zip(at, course.visits, course.fragments, strict=True), 1)
    ]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "axis": HEIGHT - BOTTOM,
        "points": _spaced(points),
        "lines": _lines(course, points),
        "ticks": [{"y": y(n * step), "text": in_words(n * step)} for n in range(round(top / step) + 1)],
        "dated": dated,
    }


def _lines(course: Course, points: list[dict[str, Any]]) -> list[str]:
    """Runs of neighbouring visits that were compared with each other, each as the points of a line."""
    runs: list[list[str]] = [[]]
    for number, point in enumerate(points, start=1):
        if (number - 1, number) in course.refused:
            runs.append([])
        runs[-1].append(f"{point['x']},{point['y']}")
    return [" ".join(run) for run in runs if len(run) > 1]


def _spaced(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Points with ``labelled``, which is false where a label would run into the one before."""
    last, result = -math.inf, []
    for point in points:
        labelled = point["x"] - last >= LABEL_GAP
        last = point["x"] if labelled else last
        result.append({**point, "labelled": labelled})
    return result
