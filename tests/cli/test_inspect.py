"""``discdelta inspect``: the same facts for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.cli import app
from tests.dicom.dicom_files import affine_of, ramp, save_all, slices


def inspect(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["inspect", *map(str, arguments)])


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A usable sagittal T2 and one that is too short, of two days."""
    affine = affine_of(spacing=(4.0, 1.0, 1.0))
    save_all(slices(ramp((9, 200, 200)), affine, series=1, SeriesDescription="SAG [T2]"), tmp_path / "a")
    later = {"StudyDate": "20130712", "SeriesDescription": "SAG short"}
    save_all(slices(ramp((3, 200, 200)), affine, series=2, study=2, **later), tmp_path / "b")
    (tmp_path / "README").write_text("no image")
    return tmp_path


def test_people_get_a_table_per_visit_with_the_reasons(study: Path) -> None:
    done = inspect(study)
    assert done.exit_code == 0, done.stderr
    first, second = done.stdout.split("Visit of 2013-07-12")
    assert "Visit of 2013-03-11" in first
    assert "SAG [T2]" in first, "brackets in a description are no markup"
    assert "sagittal T2 " in first
    assert "3 slices, asked for at least" in second
    assert "cannot be compared" in second
    assert "file-not-dicom" in second


def test_programs_get_the_same_as_json_and_nothing_else(study: Path) -> None:
    found = json.loads(inspect(study, "--json").stdout)
    assert [visit["study_date"] for visit in found["visits"]] == ["2013-03-11", "2013-07-12"]
    assert [visit["usable"] for visit in found["visits"]] == [True, False]
    assert found["visits"][0]["series"][0]["role"] == "sagittal_t2"
    assert "Phantom" not in json.dumps(found)


def test_nothing_to_read_is_unreadable_input(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("no image")
    for place in (tmp_path, tmp_path / "nowhere"):
        done = inspect(place, "--json")
        assert done.exit_code == 3
        assert done.stdout == ""
        assert done.stderr.startswith("error [unreadable-input]: ")


@pytest.mark.shared_data
def test_a_clinical_study_with_a_text_for_a_date(clinical_study: Path) -> None:
    found = json.loads(inspect(clinical_study, "--json").stdout)
    roles = {line["role"] for line in found["visits"][0]["series"]}
    wanted = {
        "sagittal_t2",
        "sagittal_t1",
        "sagittal_stir",
        "sagittal_t1_post",
        "axial_t2",
        "axial_t1",
        "axial_t1_post",
    }
    assert roles == {*wanted, None}
