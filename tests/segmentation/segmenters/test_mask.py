"""Which voxels of a file are the fragment, and what is no mask at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import UnreadableInputError, UsageError
from pipeline.segmentation.segmenters.dicom_seg import choose
from pipeline.segmentation.segmenters.mask import HandMask, read_mask
from pipeline.volume import Volume
from tests.segmentation.segmenters.files import nifti, nrrd

AFFINE = np.array([[4.0, 0, 0, -20], [0, 0, 0.7, -30], [0, -0.7, 0, 40], [0, 0, 0, 1]])


def labels(**voxels: int) -> Volume:
    """A map in which each value ``v5`` and the like occurs the given number of times."""
    array = np.zeros((9, 30, 30), np.int64)
    for n, (value, count) in enumerate(voxels.items()):
        array[n].flat[:count] = int(value[1:])
    return Volume(array, AFFINE)


def read(volume: Volume, tmp_path: Path, number: int | None = None) -> HandMask:
    return read_mask(nifti(volume, tmp_path / "mask.nii.gz"), number)


@pytest.mark.parametrize("value", ["v1", "v5", "v255"])
def test_the_only_value_is_the_fragment_and_every_voxel_counts(tmp_path: Path, value: str) -> None:
    mask = read(labels(**{value: 123}), tmp_path)
    assert mask.voxels == 123
    assert mask.volume_mm3 == pytest.approx(123 * 4.0 * 0.7 * 0.7, rel=1e-6)
    assert not mask.whole_spine
    assert len(mask.sha256) == 64


def test_of_our_own_label_map_value_5_is_taken(tmp_path: Path) -> None:
    mask = read(labels(v1=300, v3=200, v4=100, v5=77), tmp_path)
    assert (mask.voxels, mask.chosen, mask.whole_spine) == (77, "value 5", True)


def test_our_own_label_map_without_a_fragment_says_that_there_is_none(tmp_path: Path) -> None:
    assert read(labels(v1=300, v3=200, v4=100), tmp_path).voxels == 0


def test_an_empty_mask_is_valid(tmp_path: Path) -> None:
    mask = read(labels(), tmp_path)
    assert (mask.voxels, mask.volume_mm3, mask.chosen) == (0, 0.0, "empty")


def test_several_values_are_named_and_one_has_to_be_chosen(tmp_path: Path) -> None:
    two = labels(v1=50, v7=60)
    with pytest.raises(UsageError, match=r"1: value 1; 7: value 7\. Choose one with --segment-number"):
        read(two, tmp_path)
    assert read(two, tmp_path, 7).voxels == 60
    with pytest.raises(UsageError, match="has no value 3"):
        read(two, tmp_path, 3)


def test_an_image_given_for_a_mask_is_told_without_listing_all_of_it() -> None:
    with pytest.raises(UsageError, match=r"; and 18 more, as an image has: is it a mask\?") as refused:
        choose({value: f"value {value}" for value in range(30)}, None, "image.nii.gz", "value")
    assert len(str(refused.value)) < 400


def test_shares_of_voxels_are_added_up(tmp_path: Path) -> None:
    soft = labels(v1=10)
    mask = read(soft.with_array(soft.array * np.float32(0.25)), tmp_path)
    assert mask.volume_mm3 == pytest.approx(2.5 * 4.0 * 0.7 * 0.7, rel=1e-6)


def test_slicer_names_its_segments(tmp_path: Path) -> None:
    both = labels(v1=40, v2=90)
    mask = read_mask(nrrd(both, tmp_path / "a.seg.nrrd", {1: "Canal", 2: "Herniation L4-5"}))
    assert (mask.voxels, mask.chosen, mask.format) == (90, "segment 2 (Herniation L4-5)", "NRRD")
    np.testing.assert_allclose(mask.share.affine, AFFINE)
    with pytest.raises(UsageError, match="1: Segment_1; 2: Segment_2"):
        read_mask(nrrd(both, tmp_path / "b.seg.nrrd", {1: "Segment_1", 2: "Segment_2"}))


def test_an_image_is_no_mask(tmp_path: Path) -> None:
    image = labels().with_array(np.arange(9 * 900, dtype=np.int64).reshape(9, 30, 30))
    with pytest.raises(UnreadableInputError, match="looks like an image"):
        read(image, tmp_path)
    with pytest.raises(UnreadableInputError, match="below 0"):
        read(labels().with_array(np.full((9, 30, 30), -3)), tmp_path)


@pytest.mark.parametrize("name", ["mask.png", "mask.nrrd", "mask.nii.gz"])
def test_other_files_and_damaged_ones_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no mask")
    with pytest.raises(UnreadableInputError, match=name):
        read_mask(tmp_path / name)
    with pytest.raises(UnreadableInputError, match="Name an existing file"):
        read_mask(tmp_path / "nowhere.nii.gz")
