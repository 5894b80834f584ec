"""The shipped network on images that it was not trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from pipeline.config import SegmentationSettings
from pipeline.dicom.visit import Role
from pipeline.errors import AnatomyError
from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.stage import segment
from pipeline.volume import Volume
from tests.segmentation.conftest import Known
from tests.segmentation.test_stage import visit

SETTINGS = SegmentationSettings(variants=1, threads=1)
GREY = {Structure.BACKGROUND: 90, Structure.VERTEBRA: 330, Structure.SACRUM: 320, Structure.DISC: 240}


def picture(known: Known) -> Volume:
    """A plain T2-weighted picture of the generated spine: bright sac, grey discs and bones, dark rest, noise."""
    values = np.array([GREY.get(structure, 0) for structure in Structure], dtype=np.float32)
    values[Structure.CANAL], values[Structure.FRAGMENT] = 850.0, 260.0
    image = ndimage.gaussian_filter(values[known.labels.array], (0, 0.6, 0.6))
    noise = np.random.default_rng(11).normal(0.0, 12.0, image.shape)
    return known.labels.with_array((image + noise).astype(np.float32))


def volume(array: np.ndarray) -> Volume:
    affine = np.eye(4)
    affine[:3, :3] = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]) * np.array([4.4, 0.9, 0.9])
    return Volume(array.astype(np.float32), affine)


def test_a_drawn_spine_is_counted_right(lumbar: Known) -> None:
    anatomy = segment(visit(sagittal_t2=picture(lumbar)), SETTINGS)
    for name in ("L3/L4", "L4/L5", "L5/S1"):
        truth = np.array(lumbar.anatomy.landmarks[name])
        assert np.linalg.norm(anatomy.levels[name].centre_lps_mm - truth) < 8.0, name


@pytest.mark.parametrize("kind", ["empty", "noise", "gradient", "blobs", "bottle"])
def test_other_things_are_refused(kind: str) -> None:
    rng = np.random.default_rng(0)
    shape = (7, 200, 200)
    rows, columns = np.ogrid[:200, :200]
    bottle = ((rows - 100) / 80) ** 2 + ((columns - 100) / 35) ** 2 < 1
    image = {
        "empty": np.zeros(shape),
        "noise": rng.normal(100.0, 30.0, shape),
        "gradient": np.broadcast_to(np.linspace(0, 1000, 200)[:, None], shape),
        "blobs": ndimage.gaussian_filter(rng.normal(size=shape), (1, 6, 6)) * 1000,
        "bottle": np.broadcast_to(bottle, shape) * 800.0 + rng.normal(20.0, 5.0, shape),
    }[kind]
    with pytest.raises(AnatomyError, match="does not look like a lumbar spine"):
        segment(visit(sagittal_t2=volume(image)), SETTINGS)


@pytest.mark.shared_data
@pytest.mark.parametrize("patient", [57, 146])
def test_real_patients_never_trained_on(shared_data: Path, patient: int) -> None:
    """L5/S1 is the lowest disc of SPIDER's own masks."""
    path = shared_data / "spider" / "t2_space" / f"{patient}_t2space.npz"
    if not path.is_file():
        pytest.skip(f"SPIDER patient {patient} is not here: {path}")
    with np.load(path) as data:
        image, mask, spacing = data["I"][::4], data["M"][::4], data["spacing"] * np.array([4, 1, 1])
    affine = np.eye(4)
    affine[:3, :3] = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]) * spacing
    grid = Volume(image.astype(np.float32), affine)
    anatomy = segment(visit(sagittal_t2=grid), SETTINGS)
    labels = anatomy.segmentations[Role.SAGITTAL_T2].labels.array
    disc = mask == 29
    pieces, count = ndimage.label(disc, np.ones((3, 3, 3)))
    lowest = max(
        (ndimage.center_of_mass(pieces == k) for k in range(1, count + 1) if (pieces == k).sum() > 200),
        key=lambda centre: centre[1],
    )
    assert np.linalg.norm(anatomy.levels["L5/S1"].centre_lps_mm - grid.to_lps(np.array(lowest))) < 8.0
    assert 2 * (disc & (labels == Structure.DISC)).sum() / (disc.sum() + (labels == Structure.DISC).sum()) > 0.8


@pytest.mark.shared_data
@pytest.mark.slow
def test_the_clinical_study(clinical_study: Path) -> None:
    """All series of a real study: L5/S1 lies just above S1, and each series names the same bones."""
    from pipeline import load_visit

    anatomy = segment(load_visit(clinical_study), SETTINGS)
    assert anatomy.counted_from == "sacrum"
    assert anatomy.levels["L4/L5"].confidence > 0.8
    assert np.linalg.norm(anatomy.levels["L5/S1"].centre_lps_mm - np.array([6.0, -2.0, -288.0])) < 8.0
    for one in anatomy.segmentations.values():
        voxels = np.argwhere(one.instances.array == 123)
        assert len(voxels), one.role
        centre = one.instances.to_lps(voxels.mean(axis=0))
        assert np.linalg.norm(centre - anatomy.levels["L4/L5"].centre_lps_mm) < 10.0, one.role
