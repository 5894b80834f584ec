"""Compressed pixels that end early: noticed from the heads of their items, before anything is decoded."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import RLELossless

from pipeline.dicom.encapsulated import Fragments, fragments
from pipeline.dicom.pixels import load_stack
from pipeline.dicom.scan import ScanResult, scan
from tests.dicom.dicom_files import affine_of, enhanced, pixels_at, ramp, save, save_compressed, slices

DELIMITER = b"\xfe\xff\xdd\xe0\0\0\0\0"
NOISE = np.random.default_rng(5).integers(0, 4096, (9, 128, 128)).astype(np.uint16)
"""Too large, once compressed, for the bytes that are read with the header."""


def item(content: bytes) -> bytes:
    return b"\xfe\xff\x00\xe0" + len(content).to_bytes(4, "little") + content


def walked(data: bytes) -> Fragments:
    return fragments(lambda at: data[at : at + 8], 0, len(data))


def outcome(result: ScanResult) -> tuple[list[int], set[str], list[tuple[str, str]]]:
    lengths = sorted((stack.shape[0] for stack in result.stacks), reverse=True)
    return lengths, {one.code for one in result.findings}, [(one.name, one.reason) for one in result.skipped]


def compressed_object(path: Path, frames: int = 5) -> Dataset:
    """An enhanced object, compressed, one fragment per frame."""
    dataset = enhanced(NOISE[:frames], affine_of(), range(frames))
    save(dataset, path)
    dataset.compress(RLELossless, generate_instance_uid=False)
    save(dataset, path, RLELossless)
    return dataset


def test_items_are_counted_up_to_the_delimiter_and_no_further() -> None:
    whole = item(b"") + item(b"ab") + item(b"cdef")
    assert walked(whole + DELIMITER + b"padding") == Fragments(2, len(whole))
    assert walked(whole) == walked(whole + DELIMITER[:5]) == Fragments(2, len(whole))
    assert walked(whole[:-1]) == Fragments(1, len(whole) - 12, len(whole))
    assert walked(b"") == Fragments(0, 0)
    assert walked(item(b"")) == Fragments(0, 8)
    assert walked(item(b"") + item(b"")) == Fragments(1, 16)


@pytest.mark.parametrize("keep", [20, 3000, 0.5, -9])
def test_a_cut_slice_is_left_out_like_a_native_one(tmp_path: Path, keep: float) -> None:
    path = save_compressed(slices(NOISE), tmp_path)[3]
    data, start = path.read_bytes(), pixels_at(path)
    length = len(data) + int(keep) if keep < 0 else start + int(keep if keep > 1 else keep * (len(data) - start))
    path.write_bytes(data[:length])
    expected = ([5, 3], {"file-truncated", "slice-missing"}, [("I0003", "file-truncated")])
    assert outcome(scan(tmp_path)) == expected
    with zipfile.ZipFile(tmp_path.with_suffix(".zip"), "w") as archive:
        for one in sorted(tmp_path.iterdir()):
            archive.write(one, one.name)
    assert outcome(scan(tmp_path.with_suffix(".zip"))) == expected


@pytest.mark.parametrize("cut", [1, 8])
def test_a_missing_delimiter_does_no_harm(tmp_path: Path, cut: int) -> None:
    path = save_compressed(slices(NOISE), tmp_path)[3]
    path.write_bytes(path.read_bytes()[:-cut])
    (stack,) = (result := scan(tmp_path)).stacks
    assert outcome(result) == ([9], set(), [])
    np.testing.assert_array_equal(load_stack(stack).volume.array[::-1], NOISE)


def test_a_frame_in_several_fragments(tmp_path: Path) -> None:
    made = slices(NOISE[:3])
    for dataset, path in zip(made, save_compressed(made, tmp_path), strict=True):
        dataset.PixelData = encapsulate([bytes(get_frame(dataset.PixelData, 0))], fragments_per_frame=3, has_bot=False)
        save(dataset, path, RLELossless)
    assert outcome(scan(tmp_path)) == ([3], set(), [])
    path = tmp_path / "I0002"
    path.write_bytes(path.read_bytes()[:-500])
    assert outcome(scan(tmp_path))[2] == [("I0002", "file-truncated")]


def test_frames_of_one_object(tmp_path: Path) -> None:
    path = tmp_path / "object"
    compressed_object(path)
    data = path.read_bytes()
    (stack,) = scan(tmp_path).stacks
    np.testing.assert_array_equal(load_stack(stack).volume.array[::-1], NOISE[:5])
    path.write_bytes(data[:-8])
    (stack,) = scan(tmp_path).stacks
    np.testing.assert_array_equal(load_stack(stack).volume.array[::-1], NOISE[:5])
    for cut in (9, 5000, len(data) - pixels_at(path) - 100):
        path.write_bytes(data[:-cut])
        assert outcome(scan(tmp_path)) == ([], {"file-truncated"}, [("object", "file-truncated")])


def test_an_object_with_fewer_fragments_than_frames(tmp_path: Path) -> None:
    path = tmp_path / "object"
    dataset = compressed_object(path)
    dataset.NumberOfFrames = 4
    save(dataset, path, RLELossless)
    assert outcome(scan(tmp_path))[2] == []
    dataset.PixelData = encapsulate([bytes(ramp((1, 8)).tobytes())] * 3, has_bot=False)
    save(dataset, path, RLELossless)
    assert outcome(scan(tmp_path))[2] == [("object", "file-truncated")]
