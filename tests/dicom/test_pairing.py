"""Who has two visits in an export, whatever the folders look like."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from pipeline.dicom.pairing import PairStatus, PatientPair, pair_visits
from tests.dicom.dicom_files import ramp, save, slices


def write_image(
    path: Path, patient: str, day: str, accession: str = "", *, number: int = 1, name: str = "", study: str = ""
) -> Path:
    """One small MR image; the same arguments give the same UIDs."""
    [image] = slices(
        ramp((1, 4, 4)),
        study=(patient, day, name, study),
        first_number=number,
        PatientID=patient,
        PatientName=name,
        StudyDate=day,
        AccessionNumber=accession,
    )
    return save(image, path)


def only(folder: Path) -> PatientPair:
    found, _ = pair_visits(folder)
    assert len(found) == 1
    return found[0]


def test_first_and_latest_of_three_visits_however_they_are_mixed(tmp_path: Path) -> None:
    for number, (day, accession) in enumerate([("20130712", "A2"), ("20130312", "A1"), ("20140105", "A3")]):
        write_image(tmp_path / f"IM{number}", "P1", day, accession)
        write_image(tmp_path / "deep" / "er" / f"IM{number}", "P1", day, accession, number=2)
    pair = only(tmp_path)
    assert pair.status is PairStatus.PAIR
    assert [str(visit.study_date) for visit in pair.visits] == ["2013-03-12", "2014-01-05"]
    assert [len(visit.sources) for visit in pair.visits] == [2, 2]
    assert pair.accession == "A3"


def test_patients_are_told_apart_by_id_then_by_name_and_nobody_is_guessed(tmp_path: Path) -> None:
    for day in ("20130312", "20130712"):
        write_image(tmp_path / f"one-{day}", "P1", day)
        write_image(tmp_path / f"two-{day}", "", day, name="Doe^Jane")
        write_image(tmp_path / f"nobody-{day}", "Anonymous", day, name="anonymous")
    found, skipped = pair_visits(tmp_path)
    assert sorted(pair.status for pair in found) == ["pair", "pair", "unidentified", "unidentified"]
    assert not skipped


def test_one_visit_or_no_date_is_not_a_pair(tmp_path: Path) -> None:
    write_image(tmp_path / "single" / "IM1", "P1", "20130312")
    assert only(tmp_path / "single").status is PairStatus.SINGLE
    write_image(tmp_path / "undated" / "IM1", "P2", "", study="a")
    write_image(tmp_path / "undated" / "IM2", "P2", "", study="b")
    assert only(tmp_path / "undated").status is PairStatus.UNDATED


def test_inputs_follow_the_images_and_not_their_names(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for number, day in enumerate(("20130312", "20130712")):
        write_image(first / f"IM{number}", "P1", day)
        write_image(second / f"{9 - number}" / "x.dcm", "P1", day)
    assert only(first).inputs == only(second).inputs
    assert only(first).key == only(second).key
    write_image(second / "late.dcm", "P1", "20130712", number=2)
    assert only(first).inputs != only(second).inputs
    assert only(first).key == only(second).key, "a late image belongs to the same pair"


def test_newest_is_the_youngest_file_of_the_pair(tmp_path: Path) -> None:
    for day, stamp in (("20130312", 1_000), ("20130712", 2_000)):
        os.utime(write_image(tmp_path / day, "P1", day), (stamp, stamp))
    assert only(tmp_path).newest == 2_000


def test_accession_numbers_become_safe_names_of_folders_and_stay_apart(tmp_path: Path) -> None:
    names = []
    for number, accession in enumerate(("../../etc", "A/1", "A_1", "", "0000")):
        folder = tmp_path / str(number)
        write_image(folder / "IM1", "P1", "20130312", "first")
        write_image(folder / "IM2", "P1", "20130712", accession)
        names.append(only(folder).accession)
    assert names[2] == "A_1"
    assert len(set(names)) >= 4
    assert not any("/" in name or name.startswith(".") for name in names)
    assert names[3].startswith("no-accession-")


def test_members_of_zips_belong_to_their_patients(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        for day in ("20130312", "20130712"):
            archive.write(write_image(tmp_path / "loose" / day, "P1", day), f"{day}.dcm")
    for path in (tmp_path / "loose").iterdir():
        path.unlink()
    pair = only(tmp_path)
    assert pair.status is PairStatus.PAIR
    assert [visit.sources[0].member for visit in pair.visits] == ["20130312.dcm", "20130712.dcm"]
