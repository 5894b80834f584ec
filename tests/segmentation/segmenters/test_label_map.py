"""Label maps with the published numbers of other programs, made from the generated spine's truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.config import SegmentationSettings
from pipeline.dicom.visit import Role
from pipeline.errors import LevelError, UsageError
from pipeline.segmentation.anatomy import Anatomy, Structure
from pipeline.segmentation.network import Networks
from pipeline.segmentation.segmenters.label_map import LabelMapSegmenter
from pipeline.segmentation.segmenters.place import looked_up
from pipeline.segmentation.segmenters.scheme import find_scheme
from pipeline.volume import Volume
from tests.segmentation.conftest import Known, cropped, row_of
from tests.segmentation.oracle import probabilities_of
from tests.segmentation.segmenters.files import nifti
from tests.segmentation.test_shipped_weights import picture
from tests.segmentation.test_stage import visit

T2 = Role.SAGITTAL_T2
LEVELS = ("L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1")
BONES = ("L1", "L2", "L3", "L4", "L5")
Truth = tuple[Volume, Volume]


@pytest.fixture(scope="module")
def truth(lumbar: Known, tmp_path_factory: pytest.TempPathFactory) -> Truth:
    """Structures with the fragment taken for background, as other programs see it, and named instances."""
    folder = tmp_path_factory.mktemp("own")
    file = nifti(lumbar.labels, folder / "labels.nii.gz")
    own = LabelMapSegmenter((file,), find_scheme("discdelta"))(
        visit(sagittal_t2=picture(lumbar)), SegmentationSettings()
    )
    labels = own.segmentations[T2].labels
    plain = np.where(labels.array == Structure.FRAGMENT, Structure.BACKGROUND, labels.array)
    return labels.with_array(plain.astype(np.int64)), own.segmentations[T2].instances


def numbered(truth: Truth, instances: dict[int, int], structures: dict[Structure, int]) -> Volume:
    """A map with other numbers for instances, and for structures where no instance is numbered."""
    labels, named = truth
    values = np.zeros(labels.shape, np.int64)
    for structure, value in structures.items():
        values[labels.array == structure] = value
    for own, value in instances.items():
        values[named.array == own] = value
    return labels.with_array(values)


def totalspineseg(truth: Truth) -> Volume:
    vertebrae = {**{19 + n: 40 + n for n in range(1, 6)}, **{7 + n: 20 + n for n in range(9, 13)}, 26: 50}
    discs = {119: 91, **{119 + n: 91 + n for n in range(1, 5)}, 124: 100, **{107 + n: 71 + n for n in range(8, 12)}}
    return numbered(truth, vertebrae | discs, {Structure.CANAL: 2, Structure.SACRUM: 50})


def totalspineseg_step1(truth: Truth) -> Volume:
    discs = {119: 91, **{119 + n: 91 + n for n in range(1, 5)}, 124: 100}
    return numbered(truth, discs, {Structure.CANAL: 2, Structure.SACRUM: 50, Structure.VERTEBRA: 50})


def totalspineseg_before(truth: Truth) -> Volume:
    vertebrae = {**{19 + n: 23 - n for n in range(1, 6)}, 19: 23, 18: 24, 26: 92}
    discs = {119: 207, **{119 + n: 207 - n for n in range(1, 6)}}
    return numbered(truth, vertebrae | discs, {Structure.CANAL: 201, Structure.SACRUM: 92})


def spineps_vert(truth: Truth, shift: int = 0) -> Volume:
    """``shift`` is what the numbers are off by where SPINEPS counted from the top of the image."""
    known = list(range(16, 25))
    vertebrae = {value: value + shift for value in known}
    discs = {value + 100: value + 100 + shift for value in known}
    return numbered(truth, vertebrae | discs, {})


def spineps_spine(truth: Truth) -> Volume:
    parts = {Structure.CANAL: 61, Structure.SACRUM: 26, Structure.VERTEBRA: 49, Structure.DISC: 100}
    return numbered(truth, {}, parts)


@pytest.fixture
def segmented(lumbar: Known, truth: Truth, tmp_path: Path) -> Callable[..., Anatomy]:
    """Bring label maps to the picture of the truth, the network knowing where the fragment is."""
    del truth
    image = picture(lumbar)

    def run(scheme: str, *maps: Volume, on: Volume = image, **settings: str) -> Anatomy:
        files = tuple(nifti(one, tmp_path / f"{n}.nii.gz") for n, one in enumerate(maps))
        return LabelMapSegmenter(files, find_scheme(scheme), network=Knowing(lumbar.labels))(
            visit(sagittal_t2=on), SegmentationSettings(variants=1, **settings)
        )

    return run


class Knowing:
    """Stands in for the network; :func:`knowing_predict` asks it where the fragment is."""

    def __init__(self, labels: Volume) -> None:
        self.labels = labels

    def __call__(self, slices: NDArray[np.float32]) -> NDArray[np.float32]:
        raise AssertionError("the prediction itself is replaced")


@pytest.fixture(autouse=True)
def knowing_predict(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.segmentation.segmenters import label_map
    from tests.segmentation.oracle import prediction_of

    def predict(volume: Volume, network: Knowing, count: int) -> object:
        (there,) = looked_up(network.labels.with_array(network.labels.array.astype(np.int64)), volume)
        labels = volume.with_array(there.astype(np.uint8))
        return prediction_of(labels, count, native=probabilities_of(labels.array, (0, 0.3, 0.3)))

    monkeypatch.setattr(label_map, "predict", predict)


def dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return 2 * float((a & b).sum()) / float(a.sum() + b.sum())


def require_right(anatomy: Anatomy, truth: Truth, lumbar: Known) -> None:
    for name in LEVELS:
        offset = anatomy.levels[name].centre_lps_mm - np.array(lumbar.anatomy.landmarks[name])
        assert np.linalg.norm(offset) < 4.0, name
    for name in BONES:
        assert np.linalg.norm(anatomy.vertebrae[name].centre_lps_mm - lumbar.anatomy.landmarks[name]) < 4.0, name
    one = anatomy.segmentations[T2]
    for value in (22, 23, 24, 26, 122, 123, 124):
        assert dice(one.instances.array == value, truth[1].array == value) > 0.9, value
    assert dice(one.labels.array == Structure.FRAGMENT, lumbar.labels.array == Structure.FRAGMENT) > 0.9


@pytest.mark.parametrize("make", [totalspineseg, totalspineseg_step1, totalspineseg_before])
def test_totalspineseg_names_the_levels(
    segmented: Callable[..., Anatomy], truth: Truth, lumbar: Known, make: Callable[[Truth], Volume]
) -> None:
    anatomy = segmented("totalspineseg", make(truth))
    require_right(anatomy, truth, lumbar)
    assert anatomy.counted_from == "label map"
    assert [finding.code for finding in anatomy.findings] == ["labels-given"]
    assert anatomy.levels["L4/L5"].confidence > 0.75


def test_spineps_names_the_levels_by_its_vertebra_mask(
    segmented: Callable[..., Anatomy], truth: Truth, lumbar: Known
) -> None:
    anatomy = segmented("spineps", spineps_spine(truth), spineps_vert(truth))
    require_right(anatomy, truth, lumbar)
    assert anatomy.counted_from == "label map"


@pytest.mark.parametrize("shift", [-8, -15])
def test_spineps_without_its_labelling_model_is_counted_anew(
    segmented: Callable[..., Anatomy], truth: Truth, lumbar: Known, shift: int
) -> None:
    anatomy = segmented("spineps", spineps_spine(truth), spineps_vert(truth, shift))
    require_right(anatomy, truth, lumbar)
    assert anatomy.counted_from == "sacrum"
    assert "labels-counted-anew" in {finding.code for finding in anatomy.findings}


def test_the_fine_pass_has_the_say_about_the_fragment(
    lumbar: Known, truth: Truth, tmp_path: Path, segmented: Callable[..., Anatomy]
) -> None:
    """A fine network that sees no fragment takes the one at the level away, and nothing of the label map."""

    def blind(slices: NDArray[np.float32]) -> NDArray[np.float32]:
        result = np.zeros((len(slices), len(Structure), *slices.shape[2:]), np.float32)
        result[:, Structure.BACKGROUND] = 1.0
        return result

    before = segmented("totalspineseg", totalspineseg(truth)).segmentations[T2]
    both = LabelMapSegmenter(
        (nifti(totalspineseg(truth), tmp_path / "map.nii.gz"),),
        find_scheme("totalspineseg"),
        Networks(Knowing(lumbar.labels), fine=blind),
    )
    after = both(visit(sagittal_t2=picture(lumbar)), SegmentationSettings(variants=1)).segmentations[T2]
    gone = (before.labels.array == Structure.FRAGMENT) & (after.labels.array != Structure.FRAGMENT)
    assert gone.sum() * lumbar.labels.voxel_volume_mm3 > 1000.0  # of 1200
    np.testing.assert_array_equal(after.instances.array[~gone], before.instances.array[~gone])
    assert dice(after.instances.array == 123, truth[1].array == 123) > 0.9


def test_our_own_files_come_back_as_they_were(lumbar: Known, truth: Truth, segmented: Callable[..., Anatomy]) -> None:
    whole = lumbar.labels.with_array(lumbar.labels.array.astype(np.int64))
    anatomy = segmented("discdelta", whole, truth[1])
    require_right(anatomy, truth, lumbar)
    assert (anatomy.counted_from, anatomy.levels["L4/L5"].confidence) == ("label map", 0.95)


def test_a_map_of_other_voxels_is_brought_over_and_told(
    segmented: Callable[..., Anatomy], truth: Truth, lumbar: Known
) -> None:
    """1 mm isotropic, as TotalSpineSeg writes with --iso."""
    labels = totalspineseg(truth)
    n = labels.shape
    affine = labels.affine @ np.diag([1 / 4.4, 1.0, 1.0, 1.0])
    affine[:3, 3] = labels.to_lps(np.array([-0.4, 0.0, 0.0]))
    grid = Volume(np.zeros((round(n[0] * 4.4), *n[1:]), np.uint8), affine)
    (values,) = looked_up(labels, grid)
    anatomy = segmented("totalspineseg", grid.with_array(values))
    require_right(anatomy, truth, lumbar)
    assert [finding.code for finding in anatomy.findings] == ["labels-given", "labels-resampled"]


def test_names_that_a_count_contradicts_are_used_with_a_warning(
    segmented: Callable[..., Anatomy], truth: Truth
) -> None:
    """One level off: everything is called one higher."""
    labels, named = truth
    moved = named.with_array(np.where((named.array >= 120) & (named.array <= 124), named.array - 1, named.array))
    anatomy = segmented("totalspineseg", totalspineseg((labels, moved)))
    assert "labels-disagree-with-count" in {finding.code for finding in anatomy.findings}
    assert max(level.confidence for level in anatomy.levels.values()) < 0.7


def test_the_user_has_the_last_word(segmented: Callable[..., Anatomy], truth: Truth) -> None:
    anatomy = segmented("totalspineseg", totalspineseg(truth), lowest_disc="L6/S1")
    assert anatomy.counted_from == "override"
    assert "L6/S1" in anatomy.levels


@pytest.mark.parametrize(
    ("scheme", "values", "words"),
    [
        ("spineps", {0: 0, 1: 230}, "no value of SPINEPS"),
        ("totalspineseg", {0: 0, 1: 7}, "Give the right --label-scheme"),
        ("totalspineseg", {0: 0}, "none but 0"),
    ],
)
def test_a_map_without_any_known_label_is_refused(
    segmented: Callable[..., Anatomy], truth: Truth, scheme: str, values: dict[int, int], words: str
) -> None:
    labels = truth[0]
    array = np.zeros(labels.shape, np.int64)
    for structure, value in values.items():
        array[labels.array == structure] = value
    with pytest.raises(UsageError, match=words):
        segmented(scheme, labels.with_array(array))


def test_a_map_of_another_place_is_refused(segmented: Callable[..., Anatomy], truth: Truth) -> None:
    labels = totalspineseg(truth)
    affine = labels.affine.copy()
    affine[:3, 3] += 700.0
    with pytest.raises(UsageError, match="does not overlap any sagittal series"):
        segmented("totalspineseg", Volume(labels.array, affine))


def test_a_level_that_the_map_does_not_name_is_refused(
    segmented: Callable[..., Anatomy], truth: Truth, lumbar: Known
) -> None:
    above = cropped(totalspineseg(truth), slice(0, row_of(lumbar, "L4")))
    with pytest.raises(LevelError, match="names no L4/L5; it names"):
        segmented("totalspineseg", above)


def test_an_unknown_scheme_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="totalspineseg, spineps, discdelta"):
        find_scheme("other")
