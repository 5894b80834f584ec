"""Visits from files: split, merged, ordered, refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.config import DicomSettings
from pipeline.dicom.visit import Role, Visit
from pipeline.dicom.visits import load_pair, load_visit, load_visits
from pipeline.errors import IdentityError, NoUsableSeriesError, UnreadableInputError, UsageError
from tests.dicom.dicom_files import AXIAL, affine_of, save_all, save_compressed, slices, spoil_stream

T1 = {"RepetitionTime": "550", "EchoTime": "11"}
SHAPE = (8, 128, 128)


def series(folder: Path, number: int = 1, study: object = 1, **attributes: object) -> None:
    """A small sagittal T2 (or what the attributes make of it)."""
    array = np.full(SHAPE, number, np.uint16)
    attributes = {"AcquisitionTime": f"10{number:02d}00", **attributes}
    made = slices(array, affine_of(spacing=(4.0, 1.0, 1.0)), series=number, study=study, **attributes)
    save_all(made, folder / f"{study}" / f"{number}")


def study(folder: Path, uid: object = 1, date: str = "20130311", **attributes: object) -> Path:
    """A sagittal T2 and T1 of one examination."""
    series(folder, 1, uid, StudyDate=date, **attributes)
    series(folder, 2, uid, StudyDate=date, **T1, **attributes)
    return folder


def codes(visit: Visit) -> set[str]:
    return {finding.code for finding in visit.findings}


def test_one_visit(tmp_path: Path) -> None:
    visit = load_visit(study(tmp_path))
    assert list(visit.series) == [Role.SAGITTAL_T2, Role.SAGITTAL_T1]
    assert visit.series[Role.SAGITTAL_T2].volume.shape == SHAPE
    assert visit.study_date is not None
    assert visit.study_date.isoformat() == "2013-03-11"
    assert visit.series[Role.SAGITTAL_T1].facts.repetition_time_ms == 550.0
    assert len(visit.series[Role.SAGITTAL_T1].stacks[0].sop_instance_uids) == SHAPE[0]
    assert not codes(visit)


def test_text_and_lists_of_files_are_taken_too(tmp_path: Path) -> None:
    study(tmp_path)
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    by_folder, by_files = load_visit(str(tmp_path)), load_visit(files[::-1])
    assert by_files.input_sha256 == by_folder.input_sha256
    with pytest.raises(UsageError, match="empty list"):
        load_visit([])


def test_the_hash_covers_contents_and_only_contents_of_what_is_used(tmp_path: Path) -> None:
    one = load_visit(study(tmp_path / "a"))
    renamed = study(tmp_path / "b")
    for number, path in enumerate(sorted(p for p in renamed.rglob("*") if p.is_file())):
        path.rename(path.with_name(f"{99 - number}.xyz"))
    series(renamed, 9, SeriesDescription="localizer")
    assert load_visit(renamed).input_sha256 == one.input_sha256
    assert load_visit(study(tmp_path / "c", AccessionNumber="7")).input_sha256 != one.input_sha256


def test_two_dates_are_two_visits_in_order(tmp_path: Path) -> None:
    study(study(tmp_path, 2, "20130702"), 1, "20130311")
    assert [str(visit.study_date) for visit in load_visits(tmp_path)] == ["2013-03-11", "2013-07-02"]
    with pytest.raises(UsageError, match=r"2 visits \(2013-03-11, 2013-07-02\)"):
        load_visit(tmp_path)


def test_two_dates_under_one_study_uid_are_still_two_visits(tmp_path: Path) -> None:
    series(tmp_path, 1, StudyDate="20130311")
    series(tmp_path, 2, StudyDate="20130702")
    assert len(load_visits(tmp_path)) == 2


def test_two_studies_of_one_day_are_one_visit(tmp_path: Path) -> None:
    series(tmp_path, 1, study="a")
    series(tmp_path, 2, study="b", **T1)
    visit = load_visit(tmp_path)
    assert set(visit.series) == {Role.SAGITTAL_T2, Role.SAGITTAL_T1}
    assert {"studies-merged", "frame-of-reference-differs"} <= codes(visit)


@pytest.mark.filterwarnings("ignore:Invalid value for VR DA")
@pytest.mark.parametrize("date", ["", "00000000", "18500101"])
def test_an_unusable_date_is_told(tmp_path: Path, date: str) -> None:
    visit = load_visit(study(tmp_path, date=date))
    assert visit.study_date is None
    assert "study-date-unusable" in codes(visit)


def test_the_series_date_stands_in_for_the_study_date(tmp_path: Path) -> None:
    assert str(load_visit(study(tmp_path, date="", SeriesDate="20130312")).study_date) == "2013-03-12"


def test_a_pair_is_put_in_the_order_of_time(tmp_path: Path) -> None:
    early, late = study(tmp_path / "a", 1, "20130311"), study(tmp_path / "b", 2, "20130702")
    first, second = load_pair(early, late)
    assert (str(first.study_date), str(second.study_date)) == ("2013-03-11", "2013-07-02")
    assert not codes(second)
    first, second = load_pair(late, early)
    assert (str(first.study_date), str(second.study_date)) == ("2013-03-11", "2013-07-02")
    assert "visits-reordered" in codes(second)


def test_loaded_visits_make_a_pair_too(tmp_path: Path) -> None:
    early, late = study(tmp_path / "a", 1, "20130311"), study(tmp_path / "b", 2, "20130702")
    first, second = load_pair(load_visit(late), early)
    assert str(first.study_date) == "2013-03-11"
    assert "visits-reordered" in codes(second)


def test_one_folder_may_hold_both_visits_or_more(tmp_path: Path) -> None:
    study(study(tmp_path, 1, "20130311"), 2, "20130702")
    first, second = load_pair(tmp_path)
    assert (str(first.study_date), str(second.study_date)) == ("2013-03-11", "2013-07-02")
    study(tmp_path, 3, "20130501")
    first, second = load_pair(tmp_path)
    assert (str(first.study_date), str(second.study_date)) == ("2013-03-11", "2013-07-02")
    assert "visits-between-left-out" in codes(second)


def test_of_several_series_those_are_compared_that_suit_each_other(tmp_path: Path) -> None:
    early, late = study(tmp_path / "a", 1, "20130311"), study(tmp_path / "b", 2, "20130702")
    fat = {"SeriesDescription": "t2 fs sag", "ScanOptions": "FS"}
    series(late, 3, 2, StudyDate="20130702", **fat)
    for path in (early / "1" / "1").iterdir():
        path.unlink()
    series(early, 1, 1, StudyDate="20130311", **fat)
    first, second = load_pair(early, late)
    assert [visit.series[Role.SAGITTAL_T2].facts.series_number for visit in (first, second)] == [1, 3]
    assert "series-matched" in codes(second)
    assert load_visit(late).series[Role.SAGITTAL_T2].facts.series_number == 1


def test_a_visit_with_nothing_but_axial_series_says_that_these_cannot_be_measured_alone(tmp_path: Path) -> None:
    affine = affine_of(AXIAL, spacing=(4.0, 1.0, 1.0))
    save_all(slices(np.full((12, 200, 200), 1, np.uint16), affine, series=4, SeriesDescription="T2 AX"), tmp_path)
    with pytest.raises(NoUsableSeriesError, match="axial T2 cannot be measured alone") as error:
        load_visit(tmp_path)
    assert "serve as sagittal T2" in str(error.value)


def test_one_folder_with_one_visit_is_no_pair(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="single visit"):
        load_pair(study(tmp_path))


def test_a_prior_that_was_sent_along_is_left_out(tmp_path: Path) -> None:
    prior = study(tmp_path / "a", 1, "20130311")
    both = study(study(tmp_path / "b", 1, "20130311"), 2, "20130702")
    first, second = load_pair(prior, both)
    assert (str(first.study_date), str(second.study_date)) == ("2013-03-11", "2013-07-02")
    assert "visit-left-out" in codes(second)


def test_a_side_with_two_other_visits_is_refused(tmp_path: Path) -> None:
    two = study(study(tmp_path / "a", 1, "20130311"), 2, "20130702")
    with pytest.raises(UsageError, match="2 visits"):
        load_pair(two, study(tmp_path / "b", 3, "20140101"))


def test_undated_visits_are_taken_as_given(tmp_path: Path) -> None:
    one, other = study(tmp_path / "a", 1, "", AccessionNumber="A"), study(tmp_path / "b", 2, "", AccessionNumber="B")
    first, second = load_pair(other, one)
    assert (first.accession_number, second.accession_number) == ("B", "A")
    assert "order-as-given" in codes(second)


def test_a_visit_with_itself(tmp_path: Path) -> None:
    first, second = load_pair(study(tmp_path), tmp_path)
    assert first.input_sha256 == second.input_sha256
    assert "visits-identical" in codes(second)


def test_different_patients_are_refused_unless_asked_for(tmp_path: Path) -> None:
    one, other = study(tmp_path / "a"), study(tmp_path / "b", 2, "20130702", PatientID="OTHER", PatientSex="F")
    with pytest.raises(IdentityError, match="PatientID and sex"):
        load_pair(one, other)
    _, second = load_pair(one, other, DicomSettings(allow_different_patients=True))
    assert "identity-override" in codes(second)


def test_two_patients_in_one_folder_are_refused(tmp_path: Path) -> None:
    study(study(tmp_path), 2, PatientID="OTHER")
    with pytest.raises(IdentityError, match="The images given differ in PatientID"):
        load_visit(tmp_path)


def test_no_usable_series_names_what_was_found(tmp_path: Path) -> None:
    series(tmp_path, 1, SeriesDescription="localizer")
    with pytest.raises(NoUsableSeriesError, match=r"series 1 .*localizer"):
        load_visit(tmp_path)


def test_nothing_there(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(UnreadableInputError, match="no MR image"):
        load_visit(tmp_path)
    with pytest.raises(UnreadableInputError, match="Cannot read"):
        load_visit(tmp_path / "nowhere")


def test_an_examination_of_something_else_is_left_out(tmp_path: Path) -> None:
    study(tmp_path)
    series(tmp_path, 5, "knee", StudyDate="20130401", SeriesDescription="knee t2 sag")
    visit = load_visit(tmp_path)
    assert str(visit.study_date) == "2013-03-11"
    assert "visit-without-series" in codes(visit)


def test_a_series_that_cannot_be_decoded_gives_way_to_the_next_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.dicom import pixels

    series(tmp_path, 1, SeriesDescription="t2 sag")
    series(tmp_path, 3, SeriesDescription="t2 sag again")
    decode = pixels.load_stack

    def fails_for_the_later(raw: object) -> object:
        if raw.first.series_number == 3:  # type: ignore[attr-defined]
            raise UnreadableInputError("Cannot read the pixels of I0001.")
        return decode(raw)  # type: ignore[arg-type]

    monkeypatch.setattr(pixels, "load_stack", fails_for_the_later)
    visit = load_visit(tmp_path)
    assert visit.series[Role.SAGITTAL_T2].facts.series_number == 1
    (finding,) = (one for one in visit.findings if one.code == "series-undecodable")
    assert finding.message.endswith("As sagittal T2, Series 1 (t2 sag) was taken instead.")
    assert {candidate.reason for candidate in visit.candidates if candidate.series_number == 3} == {
        "its pixels cannot be decoded"
    }


def compressed_visit(folder: Path, *spoiled: int) -> Visit:
    """A sagittal T2 of nine compressed slices, some with a damaged stream, and a sound T1."""
    noise = np.random.default_rng(5).integers(0, 4096, (9, 128, 128)).astype(np.uint16)
    paths = save_compressed(slices(noise, SeriesDescription="t2 sag", AcquisitionTime="100100"), folder / "t2")
    series(folder, 2, **T1)
    for number in spoiled:
        spoil_stream(paths[number])
    return load_visit(folder)


def test_a_slice_that_cannot_be_decoded_is_left_out_like_one_that_is_missing(tmp_path: Path) -> None:
    visit = compressed_visit(tmp_path, 1)
    assert visit.series[Role.SAGITTAL_T2].volume.shape == (7, 128, 128)
    assert codes(visit) == {"file-broken", "slice-missing"}
    (finding,) = (one for one in visit.findings if one.code == "file-broken")
    assert "I0001" in finding.message


def test_a_series_that_a_damaged_slice_cuts_too_short_is_told(tmp_path: Path) -> None:
    visit = compressed_visit(tmp_path, 4)
    assert list(visit.series) == [Role.SAGITTAL_T1]
    assert codes(visit) == {"file-broken", "slice-missing"}
    (finding,) = (one for one in visit.findings if one.code == "slice-missing")
    assert finding.message.endswith("parts of 4, 4 slices. No part can serve as sagittal T2, and no other series does.")


def test_a_series_that_is_mostly_damaged_is_lost_in_plain_words(tmp_path: Path) -> None:
    visit = compressed_visit(tmp_path, *range(1, 9))
    assert list(visit.series) == [Role.SAGITTAL_T1]
    (finding,) = visit.findings
    assert finding.code == "series-undecodable"
    assert finding.message.startswith("Series 1 (t2 sag): cannot read the pixels of I0008")
    assert "No other series can serve as sagittal T2" in finding.message
    assert "Error" not in finding.message


def test_tilted_axial_blocks_become_stacks_of_one_series(tmp_path: Path) -> None:
    series(tmp_path, 1)
    for block, tilt in enumerate((0.0, 15.0, 30.0)):
        turn = np.deg2rad(tilt)
        orientation = (AXIAL[0], (0.0, float(np.cos(turn)), float(np.sin(turn))))
        affine = affine_of(orientation, (4.0, 1.0, 1.0), (-60.0, -60.0, -40.0 * block))
        made = slices(np.zeros((4, 128, 128), np.uint16), affine, series=2, first_number=1 + 10 * block)
        save_all(made, tmp_path / "axial" / str(block))
    visit = load_visit(tmp_path)
    assert len(visit.series[Role.AXIAL_T2].stacks) == 3
    assert [candidate.role for candidate in visit.candidates].count(Role.AXIAL_T2) == 3
