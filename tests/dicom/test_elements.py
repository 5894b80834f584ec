"""The quick walk must read the same as pydicom, or step back for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from pipeline.dicom import tags
from pipeline.dicom.elements import Short, Unusual, walk
from pipeline.dicom.full_header import full_header
from tests.dicom.dicom_files import affine_of, enhanced, ramp, save, slices

LITTLE = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]


def with_sequences(undefined_length: bool) -> Dataset:
    """An image with sequences in sequences, some empty, and private and long elements between."""
    dataset = slices()[0]
    inner, middle, outer = Dataset(), Dataset(), Dataset()
    inner.CodeValue, inner.LongCodeValue = "1", "2" * 30
    inner.is_undefined_length_sequence_item = undefined_length
    middle.ConceptNameCodeSequence = Sequence([inner, Dataset()])
    outer.ReferencedImageSequence = Sequence([middle, middle])
    dataset.ReferencedStudySequence = Sequence([outer])
    dataset.ContrastBolusAgentSequence = Sequence([])
    dataset.ProcedureCodeSequence = Sequence([inner])
    for one in (dataset["ReferencedStudySequence"], outer["ReferencedImageSequence"], dataset["ProcedureCodeSequence"]):
        one.is_undefined_length = undefined_length
    for item in (middle, outer):
        item.is_undefined_length_sequence_item = undefined_length
    dataset["ContrastBolusAgentSequence"].is_undefined_length = undefined_length
    dataset.private_block(0x0029, "VENDOR", create=True).add_new(0x10, "OB", bytes(70_000))
    return dataset


@pytest.mark.parametrize("syntax", LITTLE)
@pytest.mark.parametrize("undefined_length", [True, False])
def test_walk_agrees_with_pydicom(tmp_path: Path, syntax: UID, undefined_length: bool) -> None:
    data = save(with_sequences(undefined_length), tmp_path / "image", syntax).read_bytes()
    quick, full = walk(data, len(data)), full_header(data)
    assert quick.values.keys() == full.values.keys() | {tags.CONTRAST_AGENT_SEQUENCE}
    for tag in quick.values:
        if tag not in (tags.CONTRAST_AGENT_SEQUENCE, tags.TRANSFER_SYNTAX):
            assert quick.values[tag] == full.values[tag], hex(tag)
    assert quick.pixel_offset == len(data) - quick.pixel_length
    assert quick.pixel_length == full.pixel_length == 5 * 4 * 2


@pytest.mark.parametrize("syntax", LITTLE)
def test_walk_asks_for_more_until_it_has_the_whole_header(tmp_path: Path, syntax: UID) -> None:
    data = save(with_sequences(True), tmp_path / "image", syntax).read_bytes()
    whole = walk(data, len(data))
    for length in [*range(132, 2000, 7), *range(2000, len(data), 4999)]:
        try:
            part = walk(data[:length], len(data))
        except Short as short:
            assert length < short.needed <= len(data)  # noqa: PT017 - some lengths suffice
        else:
            assert part == whole


@pytest.mark.parametrize("syntax", LITTLE)
def test_header_cut_off_for_good_is_left_to_the_full_reader(tmp_path: Path, syntax: UID) -> None:
    data = save(slices()[0], tmp_path / "image", syntax).read_bytes()
    with pytest.raises(Unusual):
        walk(data[:700], 700)


def test_what_the_walk_leaves_to_pydicom(tmp_path: Path) -> None:
    big = save(slices()[0], tmp_path / "big", ExplicitVRBigEndian).read_bytes()
    frames = save(enhanced(ramp(), affine_of(), range(6)), tmp_path / "frames").read_bytes()
    for data in (big, frames, b"", b"x" * 200):
        with pytest.raises(Unusual):
            walk(data, len(data))


def test_file_without_preamble(tmp_path: Path) -> None:
    from pipeline.dicom.scan import scan

    dataset = slices()[0]
    for index, syntax in enumerate((ImplicitVRLittleEndian, ExplicitVRLittleEndian)):
        path = tmp_path / str(index) / "old"
        path.parent.mkdir()
        dataset.save_as(path, implicit_vr=syntax.is_implicit_VR, little_endian=True, enforce_file_format=False)
        (stack,) = scan(path.parent).stacks
        assert stack.shape == (1, 5, 4)
        assert stack.first.series_description == "test series"


@pytest.mark.parametrize(
    ("character_set", "text"),
    [("ISO_IR 100", "Wirbelsäule"), ("ISO_IR 192", "脊椎 T2"), ("ISO_IR 144", "позвоночник"), ("GB18030", "腰椎")],
)
def test_descriptions_in_other_scripts(tmp_path: Path, character_set: str, text: str) -> None:
    from pipeline.dicom.scan import scan

    dataset = slices()[0]
    dataset.SpecificCharacterSet, dataset.SeriesDescription = character_set, text
    save(dataset, tmp_path / "image")
    assert scan(tmp_path).stacks[0].first.series_description == text
