"""Write a course into one folder: a report for every comparison, then the course over them, ``course.json`` last."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.course import Course
from pipeline.files import discard, write_text
from pipeline.report.as_csv import csv_text
from pipeline.report.as_json import report_dict, to_text
from pipeline.report.course_html import render_course
from pipeline.report.course_json import course_dict, folder_of
from pipeline.report.write import ReportFiles, write_report


@dataclass(frozen=True)
class CourseFiles:
    """Where everything was written; ``reports`` by the numbers of the visits compared."""

    html: Path
    json: Path
    csv: Path
    reports: dict[tuple[int, int], ReportFiles]


def write_course(course: Course, out: Path | str) -> CourseFiles:
    """Write the course and every comparison into the folder ``out``, replacing an earlier one.

    The page and the table of an earlier run are removed first and ``course.json`` is written last, so that a folder
    holding it is whole.
    ``course.csv`` has one row per comparison, with the columns of ``report.csv``.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """
    out = Path(out)
    finished = out / "course.json"
    discard(out, (finished.name, "course.html", "course.csv"))
    pairs = sorted(course.comparisons.items())
    reports = {pair: write_report(one, out / folder_of(*pair)) for pair, one in pairs}
    write_text(out / "course.html", render_course(course))
    write_text(out / "course.csv", csv_text(report_dict(one) for _, one in pairs))
    write_text(finished, to_text(course_dict(course)))
    return CourseFiles(out / "course.html", finished, out / "course.csv", reports)
