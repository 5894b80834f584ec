"""One visit through loading, segmentation and measurement, with a segmentation that is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pipeline.segmenting
from pipeline.config import Config, SegmentationSettings
from pipeline.dicom.visit import Role, Visit
from pipeline.errors import NoUsableSeriesError, UsageError
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmenting import segment_visit
from pipeline.workflow import compare, follow, load_visit
from tests.dicom.dicom_files import affine_of, save_all, slices
from tests.measurement.visits import seen_by
from tests.report.segmented import segmented

CODES = {
    "UsageError": 2,
    "UnreadableInputError": 3,
    "NoUsableSeriesError": 4,
    "IdentityError": 5,
    "AnatomyError": 6,
    "LevelError": 7,
    "ComparabilityError": 8,
    "ResultNotUsableError": 9,
    "OutputError": 10,
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Visit]:
    """Stands in for the network: the block-shaped spine's own labels. Gives the visits that it was shown."""
    seen: list[Visit] = []

    def known(visit: Visit, settings: SegmentationSettings, *_: object) -> Anatomy:
        seen.append(visit)
        anatomy = segmented().anatomy
        own = {role: one for role, one in anatomy.segmentations.items() if role in visit.series}
        return replace(anatomy, segmentations=own)

    monkeypatch.setattr(pipeline.segmenting, "find_segmenter", lambda name: known)
    return seen


def test_everything_is_measured_and_recorded(asked: list[Visit]) -> None:
    stages: list[str] = []
    result = segment_visit(segmented().visit, progress=stages.append)
    assert stages == list(result.provenance.stage_seconds) == ["load", "segment", "measure"]
    assert set(result.fragments) == set(result.anatomy.levels)
    assert result.measured is Role.SAGITTAL_T2
    assert result.fragments["L4/L5"].measurement.present
    assert not result.fragments["L2/L3"].measurement.present
    assert result.usable


def test_what_an_axial_series_alone_shows_is_no_fragment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two visits in one: sagittal series without, axial ones with a fragment."""
    visit, anatomy = seen_by({Role.SAGITTAL_T2: 0, Role.AXIAL_T2: 900, Role.AXIAL_T1: 900})
    monkeypatch.setattr(pipeline.segmenting, "find_segmenter", lambda name: lambda visit, settings: anatomy)
    result = segment_visit(visit)
    assert set(result.unconfirmed) == {"L4/L5"}
    assert not result.fragments["L4/L5"].measurement.present
    codes = [finding.code for finding in result.findings]
    assert "displaced-material-not-confirmed" in codes
    assert "series-disagree" not in codes, "told once"
    assert result.usable


@pytest.mark.usefixtures("asked")
def test_names_below_the_confidence_asked_for_make_the_result_unusable() -> None:
    settings = Config(segmentation=SegmentationSettings(minimum_level_confidence=0.95))
    result = segment_visit(segmented().visit, config=settings)
    assert not result.usable
    assert [f.code for f in result.findings if f.severity == "error"] == ["level-unsure"]


def test_a_doubtful_name_is_told_and_the_result_stays_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    anatomy = segmented().anatomy
    doubted = replace(anatomy, levels={name: replace(one, confidence=0.6) for name, one in anatomy.levels.items()})
    monkeypatch.setattr(pipeline.segmenting, "find_segmenter", lambda name: lambda visit, settings: doubted)
    result = segment_visit(segmented().visit)
    assert result.usable
    assert "level-doubtful" in {f.code for f in result.findings if f.severity == "warning"}


def test_series_not_asked_for_are_not_shown_to_the_network(asked: list[Visit]) -> None:
    result = segment_visit(segmented().visit, roles=[Role.SAGITTAL_T1])
    assert set(asked[0].series) == set(result.anatomy.segmentations) == {Role.SAGITTAL_T1}
    assert result.measured is Role.SAGITTAL_T1
    assert "series-not-asked-for" in {f.code for f in result.findings}
    with pytest.raises(NoUsableSeriesError, match=r"sagittal_stir; it has sagittal_t2"):
        segment_visit(segmented().visit, roles=[Role.SAGITTAL_STIR])


@pytest.mark.parametrize("roles", [["sagittal_t9"], "sagittal_t9", [9]])
def test_a_role_that_does_not_exist_is_told_with_those_that_do(roles: Any) -> None:
    with pytest.raises(UsageError, match=r"9.* is no kind of series; allowed in roles are sagittal_t2, "):
        segment_visit(segmented().visit, roles=roles)


def test_settings_of_another_kind_are_told_with_what_is_allowed() -> None:
    settings: Any = 3
    for call in (segment_visit, load_visit, compare, lambda source, config: follow([source], config=config)):
        with pytest.raises(UsageError, match=r"config is 3, of type int; a pipeline\.Config or None"):
            call("nowhere", config=settings)


def test_the_errors_that_the_pages_name_are_exported() -> None:
    kinds = {code: getattr(pipeline, name) for name, code in CODES.items()}
    assert {code: kind.exit_code for code, kind in kinds.items()} == {code: code for code in kinds}
    assert pipeline.Role is Role


@pytest.mark.usefixtures("asked")
def test_a_series_in_blocks_says_that_one_is_labelled() -> None:
    made = segmented().visit
    axial = made.series[Role.AXIAL_T2]
    blocks = replace(axial, stacks=(axial.stacks[0], axial.stacks[0]))
    result = segment_visit(replace(made, series={**made.series, Role.AXIAL_T2: blocks}))
    assert "blocks-not-labelled" in {f.code for f in result.findings}


def test_one_of_several_visits_is_chosen_by_its_date(tmp_path: Path) -> None:
    for number, day in enumerate(("20130311", "20130708")):
        array = np.full((8, 128, 128), number, np.uint16)
        save_all(slices(array, affine_of(), study=number, StudyDate=day), tmp_path / day)
    assert load_visit(tmp_path, study_date=date(2013, 7, 8)).study_date == date(2013, 7, 8)
    with pytest.raises(UsageError, match=r"2 visits \(2013-03-11, 2013-07-08\).*--study-date"):
        load_visit(tmp_path)
    with pytest.raises(UsageError, match="no visit of 2014-01-01"):
        load_visit(tmp_path, study_date=date(2014, 1, 1))
