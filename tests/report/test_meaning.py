"""What a change means reaches every form of the report, and the scores stand beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pipeline.comparison import Comparison
from pipeline.findings import Finding, Severity
from pipeline.measurement.meaning.clinical import Clinical, Scores
from pipeline.measurement.meaning.interpret import interpret
from pipeline.report.as_csv import COLUMNS, csv_row
from pipeline.report.as_html import environment
from pipeline.report.as_json import report_dict, to_text
from pipeline.report.meaning_html import literature_view, meaning_view
from tests.report import cases

SCORES = Clinical(Scores(joa=4, odi_percent=62, vas_leg=8.5), Scores(joa=28, odi_percent=4), date(2013, 2, 20))


@cache
def interpreted(followup_radius_mm: float = 5.0) -> Comparison:
    """A comparison with its meaning and with scores."""
    pair = cases.comparison(7.5, followup_radius_mm)
    meaning = interpret(
        pair.baseline,
        pair.baseline_anatomy,
        pair.followup,
        pair.followup_anatomy,
        pair.change,
        level=pair.level,
        settings=pair.config.measurement,
    )
    return replace(pair, meaning=meaning, clinical=SCORES)


def section(comparison: Comparison) -> str:
    """The section of the page alone."""
    template = environment().get_template("meaning.html.j2")
    visits = [{"name": "Baseline"}, {"name": "Follow-up"}]
    return template.render(meaning=meaning_view(comparison), visits=visits)


@pytest.mark.parametrize("radius", [5.0, 0.0])
def test_json_keeps_to_the_schema(repository: Path, radius: float) -> None:
    schema = json.loads((repository / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    report: dict[str, Any] = json.loads(to_text(report_dict(interpreted(radius))))
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(report)
    before, after = report["meaning"]["baseline"], report["meaning"]["followup"]
    assert before["canal"]["percent"] > (after["canal"]["percent"] or 0)
    assert (after["migration"] is None) is (radius == 0)
    assert before["signal"]["sagittal_t2"]["voxels"]["fragment"] >= 12
    assert {row["group"] for row in report["meaning"]["literature"] if row["fits"]} >= {"extrusion", "any herniation"}
    assert report["clinical"]["joa_recovery_percent"] == 96.0
    assert report["clinical"]["months_since_onset"] == [0.4, 4.5]


def test_without_meaning_and_scores_both_are_null_and_cells_empty() -> None:
    report = report_dict(cases.comparison())
    assert report["meaning"] is report["clinical"] is None
    row = csv_row(report)
    assert row["baseline_canal_percent"] == row["onset"] == row["joa_recovery_percent"] == ""


def test_one_row_holds_place_canal_signal_and_scores() -> None:
    report = report_dict(interpreted())
    row = csv_row(report)
    assert tuple(row) == COLUMNS
    assert row["baseline_canal_low_percent"] < row["baseline_canal_percent"] < row["baseline_canal_high_percent"]
    assert row["canal_change_points"] < 0
    assert row["baseline_komori_type"] in (1, 2, 3)
    assert row["followup_t2_fragment_to_csf"] == pytest.approx(170 / 520, rel=0.12)
    assert (row["baseline_joa"], row["followup_joa"], row["followup_vas_leg"]) == (4, 28, "")


def test_the_page_shows_all_of_it() -> None:
    page = section(interpreted())
    for text in ("Canal taken at the worst place", "after Komori 1996", "Fragment to fluid", "recovery rate 96 %"):
        assert text in page
    assert "Symptoms had begun 0.4 months before the baseline" in page
    assert "From the literature" in page
    assert page.index("67 %") < page.index("Other groups")  # what fits comes first


def test_published_times_are_listed_by_nearness_and_no_cell_is_empty() -> None:
    """The pair lies 126 days apart, 4.1 months: 6 months are nearer than 2, and 12 are farthest."""
    rows = literature_view(interpreted())
    times = [row["group"] for row in rows if row["topic"] == "Time between images"]
    assert times == [f"{months} months (here 4.1)" for months in (6, 2, 12)]
    assert all(row[cell] for row in rows for cell in ("topic", "group", "share", "counted", "outcome", "source"))


def test_hints_stand_at_the_top_of_the_section() -> None:
    pair = interpreted()
    assert pair.meaning is not None
    hint = Finding("signal-like-fluid", Severity.WARNING, "At baseline it looks like fluid.")
    other = Finding("canal-not-measured", Severity.INFO, "The canal was not measured.")
    page = section(replace(pair, meaning=replace(pair.meaning, findings=(hint, other))))
    assert page.index(hint.message) < page.index("after Komori 1996")
    assert other.message not in page


def test_a_result_that_must_not_be_used_shows_none_of_it() -> None:
    assert meaning_view(cases.with_change(interpreted(), usable=False)) is None
    assert meaning_view(cases.comparison()) is None
