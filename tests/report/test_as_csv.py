"""One row per comparison, the same columns whatever happened."""

from __future__ import annotations

import csv
import io

from pipeline.report.as_csv import COLUMNS, csv_row, csv_text
from pipeline.report.as_json import report_dict
from tests.report import cases


def test_header_and_rows_of_unlike_comparisons_share_columns() -> None:
    reports = [report_dict(cases.comparison()), report_dict(cases.comparison(0.0, 0.0, dates=(None, None)))]
    rows = list(csv.DictReader(io.StringIO(csv_text(reports))))
    assert list(rows[0]) == list(COLUMNS)
    assert rows[0]["category"] == "partial"
    assert rows[0]["interval_days"] == "126"
    assert float(rows[0]["baseline_volume_low_mm3"]) < float(rows[0]["baseline_volume_mm3"])
    assert rows[1]["baseline_date"] == ""
    assert rows[1]["resorption_rate_percent"] == ""
    assert rows[1]["baseline_present"] == "false"
    assert csv_text(reports).count("\n") == 3


def test_text_that_a_spreadsheet_would_run_is_defused() -> None:
    report = report_dict(cases.comparison())
    report["level"]["name"] = '=HYPERLINK("http://example.org")'
    row = csv_row(report)
    assert row["level"].startswith("'=")
    assert row["delta_mm3"] < 0  # a negative number is not text


def test_the_limit_of_detection_stands_beside_that_of_blank() -> None:
    report = report_dict(cases.comparison(7.5, 0.0))
    report["followup"]["fragment"]["surely_seen_mm3"] = 457.0
    assert csv_row(report)["followup_surely_seen_mm3"] == 457.0
    report["followup"]["fragment"]["surely_seen_mm3"] = None
    assert csv_row(report)["followup_surely_seen_mm3"] in {"", None}
