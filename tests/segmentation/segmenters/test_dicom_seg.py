"""DICOM SEG objects that refer to the sample's images."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from pipeline.dicom.visit import Role, Visit
from pipeline.errors import IdentityError, UnreadableInputError, UsageError
from pipeline.segmentation.segmenters.belonging import require_place, require_same_origin
from pipeline.segmentation.segmenters.mask import read_mask
from pipeline.segmentation.segmenters.place import placed
from pipeline.workflow import load_visit
from tests.segmentation.segmenters.files import dicom_seg, nifti, series_files

Sample = tuple[Visit, list[pydicom.Dataset]]
Make = Callable[..., Path]


def visit_of(series: Path, folder: Path) -> Sample:
    shutil.copytree(series, folder / series.name)
    return load_visit(folder), series_files(series)


@pytest.fixture(scope="module")
def baseline(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    case = repository / "sample_dicoms" / "partial-case" / "baseline"
    return visit_of(case / "002_T2_TSE_SAG", tmp_path_factory.mktemp("baseline"))


@pytest.fixture(scope="module")
def followup(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    case = repository / "sample_dicoms" / "partial-case" / "followup"
    return visit_of(case / "001_T2_TSE_SAG", tmp_path_factory.mktemp("followup"))


@pytest.fixture
def make(baseline: Sample, tmp_path: Path) -> Make:
    """Write a SEG on the baseline; each segment is a box, the first of 6 x 20 x 10 voxels."""

    def write(*names: str, **changes: str) -> Path:
        volume = baseline[0].series[Role.SAGITTAL_T2].volume
        masks = {name: np.zeros(volume.shape, bool) for name in names}
        for n, mask in enumerate(masks.values()):
            mask[3 : 9 - n, 100:120, 200:210] = True
        return dicom_seg(baseline[1], volume, masks, tmp_path / "mask.dcm", **changes)

    return write


def test_every_voxel_comes_back_where_it_was_drawn(baseline: Sample, make: Make) -> None:
    mask = read_mask(make("Fragment"))
    volume = baseline[0].series[Role.SAGITTAL_T2].volume
    back = placed(mask.share, volume)
    assert back.exact
    assert mask.volume_mm3 == pytest.approx(6 * 20 * 10 * volume.voxel_volume_mm3, rel=1e-6)
    assert back.share.array[3:9, 100:120, 200:210].all()
    assert back.share.array.sum() == 6 * 20 * 10
    assert mask.format == "DICOM SEG"
    require_place(mask, baseline[0], baseline[0], "baseline")
    assert require_same_origin(mask, baseline[0], "baseline", allow_different=False) == ()


def test_the_segment_that_speaks_of_a_fragment_is_taken(make: Make) -> None:
    assert read_mask(make("Canal", "extruded disc")).voxels == 5 * 20 * 10


def test_two_candidates_are_named(make: Make) -> None:
    path = make("fragment cranial", "fragment caudal")
    with pytest.raises(UsageError, match=r"1: fragment cranial.*2: fragment caudal.*--segment-number"):
        read_mask(path)
    assert read_mask(path, 2).voxels == 5 * 20 * 10
    with pytest.raises(UsageError, match="has no segment 3"):
        read_mask(path, 3)


@pytest.mark.parametrize(
    ("changes", "allowed", "words"),
    [
        ({"PatientID": "SOMEBODY-ELSE"}, True, "PatientID differ"),
        ({"StudyInstanceUID": "1.2.3"}, True, "StudyInstanceUID differ"),
        ({"FrameOfReferenceUID": "1.2.3"}, False, "frame of reference"),
    ],
)
def test_anothers_mask_is_refused_without_naming_anybody(
    baseline: Sample, make: Make, changes: dict[str, str], allowed: bool, words: str
) -> None:
    mask = read_mask(make("fragment", **changes))
    with pytest.raises(IdentityError, match=words) as refused:
        require_same_origin(mask, baseline[0], "baseline", allow_different=False)
    assert not any(value in str(refused.value) for value in (*changes.values(), "PHANTOM"))
    if allowed:
        (finding,) = require_same_origin(mask, baseline[0], "baseline", allow_different=True)
        assert finding.code == "identity-override"
    else:
        with pytest.raises(IdentityError):
            require_same_origin(mask, baseline[0], "baseline", allow_different=True)


def test_exchanged_masks_are_noticed(baseline: Sample, followup: Sample, make: Make, tmp_path: Path) -> None:
    mask = read_mask(make("fragment"))
    with pytest.raises(IdentityError, match="are the two masks exchanged"):
        require_same_origin(mask, followup[0], "follow-up", allow_different=False)
    plain = read_mask(nifti(mask.share, tmp_path / "mask.nii.gz"))  # tells no identity, but whose voxels it has
    with pytest.raises(UsageError, match="series of the other visit"):
        require_place(plain, followup[0], baseline[0], "follow-up")


def test_an_image_is_no_segmentation(baseline: Sample, repository: Path) -> None:
    image = next((repository / "sample_dicoms" / "partial-case" / "baseline" / "002_T2_TSE_SAG").iterdir())
    with pytest.raises(UnreadableInputError, match="no Segmentation object"):
        read_mask(image)
