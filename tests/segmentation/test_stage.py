"""A visit goes in, named anatomy of every series comes out."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.config import SegmentationSettings
from pipeline.dicom.visit import PatientIdentity, Role, Series, SeriesFacts, Stack, Visit
from pipeline.errors import AnatomyError, NoUsableSeriesError
from pipeline.segmentation import counting, stage
from pipeline.segmentation.anatomy import Anatomy, Structure
from pipeline.segmentation.inference import Prediction
from pipeline.segmentation.locating import SpineBox
from pipeline.segmentation.network import Predictor
from pipeline.volume import Volume
from tests.segmentation.conftest import Known, cropped, row_of
from tests.segmentation.oracle import prediction_of


def visit(**volumes: Volume) -> Visit:
    series = {
        Role(name): Series(Role(name), SeriesFacts("1.2.3"), (Stack(volume, 4.0),)) for name, volume in volumes.items()
    }
    return Visit(PatientIdentity(), None, None, None, series, (), (), "test")


def oracle_predict(volume: Volume, network: Predictor, count: int, near: SpineBox | None) -> Prediction:
    """Images here are label maps, and the prediction is what they say."""
    return prediction_of(volume.with_array(volume.array.astype(np.uint8)), count)


def see_labels(patch: pytest.MonkeyPatch) -> None:
    """Let label maps stand for images, and the oracle for the network."""
    patch.setattr(counting, "predict", oracle_predict)
    patch.setattr(counting, "find_box", lambda volume, network: None)
    patch.setattr(counting, "require_image", lambda volume, what: None)
    patch.setattr(counting, "require_upright", lambda prediction, network, what: None)


@pytest.fixture
def oracle(monkeypatch: pytest.MonkeyPatch) -> None:
    see_labels(monkeypatch)


def segment(**volumes: Volume) -> Anatomy:
    return stage.segment(visit(**volumes), SegmentationSettings(variants=2), network=lambda slices: slices)


def moved(volume: Volume, offset: tuple[float, float, float]) -> Volume:
    affine = volume.affine.copy()
    affine[:3, 3] += offset
    return Volume(volume.array, affine)


@pytest.mark.usefixtures("oracle")
def test_levels_lie_where_the_discs_are(lumbar: Known) -> None:
    anatomy = segment(sagittal_t2=lumbar.labels)
    for name in ("L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1"):
        level = anatomy.levels[name]
        assert np.linalg.norm(level.centre_lps_mm - np.array(anatomy_of(lumbar, name))) < 4.0
        assert np.allclose(level.axes_lps.T @ level.axes_lps, np.eye(3), atol=1e-6)
        assert np.linalg.det(level.axes_lps) == pytest.approx(1.0)
        assert level.axes_lps[0, 0] > 0.9
        assert level.axes_lps[2, 2] > 0.6
        inside = lumbar.labels.to_index(level.posterior_margin_lps_mm + 6.0 * level.axes_lps[:, 1])
        behind = lumbar.labels.array[tuple(np.round(inside).astype(int))]
        assert behind in {Structure.CANAL, Structure.FRAGMENT, Structure.BACKGROUND}
    for name in ("L2", "L3", "L4", "L5"):
        assert np.linalg.norm(anatomy.vertebrae[name].centre_lps_mm - np.array(anatomy_of(lumbar, name))) < 4.0


def anatomy_of(known: Known, name: str) -> tuple[float, float, float]:
    return known.anatomy.landmarks[name]


@pytest.mark.usefixtures("oracle")
def test_instances_carry_the_values_of_the_table(lumbar: Known) -> None:
    one = segment(sagittal_t2=lumbar.labels).segmentations[Role.SAGITTAL_T2]
    assert {20, 21, 22, 23, 24, 26, 120, 121, 122, 123, 124} <= set(np.unique(one.instances.array).tolist())
    assert set(np.unique(one.labels.array[one.instances.array == 123])) == {Structure.DISC}
    assert set(np.unique(one.labels.array[one.instances.array == 26])) == {Structure.SACRUM}


@pytest.mark.usefixtures("oracle")
def test_names_reach_a_series_that_cannot_be_counted_by_itself(lumbar: Known) -> None:
    """T1 without the sacrum, the patient a few millimetres away: same names on the same bones."""
    short = moved(cropped(lumbar.labels, slice(0, row_of(lumbar, "L5") + 8)), (2.0, -2.0, 3.0))
    anatomy = segment(sagittal_t2=lumbar.labels, sagittal_t1=short)
    whole, part = (anatomy.segmentations[role] for role in (Role.SAGITTAL_T2, Role.SAGITTAL_T1))
    rows = short.shape[1]
    for value in (22, 23, 122, 123):
        a, b = whole.instances.array[:, :rows] == value, part.instances.array == value
        assert (a & b).sum() / (a | b).sum() > 0.95, value


@pytest.mark.usefixtures("oracle")
def test_axial_series_take_over_the_labels(lumbar: Known) -> None:
    affine = np.eye(4)
    affine[:3, :3] = np.array([[0.0, 0, 0.8], [0, 0.8, 0], [-4.0, 0, 0]])
    affine[:3, 3] = (-30.0, -50.0, -30.0)
    grid = Volume(np.zeros((12, 130, 75), np.float32), affine)
    anatomy = segment(sagittal_t2=lumbar.labels, axial_t2=grid)
    axial = anatomy.segmentations[Role.AXIAL_T2]
    assert "axial-labels-carried-over" in {finding.code for finding in anatomy.findings}
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)
    there = np.round(lumbar.labels.to_index(grid.to_lps(index))).astype(int)
    there = np.clip(there, 0, np.array(lumbar.labels.shape) - 1)
    truth = lumbar.labels.array[tuple(np.moveaxis(there, -1, 0))]
    for structure in (Structure.VERTEBRA, Structure.DISC, Structure.CANAL):
        a, b = truth == structure, axial.labels.array == structure
        assert 2 * (a & b).sum() / (a.sum() + b.sum()) > 0.8, structure
    assert 123 in axial.instances.array
    assert np.allclose(axial.probabilities.sum(axis=0, dtype=np.float32), 1.0, atol=1e-2)


def test_axial_alone_is_not_enough(lumbar: Known) -> None:
    with pytest.raises(NoUsableSeriesError, match="no sagittal series"):
        segment(axial_t2=lumbar.labels)


@pytest.mark.usefixtures("oracle")
def test_a_level_out_of_view_leaves_the_others_named(lumbar: Known) -> None:
    labels = cropped(lumbar.labels, slice(0, row_of(lumbar, "L5") + 5))
    settings = SegmentationSettings(level="L5/S1", lowest_disc="L4/L5", variants=2)
    anatomy = stage.segment(visit(sagittal_t2=labels), settings, network=lambda slices: slices)
    assert list(anatomy.levels)[-2:] == ["L3/L4", "L4/L5"]


@pytest.mark.usefixtures("oracle")
def test_a_series_of_something_else_is_left_out(lumbar: Known) -> None:
    empty = lumbar.labels.with_array(np.zeros_like(lumbar.labels.array))
    anatomy = segment(sagittal_t2=empty, sagittal_t1=lumbar.labels)
    assert anatomy.reference is Role.SAGITTAL_T1
    assert set(anatomy.segmentations) == {Role.SAGITTAL_T1}
    assert "series-not-lumbar" in {finding.code for finding in anatomy.findings}
    with pytest.raises(AnatomyError):
        segment(sagittal_t2=empty)
