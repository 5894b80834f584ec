"""What the material is called reaches every form of the report."""

from __future__ import annotations

from pipeline.report.as_csv import csv_row
from pipeline.report.as_html import render_html
from pipeline.report.as_json import report_dict
from pipeline.report.herniation import herniation_of, herniation_words
from pipeline.segmentation.herniation import Herniation, HerniationType, Migration, Side, Vertical, Zone
from tests.report.cases import comparison

SURE = Herniation(
    "L4/L5",
    HerniationType.EXTRUSION,
    zone=Zone.SUBARTICULAR,
    side=Side.LEFT,
    zones=("left subarticular", "central"),
    migration=Migration.DOWN,
    migration_mm=8.6,
    vertical=Vertical.SUPRAPEDICULAR,
    behind="L5",
)


def test_the_fragment_of_the_block_shaped_spine_is_described() -> None:
    pair = comparison()
    found = herniation_of(pair.change.baseline, pair.baseline_anatomy, pair.level)
    assert found.type is HerniationType.EXTRUSION
    assert (found.zone, found.side) == (Zone.CENTRAL, Side.RIGHT)
    assert (found.migration, found.behind) == (Migration.DOWN, "L5")


def test_nothing_is_described_where_nothing_was_found() -> None:
    report = report_dict(comparison(followup_radius_mm=0.0))
    assert report["followup"]["herniation"]["type"] == "none"
    assert report["followup"]["herniation"]["zone"] is None
    row = csv_row(report)
    assert row["baseline_herniation_type"] == "extrusion"
    assert row["followup_herniation_type"] == "none"
    assert row["followup_herniation_zone"] == ""


def test_the_page_names_the_terms_and_their_source() -> None:
    page, _ = render_html(comparison())
    assert "Fardon 2014" in page
    assert "right central" in page


def test_cells_say_what_is_unsure() -> None:
    assert herniation_words(SURE) == {
        "type": "extrusion",
        "zones": "left subarticular, reaching central",
        "migration": "down 9 mm, suprapedicular at L5",
    }
    unsure = Herniation(
        "L4/L5",
        HerniationType.PROTRUSION,
        (HerniationType.PROTRUSION, HerniationType.EXTRUSION),
        Zone.CENTRAL,
        Side.MIDLINE,
        ("central",),
    )
    assert herniation_words(unsure) == {
        "type": "protrusion or extrusion",
        "zones": "central",
        "migration": "at the disc",
    }
