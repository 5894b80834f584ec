"""Folders, zips, DICOMDIRs and lists of files: names mean nothing, and whatever is left out is named."""

from __future__ import annotations

import gc
import io
import os
import warnings
import zipfile
from pathlib import Path

import pytest
from pydicom import DataElement, config
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet

from pipeline.dicom import sources
from pipeline.dicom.pixels import load_stack
from pipeline.dicom.scan import ScanResult, scan
from pipeline.errors import UnreadableInputError
from tests.dicom.dicom_files import base, ramp, save, save_all, slices, uid


def codes(result: ScanResult) -> dict[str, int]:
    """How many things were left out for each reason."""
    counts: dict[str, int] = {}
    for one in result.skipped:
        counts[one.reason] = counts.get(one.reason, 0) + 1
    return counts


def has_whole_stack(result: ScanResult) -> bool:
    return [stack.shape for stack in result.stacks] == [(6, 5, 4)]


def zip_of(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return target


def test_folders_of_any_depth_and_misleading_names(tmp_path: Path) -> None:
    for index, dataset in enumerate(slices()):
        save(dataset, tmp_path / ("a/b/c" if index % 2 else "d") / f"{index}.jpg")
    (tmp_path / "readme.dcm").write_text("not an image")
    result = scan(tmp_path)
    assert has_whole_stack(result)
    assert codes(result) == {"file-not-dicom": 1}
    assert "readme.dcm" in result.findings[0].message


def test_list_of_files_and_folders(tmp_path: Path) -> None:
    paths = save_all(slices(), tmp_path)
    assert has_whole_stack(scan(paths))
    assert has_whole_stack(scan([*paths[:2], tmp_path]))


def test_names_that_are_no_text(tmp_path: Path) -> None:
    for name in (b"caf\xe9", b"line\nbreak", b"\x1b[31mred"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text("not an image")
    save_all(slices(), Path(os.fsdecode(os.fsencode(tmp_path) + b"/d\xe9pot")))
    result = scan(tmp_path)
    assert has_whole_stack(result)
    assert sorted(one.name for one in result.skipped) == ["?[31mred", "caf?", "line?break"]
    result.findings[0].message.encode("utf-8")


def test_empty_folder_gives_nothing(tmp_path: Path) -> None:
    result = scan(tmp_path)
    assert (result.stacks, result.skipped, result.findings) == ((), (), ())


def test_missing_input_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInputError, match="nowhere"):
        scan(tmp_path / "nowhere")


def test_loops_of_links_end(tmp_path: Path) -> None:
    save_all(slices(), tmp_path / "series")
    (tmp_path / "series" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    result = scan(tmp_path)
    assert has_whole_stack(result)
    assert codes(result) == {"folder-repeated": 1, "file-unreadable": 2}


def test_pipes_are_not_read(tmp_path: Path) -> None:
    save_all(slices(), tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert codes(scan(tmp_path)) == {"file-special": 1}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_files_without_permission_are_named(tmp_path: Path) -> None:
    paths = save_all(slices(), tmp_path)
    paths[-1].chmod(0)
    assert codes(scan(tmp_path)) == {"file-unreadable": 1}


def test_every_reason_to_leave_a_file_out(tmp_path: Path) -> None:
    save_all(slices(), tmp_path)
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("hello" * 100)
    report = base(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.22", Modality="SR", SOPInstanceUID=uid("sr"))
    for keyword in ("SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "BitsStored", "HighBit"):
        delattr(report, keyword)
    save(report, tmp_path / "report")
    ct, shot, colour, cut, strange, scaled, huge = (slices(ramp((1, 5, 4)), first_number=n)[0] for n in range(10, 17))
    ct.SOPClassUID, ct.Modality = "1.2.840.10008.5.1.4.1.1.2", "CT"
    shot.SOPClassUID, shot.Modality = "1.2.840.10008.5.1.4.1.1.7", "MR"
    colour.SamplesPerPixel, colour.PhotometricInterpretation = 3, "RGB"
    cut.PixelData = cut.PixelData[:20]
    strange.BitsStored = 99
    scaled.RescaleSlope, scaled.RescaleIntercept = "1e300", "0"
    huge.Rows, huge.Columns = 60_000, 60_000
    for name, dataset in {"ct": ct, "shot": shot, "colour": colour, "cut": cut}.items():
        save(dataset, tmp_path / name)
    for name, dataset in {"strange": strange, "scaled": scaled, "huge": huge}.items():
        save(dataset, tmp_path / name)
    result = scan(tmp_path)
    assert has_whole_stack(result)
    assert codes(result) == {
        "file-empty": 1,
        "file-not-dicom": 1,
        "object-not-image": 1,
        "object-not-mr": 1,
        "image-secondary-capture": 1,
        "image-colour": 1,
        "file-truncated": 1,
        "image-format-unsupported": 3,
    }
    assert {finding.code for finding in result.findings} == set(codes(result))


def test_many_files_of_one_kind_make_one_finding(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"note{number}").write_text("x" * 200)
    (finding,) = scan(tmp_path).findings
    assert finding.message.startswith("Left out 9 files")
    assert finding.message.endswith("note4 and 4 more.")


def test_zip_is_read_like_a_folder(tmp_path: Path) -> None:
    save_all(slices(), tmp_path / "study" / "deep")
    folder = load_stack(scan(tmp_path / "study").stacks[0])
    result = scan(zip_of(tmp_path / "study", tmp_path / "export.bin"))
    assert has_whole_stack(result)
    zipped = load_stack(result.stacks[0])
    assert (zipped.volume.array == folder.volume.array).all()
    assert zipped.sop_instance_uids == folder.sop_instance_uids


def test_zip_inside_a_folder_and_inside_a_zip(tmp_path: Path) -> None:
    save_all(slices(), tmp_path / "in" / "study")
    inner = zip_of(tmp_path / "in", tmp_path / "inner.zip")
    assert has_whole_stack(scan([inner]))
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.write(inner, "inner.zip")
    assert codes(scan(tmp_path / "outer.zip")) == {"zip-nested": 1}


def test_damaged_zip_loses_only_what_is_damaged(tmp_path: Path) -> None:
    save_all(slices(), tmp_path / "study")
    path = zip_of(tmp_path / "study", tmp_path / "export.zip")
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        last = archive.infolist()[-1]
    for offset in range(last.header_offset + 60, last.header_offset + 90):
        data[offset] ^= 0xFF
    path.write_bytes(data)
    result = scan(path)
    assert codes(result) == {"zip-damaged": 1}
    assert result.stacks[0].shape == (5, 5, 4)


def test_file_that_only_starts_like_a_zip(tmp_path: Path) -> None:
    (tmp_path / "fake").write_bytes(b"PK\x03\x04" + b"x" * 100)
    assert codes(scan(tmp_path)) == {"zip-damaged": 1}


def test_encrypted_members_are_named(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("secret", b"x" * 100)
    data = bytearray(buffer.getvalue())
    data[6] |= 1  # the encryption flag of the member, and of its entry in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(data)
    assert codes(scan(tmp_path)) == {"zip-encrypted": 1}


def test_zip_bombs_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("huge", bytes(2_000_000))
    monkeypatch.setattr(sources, "MAX_MEMBER_BYTES", 1_000_000)
    assert codes(scan(tmp_path)) == {"zip-too-large": 1}
    monkeypatch.setattr(sources, "MAX_MEMBER_BYTES", 3_000_000)
    monkeypatch.setattr(sources, "MAX_ARCHIVE_BYTES", 1_000_000)
    assert codes(scan(tmp_path)) == {"zip-too-large": 1}


def file_set(folder: Path) -> Path:
    """A DICOMDIR with its files, as burnt on a patient's disc."""
    made = FileSet()
    for dataset in slices(StudyID="1"):
        save(dataset, folder / "loose" / str(dataset.InstanceNumber))
        made.add(folder / "loose" / str(dataset.InstanceNumber))
    made.write(folder / "disc")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the file set leaves its scratch folder to the collector
        del made
        gc.collect()
    return folder / "disc"


def test_dicomdir_given_by_itself_leads_to_its_files(tmp_path: Path) -> None:
    disc = file_set(tmp_path)
    result = scan(disc / "DICOMDIR")
    assert has_whole_stack(result)
    assert codes(result) == {}


def test_dicomdir_and_its_files_in_one_folder_are_read_once(tmp_path: Path) -> None:
    result = scan(file_set(tmp_path))
    assert has_whole_stack(result)
    assert codes(result) == {}


def test_dicomdir_names_may_differ_in_case(tmp_path: Path) -> None:
    disc = file_set(tmp_path)
    for path in sorted(disc.rglob("*"), reverse=True):
        if path.name != "DICOMDIR":
            path.rename(path.with_name(path.name.lower()))
    assert has_whole_stack(scan(disc / "DICOMDIR"))


def test_dicomdir_naming_missing_files_keeps_the_others(tmp_path: Path) -> None:
    disc = file_set(tmp_path)
    images = sorted(path for path in disc.rglob("*") if path.is_file() and path.name != "DICOMDIR")
    images[-1].unlink()
    for given in (disc, disc / "DICOMDIR"):
        result = scan(given)
        assert result.stacks[0].shape == (5, 5, 4)
        assert codes(result) == {"dicomdir-file-missing": 1}


def test_dicomdir_cannot_lead_out_of_its_folder(tmp_path: Path) -> None:
    save_all(slices(), tmp_path / "private")
    record = Dataset()
    record.DirectoryRecordType = "IMAGE"
    record.add(DataElement("ReferencedFileID", "CS", ["..", "private", "I0000"], validation_mode=config.IGNORE))
    directory = Dataset()
    directory.SOPClassUID = "1.2.840.10008.1.3.10"
    directory.DirectoryRecordSequence = [record]
    save(directory, tmp_path / "disc" / "DICOMDIR")
    result = scan(tmp_path / "disc")
    assert result.stacks == ()
    assert codes(result) == {"dicomdir-file-missing": 1}
