"""What stands beside the curve: terms, place, canal, rim, signal, hints and scores of every visit."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import jsonschema

from pipeline.comparison import Comparison
from pipeline.course import Course
from pipeline.findings import Finding, Severity
from pipeline.following import as_course
from pipeline.measurement.meaning.clinical import ClinicalCourse, Scores
from pipeline.report.course_html import render_course, sentence_of
from pipeline.report.course_json import course_dict
from pipeline.report.course_meaning import course_meaning
from tests.report.test_meaning import interpreted

SCORES = ClinicalCourse((Scores(joa=4, vas_leg=8.5), Scores(joa=19), Scores(joa=28, vas_leg=0)), date(2013, 2, 20))


@cache
def course(clinical: ClinicalCourse | None = SCORES) -> Course:
    """A fragment that shrinks and is gone at the third visit."""
    second, third = interpreted(5.0), interpreted(0.0)
    return as_course([second, third], [second, third], second.provenance, clinical)


def rows(one: Course) -> dict[str, list[str]]:
    meaning = course_meaning(one)
    assert meaning is not None
    return {row["title"]: row["cells"] for row in (*meaning["rows"], *meaning["scores"])}


def test_every_visit_has_its_terms_place_and_canal() -> None:
    told = rows(course())
    assert all(len(cells) == 3 for cells in told.values())
    assert told["Type"][:2] == ["extrusion", "extrusion"]
    assert told["Type"][2] == "—"
    assert told["Migration type"][0][0] in "123"
    assert "%" in told["Canal taken at the worst place"][0]
    assert float(told["Signal, Sagittal T2"][0]) > 0


def test_scores_stand_beside_with_the_recovery_since_the_first_visit() -> None:
    told = rows(course())
    assert told["JOA score"] == ["4", "19", "28"]
    assert told["Recovery rate of the JOA score"] == ["—", "60 %", "96 %"]
    assert told["Pain in the leg"] == ["8.5", "—", "0.0"]
    page = render_course(course())
    assert "Symptoms had begun 0.4 months before the first visit." in " ".join(page.split())
    assert "From the literature" in page


def test_without_scores_there_is_no_table_of_them() -> None:
    assert "JOA score" not in rows(course(None))
    assert course_dict(course(None))["clinical"] is None


def test_hints_name_the_visits_that_show_them() -> None:
    pair = interpreted()
    assert pair.meaning is not None
    hint = Finding("signal-like-fluid", Severity.WARNING, "At follow-up it looks like fluid.")
    doubted = replace(pair, meaning=replace(pair.meaning, findings=(hint,)))
    one = as_course([doubted, pair], [doubted, pair], pair.provenance)
    assert course_meaning(one)["hints"] == ["Visits 1 and 2: At follow-up it looks like fluid."]  # type: ignore[index]


def test_json_keeps_to_its_schema(repository: Path) -> None:
    schema = json.loads((repository / "docs" / "course.schema.json").read_text(encoding="utf-8"))
    told = course_dict(course())
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(told)
    assert told["visits"][0]["meaning"]["herniation"]["type"] == "extrusion"
    assert told["visits"][2]["meaning"]["migration"] is None
    assert told["clinical"]["joa_recovery_percent"] == [None, 60.0, 96.0]


def test_nothing_is_made_up_where_nothing_was_interpreted() -> None:
    bare: Comparison = replace(interpreted(), meaning=None)
    one = as_course([bare, bare], [bare, bare], bare.provenance)
    assert course_meaning(one) is None
    assert course_dict(one)["visits"][0]["meaning"] is None


def test_comparisons_with_warnings_are_named_at_the_head() -> None:
    quiet, odd = interpreted(7.5), Finding("odd", Severity.WARNING, "Something odd.")
    loud = replace(quiet, findings=(*quiet.findings, odd))
    head = render_course(as_course([quiet, loud], [quiet, quiet], quiet.provenance)).split("</section>")[0]
    assert re.findall(r'href="([^"]+)#title-findings"', head) == ["visits-1-3/report.html"]
    head = render_course(as_course([quiet, quiet], [quiet, quiet], quiet.provenance)).split("</section>")[0]
    assert "warnings or errors" not in head


def test_a_visit_in_between_that_stands_out_is_told() -> None:
    grown, same = interpreted(9.0), interpreted(7.5)
    one = as_course([grown, same], [grown, same], grown.provenance)
    assert "In between, at visit 2, it measured" in sentence_of(one)
    assert "In between" not in sentence_of(course())


def test_the_time_of_every_stage_is_told() -> None:
    told = course_dict(course())["provenance"]["timing"]["stage_seconds"]
    assert {"load", "load 1 and 2", "load 1 and 3", "load 2 and 3"} <= set(told)
    assert "Time of each stage" in render_course(course())
