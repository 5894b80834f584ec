"""From stored bits to values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from pipeline.dicom.pixels import SlicesUnreadableError, load_stack
from pipeline.dicom.scan import scan
from pipeline.errors import DiscdeltaError, UnreadableInputError
from tests.dicom.dicom_files import affine_of, enhanced, ramp, save, save_all, save_compressed, slices, spoil_stream

BY_VALUE = np.random.default_rng(5).integers(0, 4096, (3, 40, 36)).astype(np.uint16)


def values(folder: Path) -> NDArray[np.float32]:
    """Slices as loaded, in the order in which they were written (they were stacked against the x axis)."""
    (stack,) = scan(folder).stacks
    array = load_stack(stack).volume.array
    assert array.dtype == np.float32
    return array[::-1]


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_native_little_endian(tmp_path: Path, syntax: UID) -> None:
    save_all(slices(BY_VALUE), tmp_path, syntax=syntax)
    np.testing.assert_array_equal(values(tmp_path), BY_VALUE)


def test_native_big_endian(tmp_path: Path) -> None:
    save_all(slices(BY_VALUE.byteswap()), tmp_path, syntax=ExplicitVRBigEndian)
    np.testing.assert_array_equal(values(tmp_path), BY_VALUE)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_compressed(tmp_path: Path, syntax: UID) -> None:
    datasets = slices(BY_VALUE, BitsStored=12, HighBit=11)
    for index, dataset in enumerate(datasets):
        save(dataset, tmp_path / str(index))  # compress() wants a complete file
        dataset.compress(syntax, generate_instance_uid=False)
        save(dataset, tmp_path / str(index), syntax)
    np.testing.assert_array_equal(values(tmp_path), BY_VALUE)


def test_signed_values(tmp_path: Path) -> None:
    stored = BY_VALUE.astype(np.int16) - 2000
    save_all(slices(stored, PixelRepresentation=1), tmp_path)
    np.testing.assert_array_equal(values(tmp_path), stored)


@pytest.mark.parametrize(("signed", "offset"), [(0, 0), (1, 2048)])
def test_rubbish_above_the_stored_bits_is_masked(tmp_path: Path, signed: int, offset: int) -> None:
    wanted = BY_VALUE.astype(np.int32) - offset
    dirty = ((wanted & 0x0FFF) | 0xA000).astype(np.uint16)
    save_all(slices(dirty, BitsStored=12, HighBit=11, PixelRepresentation=signed), tmp_path)
    np.testing.assert_array_equal(values(tmp_path), wanted)


def test_values_stored_in_the_upper_bits(tmp_path: Path) -> None:
    save_all(slices((BY_VALUE << 4) | 0x5, BitsStored=12, HighBit=15), tmp_path)
    np.testing.assert_array_equal(values(tmp_path), BY_VALUE)


def test_eight_bits(tmp_path: Path) -> None:
    small = (BY_VALUE >> 4).astype(np.uint8)
    save_all(slices(small, BitsAllocated=8, BitsStored=8, HighBit=7), tmp_path)
    np.testing.assert_array_equal(values(tmp_path), small)


def test_rescale_of_every_slice_by_its_own_slope(tmp_path: Path) -> None:
    def scale(dataset: Dataset, index: int) -> None:
        dataset.RescaleSlope, dataset.RescaleIntercept = str(1.5 + index), "-20"

    save_all(slices(BY_VALUE, edit=scale), tmp_path)
    slopes = np.array([1.5, 2.5, 3.5])[:, None, None]
    np.testing.assert_allclose(values(tmp_path), BY_VALUE * slopes - 20, rtol=1e-6)


def test_modality_lookup_table(tmp_path: Path) -> None:
    def look_up(dataset: Dataset, index: int) -> None:
        table = Dataset()
        table.LUTDescriptor, table.LUTData = [4096, 0, 16], (3 * np.arange(4096, dtype="<u2") + 1).tobytes()
        table.ModalityLUTType = "US"
        dataset.ModalityLUTSequence = [table]

    save_all(slices(BY_VALUE, edit=look_up), tmp_path)
    np.testing.assert_array_equal(values(tmp_path), 3.0 * BY_VALUE + 1)


def test_frames_of_an_enhanced_object_in_any_order(tmp_path: Path) -> None:
    array = ramp((5, 6, 7))
    save(enhanced(array, affine_of(), [3, 0, 4, 1, 2]), tmp_path / "object")
    (stack,) = scan(tmp_path).stacks
    assert (stack.first.echo_time_ms, stack.first.repetition_time_ms) == (95.5, 2500.0)
    assert [one.frame for one in stack.instances] == [3, 1, 5, 4, 2]
    np.testing.assert_array_equal(values(tmp_path), array)


def test_file_cut_off_after_the_scan_is_named(tmp_path: Path) -> None:
    paths = save_all(slices(), tmp_path)
    (stack,) = scan(tmp_path).stacks
    paths[2].write_bytes(paths[2].read_bytes()[:-10])
    with pytest.raises(UnreadableInputError, match="I0002"):
        load_stack(stack)
    paths[2].unlink()
    with pytest.raises(UnreadableInputError, match="I0002"):
        load_stack(stack)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_damaged_compressed_pixels_are_named(tmp_path: Path, syntax: UID, caplog: pytest.LogCaptureFixture) -> None:
    path = save_compressed(slices(BY_VALUE[:1], BitsStored=12, HighBit=11), tmp_path, syntax)[0]
    spoil_stream(path)
    (stack,) = scan(tmp_path).stacks
    caplog.clear()
    with pytest.raises(DiscdeltaError, match="I0000: it cannot be decoded") as raised:
        load_stack(stack)
    assert not any(word in str(raised.value) for word in ("Error", "Exception", "tag", "None"))
    assert caplog.records == []


def test_one_damaged_slice_among_sound_ones_is_told_from_a_lost_series(tmp_path: Path) -> None:
    paths = save_compressed(slices(), tmp_path, RLELossless)
    spoil_stream(paths[2])
    (stack,) = scan(tmp_path).stacks
    with pytest.raises(SlicesUnreadableError) as raised:
        load_stack(stack)
    assert ([one.path for one in raised.value.lost], raised.value.some) == ([paths[2]], True)
    for path in paths:
        if path != paths[2]:
            spoil_stream(path)
    with pytest.raises(SlicesUnreadableError, match="5 more") as raised:
        load_stack(stack)
    assert not raised.value.some
