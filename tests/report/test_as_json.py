"""report.json keeps to its schema, is the same on every run, and tells nobody who was examined."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from pipeline.findings import Finding, Severity
from pipeline.measurement.change import Interval
from pipeline.report.as_json import provenance_file, report_dict, to_text
from tests.report import cases


@pytest.fixture(scope="module")
def validator(repository: Path) -> jsonschema.Draft202012Validator:
    schema = json.loads((repository / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize(
    ("radii", "category"),
    [
        ((7.5, 5.0), "partial"),
        ((7.5, 0.0), "complete"),
        ((6.0, 6.0), "no_detectable_change"),
        ((5.0, 7.5), "growth"),
        ((0.0, 6.0), "new"),
        ((0.0, 0.0), "no_detectable_change"),
    ],
)
def test_every_category_keeps_to_the_schema(
    validator: jsonschema.Draft202012Validator, radii: tuple[float, float], category: str
) -> None:
    report = json.loads(to_text(report_dict(cases.comparison(*radii))))
    validator.validate(report)
    assert report["change"]["category"] == category
    assert report["baseline"]["fragment"]["present"] is (radii[0] > 0)
    assert report["followup"]["fragment"]["present"] is (radii[1] > 0)


def test_missing_facts_and_a_result_that_must_not_be_used(validator: jsonschema.Draft202012Validator) -> None:
    report = report_dict(cases.comparison(usable=False, dates=(None, None)))
    validator.validate(json.loads(to_text(report)))
    assert report["change"]["usable"] is False
    assert report["change"]["interval_days"] is None
    assert report["baseline"]["study_date"] is None
    assert any(f["severity"] == "error" for f in report["findings"])


def test_schema_describes_every_field_that_is_written(validator: jsonschema.Draft202012Validator) -> None:
    report = report_dict(cases.comparison())
    report["surprise"] = 1
    with pytest.raises(jsonschema.ValidationError, match="surprise"):
        validator.validate(report)


def test_two_runs_differ_in_timing_only() -> None:
    first = cases.comparison()
    again = cases.comparison.__wrapped__()
    again = replace(
        again,
        provenance=replace(again.provenance, started_at="2027-01-01T00:00:00+00:00", stage_seconds={"load": 9.0}),
    )
    reports = [report_dict(first), report_dict(again)]
    assert to_text(reports[0]) != to_text(reports[1])
    for report in reports:
        del report["provenance"]["timing"]
    assert to_text(reports[0]) == to_text(reports[1])


def test_values_that_json_cannot_hold_become_null(validator: jsonschema.Draft202012Validator) -> None:
    comparison = cases.with_change(
        cases.comparison(),
        resorption_rate_percent=math.nan,
        resorption_rate_interval95_percent=Interval(-math.inf, 80.0),
        delta_mm3=-0.0,
    )
    report = json.loads(to_text(report_dict(comparison)))
    validator.validate(report)
    assert report["change"]["resorption_rate_percent"] is None
    assert report["change"]["resorption_rate_interval95_percent"] == [None, 80.0]
    assert math.copysign(1, report["change"]["delta_mm3"]) == 1


def test_matrix_maps_the_centroid_of_one_visit_near_that_of_the_other() -> None:
    report = report_dict(cases.comparison(6.0, 6.0))
    matrix = np.array(report["registration"]["baseline_to_followup"])
    there = matrix @ np.array([*report["baseline"]["fragment"]["centroid_lps_mm"], 1.0])
    assert np.linalg.norm(there[:3] - report["followup"]["fragment"]["centroid_lps_mm"]) < 1.5


def test_nobody_can_tell_who_was_examined_or_where() -> None:
    findings = (
        Finding("slice-missing", Severity.WARNING, "A slice is missing in /data/export/Musterfrau/IM0007 of ERIKA."),
    )
    comparison = cases.comparison(description="t2 Musterfrau", findings=findings)
    for text in (to_text(report_dict(comparison)), to_text(provenance_file(comparison))):
        for secret in ("usterfrau", "rika", "778899", "19610412", "ACC-4711", "/data/export"):
            assert secret.lower() not in text.lower()
    assert "IM0007" in to_text(report_dict(comparison))


def test_findings_of_the_report_itself_come_last() -> None:
    extra = Finding("report-pictures-reduced", Severity.INFO, "Smaller pictures.")
    codes: list[Any] = [f["code"] for f in report_dict(cases.comparison(), (extra,))["findings"]]
    assert codes == ["slice-gap", "report-pictures-reduced"]
