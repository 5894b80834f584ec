"""Any number of visits of one patient come in the order of time."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipeline.config import DicomSettings
from pipeline.dicom.course import count_visits, load_course
from pipeline.dicom.visits import load_visit
from pipeline.errors import IdentityError, UsageError
from tests.dicom.test_visits import codes, study

DAYS = ("20130311", "20130720", "20140105")


def three(folder: Path) -> list[Path]:
    return [study(folder / day, number, day) for number, day in enumerate(DAYS, start=1)]


def test_visits_are_put_in_the_order_of_time(tmp_path: Path) -> None:
    first, second, third = three(tmp_path)
    visits = load_course([third, first, second])
    assert [visit.study_date for visit in visits] == [date(2013, 3, 11), date(2013, 7, 20), date(2014, 1, 5)]
    assert "visits-reordered" in codes(visits[-1])
    assert "visits-reordered" not in codes(load_course([first, second, third])[-1])


def test_one_folder_may_hold_them_all(tmp_path: Path) -> None:
    three(tmp_path)
    assert count_visits(tmp_path) == 3
    visits = load_course([tmp_path])
    assert [visit.study_date for visit in visits] == [date(2013, 3, 11), date(2013, 7, 20), date(2014, 1, 5)]
    assert "visits-between-left-out" not in codes(visits[-1])


def test_loaded_visits_and_folders_may_be_mixed(tmp_path: Path) -> None:
    first, second, third = three(tmp_path)
    assert len(load_course([load_visit(first), second, load_visit(third)])) == 3


def test_two_are_a_pair(tmp_path: Path) -> None:
    first, second, _ = three(tmp_path)
    assert len(load_course([second, first])) == 2


def test_undated_visits_stay_as_given(tmp_path: Path) -> None:
    first, second, _ = three(tmp_path)
    undated = study(tmp_path / "undated", 9, "")
    visits = load_course([undated, second, first])
    assert [visit.study_date for visit in visits] == [None, date(2013, 7, 20), date(2013, 3, 11)]
    assert "order-as-given" in codes(visits[-1])


def test_the_same_images_twice_are_told(tmp_path: Path) -> None:
    first, second, _ = three(tmp_path)
    assert "visits-identical" in codes(load_course([first, second, first])[-1])


def test_another_patient_is_refused_unless_asked_for(tmp_path: Path) -> None:
    first, second, _ = three(tmp_path)
    other = study(tmp_path / "other", 7, "20150101", PatientID="someone else", PatientName="Else^Someone")
    with pytest.raises(IdentityError):
        load_course([first, second, other])
    assert len(load_course([first, second, other], DicomSettings(allow_different_patients=True))) == 3


def test_a_single_visit_is_no_course(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Only one visit"):
        load_course([load_visit(three(tmp_path)[0])])
