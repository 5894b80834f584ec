"""What ``inspect`` gives, on small exports and on a real study, whole and stripped of its headers."""

from __future__ import annotations

import json
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import CTImageStorage

from pipeline.dicom.inspection import Inspection, inspect
from pipeline.dicom.visit import Role
from pipeline.dicom.visits import load_visit
from tests.dicom.dicom_files import ramp, save_all, slices, uid
from tests.dicom.test_visits import series, study

CLINICAL = {
    2: None,
    3: Role.SAGITTAL_T2,
    4: Role.SAGITTAL_T1,
    5: Role.SAGITTAL_STIR,
    6: Role.AXIAL_T2,
    7: Role.AXIAL_T1,
    8: Role.SAGITTAL_T1_POST,
    9: Role.AXIAL_T1_POST,
}


def roles_of(inspection: Inspection) -> dict[int | None, Role | None]:
    (visit,) = inspection.visits
    return {line.number: line.role for line in visit.series}


def stripped(study_folder: Path, target: Path, keywords: tuple[str, ...]) -> Path:
    """A copy of a study without some attributes."""
    target.mkdir()
    for number, path in enumerate(sorted(p for p in study_folder.rglob("*") if p.is_file())):
        dataset = pydicom.dcmread(path)
        for keyword in keywords:
            if keyword in dataset:
                del dataset[keyword]
        dataset.save_as(target / f"{number:04d}")
    return target


def test_lines_roles_and_reasons(tmp_path: Path) -> None:
    study(tmp_path)
    series(tmp_path, 5, SeriesDescription="localizer")
    inspection = inspect(tmp_path)
    (visit,) = inspection.visits
    assert visit.study_date == "2013-03-11"
    assert visit.usable
    assert [(line.number, line.role, line.slices) for line in visit.series] == [
        (1, Role.SAGITTAL_T2, 8),
        (2, Role.SAGITTAL_T1, 8),
        (5, None, 8),
    ]
    assert visit.series[2].reason == "localizer"
    assert Role.SAGITTAL_STIR in visit.missing_roles


def test_plain_data_for_json_without_identity(tmp_path: Path) -> None:
    (study(tmp_path) / "notes.txt").write_text("no image")
    text = json.dumps(inspect(tmp_path).to_dict())
    data = json.loads(text)
    assert data["schema"] == "discdelta-inspection/1"
    assert data["visits"][0]["series"][0]["role"] == "sagittal_t2"
    assert data["visits"][0]["series"][0]["spacing_mm"] == [4.0, 1.0, 1.0]
    assert data["skipped"][0]["reason"] == "file-not-dicom"
    assert "Phantom" not in text


def test_nobody_is_named_by_a_description_or_the_name_of_a_file(tmp_path: Path) -> None:
    """People at scanners type names into descriptions, and letters beside the images are called after patients."""
    who = {"PatientName": "Zwiebelfisch^Kunigunde", "PatientID": "QX778812", "PatientBirthDate": "19710203"}
    said = {"SeriesDescription": "T2 TSE SAG Zwiebelfisch QX778812", "OtherPatientIDs": "ZZ-4711"}
    study(tmp_path, **who, **said)
    series(tmp_path, 7, **who, SeriesDescription="LOC KUNIGUNDE_1971-02-03 zz-4711")
    for name in ("Zwiebelfisch_Kunigunde_befund.txt", "kunigunde 03.02.1971.txt", "notes.txt", "ID QX778812.pdf"):
        (tmp_path / name).write_text("no image")
    text = json.dumps(inspect(tmp_path).to_dict(), ensure_ascii=False)
    for word in ("zwiebelfisch", "kunigunde", "qx778812", "1971", "4711"):
        assert word not in text.lower()
    assert "T2 TSE SAG … …" in text
    assert "notes.txt" in text
    visit = load_visit(tmp_path)
    shown = repr((visit.candidates, visit.findings, [one.facts.series_description for one in visit.series.values()]))
    assert "zwiebelfisch" not in shown.lower()


def test_names_in_what_is_left_out_count_too(tmp_path: Path) -> None:
    """The other modality's file may be the only one that knows the patient's name."""
    save_all(slices(series=3, Modality="CT", SOPClassUID=CTImageStorage, PatientName="Zwiebelfisch^K"), tmp_path / "ct")
    study(tmp_path, PatientName="", PatientID="")
    (tmp_path / "Zwiebelfisch.txt").write_text("no image")
    assert "Zwiebelfisch" not in json.dumps(inspect(tmp_path).to_dict())


def test_a_patient_called_like_a_plane_or_a_contrast_state_changes_no_role(tmp_path: Path) -> None:
    study(tmp_path, PatientName="Sag^Post", SeriesDescription="T2 sag sagittal post-op")
    (visit,) = inspect(tmp_path).visits
    assert visit.series[0].description == "T2 … sagittal …-op"
    assert visit.series[0].role is Role.SAGITTAL_T2


def test_several_patients_are_shown_not_refused(tmp_path: Path) -> None:
    study(study(tmp_path), 2, "20130702", PatientID="OTHER")
    inspection = inspect(tmp_path)
    assert len(inspection.visits) == 2
    (differs,) = (finding for finding in inspection.findings if finding.code == "identity-differs")
    assert "give `discdelta compare` the option" in differs.message, "inspect itself has no such option"


def test_a_localizer_of_single_slices_is_told_once(tmp_path: Path) -> None:
    study(tmp_path)
    turned = [(1, 0, 0, 0, 1, 0), (0, 1, 0, 0, 0, -1), (1, 0, 0, 0, 0, -1)]
    for number, cosines in enumerate(turned):
        (one,) = slices(ramp((1, 5, 4)), series=9, SeriesDescription="LOC")
        one.ImageOrientationPatient, one.SOPInstanceUID = list(cosines), uid("loc", number)
        save_all([one], tmp_path / f"loc{number}")
    inspection = inspect(tmp_path)
    assert [finding.code for finding in inspection.findings].count("single-slice") == 1


def test_a_single_thing_left_out_is_one(tmp_path: Path) -> None:
    (study(tmp_path) / "notes.txt").write_text("no image")
    messages = [finding.message for finding in inspect(tmp_path).findings]
    assert "Left out 1 file that is not DICOM: notes.txt." in messages


def test_a_folder_without_a_usable_series_can_be_inspected(tmp_path: Path) -> None:
    save_all(slices(series=1), tmp_path)
    (visit,) = inspect(tmp_path).visits
    assert not visit.usable
    assert visit.series[0].role is None


@pytest.mark.shared_data
def test_every_series_of_a_clinical_study(clinical_study: Path) -> None:
    inspection = inspect(clinical_study)
    assert roles_of(inspection) == CLINICAL
    assert {line.reason for line in inspection.visits[0].series if line.number == 2} == {"localizer"}
    found = {finding.code for finding in (*inspection.findings, *inspection.visits[0].findings)}
    assert {"study-date-unusable", "contrast-attribute-misused", "identity-unverified"} <= found


@pytest.mark.shared_data
def test_the_clinical_study_without_names_and_contrast_attributes(clinical_study: Path, tmp_path: Path) -> None:
    """Post-contrast series are found by their pixels alone."""
    names = ("SeriesDescription", "ProtocolName", "StudyDescription", "ContrastBolusAgent", "ContrastBolusVolume")
    inspection = inspect(stripped(clinical_study, tmp_path / "bare", (*names, "ContrastBolusTotalDose")))
    assert roles_of(inspection) == CLINICAL
    assert "contrast-from-pixels" in {finding.code for finding in inspection.visits[0].findings}


@pytest.mark.shared_data
def test_the_clinical_study_without_any_telling_header(clinical_study: Path, tmp_path: Path) -> None:
    """With neither physics nor names, fluid and enhancement in the pixels still give every series its role."""
    names = ("SeriesDescription", "ProtocolName", "StudyDescription", "ContrastBolusAgent", "ContrastBolusVolume")
    physics = ("RepetitionTime", "EchoTime", "InversionTime", "FlipAngle", "ScanningSequence", "SequenceVariant")
    rest = ("ContrastBolusTotalDose", "ScanOptions", "SequenceName", "EchoTrainLength", "Manufacturer", "Modality")
    inspection = inspect(stripped(clinical_study, tmp_path / "bare", (*names, *physics, *rest)))
    assert roles_of(inspection) == CLINICAL
    assert "weighting-from-pixels" in {finding.code for finding in inspection.visits[0].findings}
