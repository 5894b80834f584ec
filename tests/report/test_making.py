"""How the number was made, how the vertebrae moved, and how long it took: told on the page and in the JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema

from pipeline.comparison import Comparison
from pipeline.config import Config
from pipeline.dicom.visit import Role
from pipeline.findings import Finding, Severity
from pipeline.measurement.change import Interval
from pipeline.registration.alignment import SegmentMotion
from pipeline.report.as_html import environment
from pipeline.report.as_json import report_dict
from pipeline.report.making_html import making_view
from pipeline.report.segments_html import segments_view
from pipeline.report.stages_html import stages_view
from tests.report import cases

T2, T1, AXIAL = Role.SAGITTAL_T2, Role.SAGITTAL_T1, Role.AXIAL_T2
BENT = SegmentMotion("L4/L5", -3.8, 4.1, 1.2, error_deg=0.6, error_mm=0.3)
STILL = SegmentMotion("L5/S1", 0.2, 0.3, 0.1, error_deg=0.5, error_mm=0.2)


def weighed() -> Comparison:
    """Three series, one of which shows a part of the place only; the change was measured directly too."""
    made = cases.comparison(7.5, 6.0)
    fragments = [
        replace(
            one,
            volumes_by_role_mm3={AXIAL: scale * 1.2, T1: scale * 1.1, T2: scale},
            weights_by_role={T1: 0.25, T2: 0.75},
            intervals_by_role_mm3={T1: Interval(scale, 1.3 * scale), T2: Interval(0.9 * scale, 1.1 * scale)},
            alone_mm3=scale + 5,
            surely_seen_mm3=217.0,
        )
        for one, scale in ((made.change.baseline, 1300.0), (made.change.followup, 900.0))
    ]
    return cases.with_change(
        made,
        baseline=fragments[0],
        followup=fragments[1],
        subtracted_mm3=-400.0,
        direct_mm3=-360.0,
        direct_weight=0.75,
    )


def facts(comparison: Comparison) -> dict[str, str]:
    view = making_view(comparison)
    assert view is not None
    return {fact["title"]: fact["text"] for fact in view["facts"]}


def page(view: dict[str, Any] | None) -> str:
    template = environment().get_template("making.html.j2")
    return template.render(making=view, visits=[{"name": "Baseline"}, {"name": "Follow-up"}])


def test_each_series_has_its_volume_interval_and_weight() -> None:
    view = making_view(weighed())
    assert view is not None
    assert [(row["name"], row["weight"]) for row in view["series"]] == [
        ("Sagittal T2", "75 %"),
        ("Sagittal T1", "25 %"),
        ("Axial T2", "none"),
    ]
    assert [row["cells"][1]["interval"] for row in view["series"]] == [
        "810 to 990",
        "900 to 1\u202f170",
        "shows a part of the place only",
    ]
    assert view["together"] == ["1\u202f305\u00a0mm³", "905\u00a0mm³"]


def test_both_measurements_of_the_change_stand_beside_each_other() -> None:
    told = facts(weighed())
    assert told["Difference of the two volumes"] == "−400\u00a0mm³, weight 25 %"
    assert told["Change measured directly"] == "−360\u00a0mm³, weight 75 %; both agree within their errors"
    assert "provisional" in told["Precision profile"] or "simulat" in told["Precision profile"]


def test_a_disagreement_opens_the_table() -> None:
    made = weighed()
    assert '<details class="making">' in page(making_view(made))
    apart = Finding("change-estimates-disagree", Severity.WARNING, "Further apart than their errors explain.")
    warned = replace(made, findings=(apart,))
    assert '<details class="making" open>' in page(making_view(warned))
    assert "differ by more than their errors" in facts(warned)["Change measured directly"]


def test_where_only_subtraction_is_possible_that_is_said() -> None:
    told = facts(cases.comparison(7.5, 0.0))
    assert "not possible" in told["Change measured directly"]
    assert "Difference of the two volumes" not in told


def test_visits_measured_on_different_series_show_both_weights() -> None:
    made = weighed()
    other = replace(made.change.followup, weights_by_role={T1: 1.0})
    view = making_view(cases.with_change(made, followup=other))
    assert view is not None
    assert {row["name"]: row["weight"] for row in view["series"]}["Sagittal T2"] == "75 %, none"


def test_a_result_that_must_not_be_used_shows_none_of_it() -> None:
    assert making_view(cases.comparison(usable=False)) is None


def test_a_profile_of_ones_own_is_named(tmp_path: Path) -> None:
    cell = {"volume_mm3": 800, "thickness_mm": 4.4, "contrast": "middle", "snr": 15, "n": 24, "bias_percent": 0.0,
            "sd_percent": 9.0, "sd_floor_mm3": 20.0, "change_sd_percent": 6.0, "missed_share": 0.0}  # fmt: skip
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"version": 1, "made_with": {"pairs": 240}, "cells": [cell]}), encoding="utf-8")
    measurement = Config().measurement.model_copy(update={"precision_profile": path})
    made = replace(weighed(), config=Config().model_copy(update={"measurement": measurement}))
    assert facts(made)["Precision profile"] == "given in the settings; made from 240 simulated pairs"
    assert report_dict(made)["change"]["precision_profile"] == {"own": True, "provisional": False}


def test_json_holds_all_of_it_and_keeps_to_its_schema(repository: Path) -> None:
    made = weighed()
    made = replace(made, alignment=replace(made.alignment, segments=(BENT, STILL)))
    report = report_dict(made)
    schema = json.loads((repository / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(report)
    fragment = report["baseline"]["fragment"]
    assert fragment["intervals95_by_series_mm3"] == {"sagittal_t1": [1300.0, 1690.0], "sagittal_t2": [1170.0, 1430.0]}
    assert (fragment["alone_mm3"], fragment["surely_seen_mm3"]) == (1305.0, 217.0)
    assert report["registration"]["segments"][0] == {
        "level": "L4/L5",
        "flexion_deg": -3.8,
        "angle_deg": 4.1,
        "angle_error95_deg": 0.6,
        "translation_mm": 1.2,
        "translation_error95_mm": 0.3,
        "notable": True,
    }


def test_movement_of_vertebrae_is_told_in_the_words_of_a_radiologist() -> None:
    bent, still = segments_view([BENT, STILL])
    assert bent["flexion"] == "3.8° extension"
    assert bent["translation"] == "1.2 ± 0.3\u00a0mm"
    assert bent["notable"] is True
    assert (still["flexion"], still["words"]) == ("none beyond error", "within error")
    assert segments_view([replace(BENT, flexion_deg=3.8)])[0]["flexion"] == "3.8° flexion"


def test_every_stage_is_listed_with_its_time() -> None:
    assert stages_view({"load": 1.31, "align": 3.0}) == [
        {"name": "load", "time": "1.3\u00a0s"},
        {"name": "align", "time": "3.0\u00a0s"},
    ]
    assert not stages_view({})
