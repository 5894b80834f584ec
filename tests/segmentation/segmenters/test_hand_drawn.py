"""A drawn fragment on a generated spine: which series, which level, and what becomes of the label map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.config import SegmentationSettings
from pipeline.dicom.visit import Role, Visit
from pipeline.errors import UsageError
from pipeline.segmentation.anatomy import Anatomy, Structure
from pipeline.segmentation.segmenters.belonging import require_place
from pipeline.segmentation.segmenters.dicom_seg import Origin
from pipeline.segmentation.segmenters.hand_drawn import corrected, fit_mask
from pipeline.segmentation.segmenters.label_map import LabelMapSegmenter
from pipeline.segmentation.segmenters.mask import HandMask
from pipeline.segmentation.segmenters.scheme import find_scheme
from pipeline.volume import Volume
from tests.segmentation.conftest import Known
from tests.segmentation.segmenters.files import nifti
from tests.segmentation.test_shipped_weights import picture
from tests.segmentation.test_stage import visit

ORDER = (Role.SAGITTAL_T2, Role.SAGITTAL_T1)
Case = tuple[Visit, Anatomy, Volume]


@pytest.fixture(scope="module")
def case(lumbar: Known, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The visit, its anatomy as the truth has it, and the truth."""
    file = nifti(lumbar.labels, tmp_path_factory.mktemp("labels") / "labels.nii.gz")
    shown = visit(sagittal_t2=picture(lumbar))
    anatomy = LabelMapSegmenter((file,), find_scheme("discdelta"))(shown, SegmentationSettings())
    return shown, anatomy, lumbar.labels


def mask(share: Volume, *, whole_spine: bool = False) -> HandMask:
    soft = share.with_array(share.array.astype(np.float32))
    return HandMask(soft, whole_spine, "NIfTI", "value 1", "ab" * 32, Origin(), ())


def at(place: np.ndarray, volume: Volume, voxels: int = 4) -> Volume:
    """A cube of voxels there."""
    array = np.zeros(volume.shape, np.float32)
    slice_, row, column = np.rint(volume.to_index(place)).astype(int)
    array[slice_, row - voxels : row + voxels, column - voxels : column + voxels] = 1
    return volume.with_array(array)


def behind(anatomy: Anatomy, level: str, up_mm: float = 0.0) -> np.ndarray:
    """A place in the canal behind a disc."""
    one = anatomy.levels[level]
    return one.posterior_margin_lps_mm + 6.0 * one.axes_lps[:, 1] + up_mm * one.axes_lps[:, 2]


def test_every_voxel_counts_exactly(case: Case) -> None:
    shown, anatomy, labels = case
    cube = at(behind(anatomy, "L4/L5"), labels)
    drawn, findings = fit_mask(mask(cube), shown, anatomy, "L4/L5", ORDER)
    assert (drawn.role, drawn.exact, findings) == (Role.SAGITTAL_T2, True, ())
    assert drawn.voxels == 64
    assert drawn.volume_mm3 == pytest.approx(64 * labels.voxel_volume_mm3, rel=1e-9)
    np.testing.assert_array_equal(drawn.share.array, cube.array)


def test_voxels_of_its_own_are_counted_on_them_and_told(case: Case) -> None:
    shown, anatomy, _ = case
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    affine[:3, 3] = behind(anatomy, "L4/L5") - 5.0
    cube = Volume(np.ones((9, 9, 9), np.float32), affine)
    drawn, findings = fit_mask(mask(cube), shown, anatomy, "L4/L5", ORDER)
    assert drawn.volume_mm3 == 729.0
    assert not drawn.exact
    assert [finding.code for finding in findings] == ["mask-resampled"]
    assert float(drawn.share.array.sum()) * drawn.share.voxel_volume_mm3 == pytest.approx(729.0, rel=0.04)


def test_a_mask_of_another_level_is_refused_with_its_name(case: Case) -> None:
    shown, anatomy, labels = case
    migrated = at(behind(anatomy, "L4/L5", up_mm=-15.0), labels)
    assert fit_mask(mask(migrated), shown, anatomy, "L4/L5", ORDER)[0].voxels == 64
    with pytest.raises(UsageError, match="--level L2/L3"):
        fit_mask(mask(at(behind(anatomy, "L2/L3"), labels)), shown, anatomy, "L4/L5", ORDER)


def test_of_all_levels_fragments_the_one_of_the_level_is_taken(case: Case) -> None:
    shown, anatomy, labels = case
    everything = mask(labels.with_array(labels.array == Structure.FRAGMENT), whole_spine=True)
    lower, upper = (fit_mask(everything, shown, anatomy, name, ORDER)[0] for name in ("L4/L5", "L2/L3"))
    assert lower.volume_mm3 == pytest.approx(1200.0, rel=0.15)
    assert upper.volume_mm3 == pytest.approx(600.0, rel=0.15)
    assert lower.volume_mm3 + upper.volume_mm3 == pytest.approx(everything.volume_mm3)
    assert fit_mask(everything, shown, anatomy, "L3/L4", ORDER)[0].volume_mm3 == 0.0


def test_the_label_map_takes_the_drawing_over(case: Case) -> None:
    shown, anatomy, labels = case
    cube = at(behind(anatomy, "L4/L5", up_mm=5.0), labels)
    drawn, _ = fit_mask(mask(cube), shown, anatomy, "L4/L5", ORDER)
    before = anatomy.segmentations[Role.SAGITTAL_T2].labels.array == Structure.FRAGMENT
    after = corrected(anatomy, drawn, "L4/L5").segmentations[Role.SAGITTAL_T2].labels.array == Structure.FRAGMENT
    assert after[cube.array > 0].all()
    other_level = fit_mask(mask(labels.with_array(before), whole_spine=True), shown, anatomy, "L2/L3", ORDER)[0]
    np.testing.assert_array_equal(after, (cube.array > 0) | (other_level.share.array > 0))


def test_an_empty_mask_takes_the_fragment_away(case: Case) -> None:
    shown, anatomy, labels = case
    nothing = mask(labels.with_array(np.zeros(labels.shape)))
    require_place(nothing, shown, shown, "baseline")
    drawn, findings = fit_mask(nothing, shown, anatomy, "L4/L5", ORDER)
    assert (drawn.volume_mm3, drawn.voxels, findings) == (0.0, 0, ())


def test_a_mask_somewhere_else_is_refused(case: Case) -> None:
    shown, _, labels = case
    affine = labels.affine.copy()
    affine[:3, 3] += 900.0
    away = mask(Volume(np.ones((3, 3, 3)), affine))
    with pytest.raises(UsageError, match="does not overlap its images: it lies at L "):
        require_place(away, shown, shown, "baseline")
    with pytest.raises(UsageError, match="does not overlap"):
        require_place(replace(away, share=Volume(np.zeros((3, 3, 3)), affine)), shown, shown, "baseline")


def test_a_mask_that_leaves_the_stack_says_so(case: Case) -> None:
    shown, anatomy, labels = case
    affine = labels.affine.copy()
    affine[:3, :3] = np.diag([4.0, 4.0, 4.0])
    affine[:3, 3] = behind(anatomy, "L4/L5")
    wide = mask(Volume(np.ones((20, 2, 2)), affine))  # 80 mm to the left, twice as far as the stack reaches
    codes = [finding.code for finding in fit_mask(wide, shown, anatomy, "L4/L5", ORDER)[1]]
    assert "mask-partly-outside" in codes
