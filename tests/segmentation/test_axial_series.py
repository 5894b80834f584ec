"""Axial series: seen by their own network, placed and named by the sagittal series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.dicom.visit import Role
from pipeline.measurement.meaning.section import BEHIND_MM, REACH_MM
from pipeline.segmentation import axial_view
from pipeline.segmentation.anatomy import Anatomy, Structure
from pipeline.segmentation.axial import carried_to
from pipeline.segmentation.axial_series import AxialSegmentation, segment_axial
from pipeline.segmentation.displaced import displaced_probability
from pipeline.segmentation.nearby import COMPARED_MM, Nearby
from pipeline.segmentation.network import Predictor
from pipeline.volume import Volume
from tests.segmentation import plain_spine as spine

ROLE = Role.AXIAL_T2


@pytest.fixture(autouse=True)
def _brightness_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network of these tests knows structures by their brightness."""
    monkeypatch.setattr(axial_view, "normalise", lambda image: np.asarray(image, dtype=np.float32))


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return spine.anatomy()


def segmented(
    anatomy: Anatomy,
    grid: Volume,
    moved: np.ndarray | None = None,
    network: Predictor = spine.seeing,
    count: int = 1,
    nearby: Nearby | None = None,
) -> AxialSegmentation:
    at = spine.points(grid) - (np.zeros(3) if moved is None else moved)
    image = grid.with_array(spine.image_of(spine.structure_at(at)))
    carried = carried_to(ROLE, image, anatomy.segmentations[anatomy.reference], ())
    return segment_axial(ROLE, image, carried, network, count=count, nearby=nearby)


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other)))


def stored(grid: Volume, order: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> Volume:
    """The same stack with its axes in another order and direction."""
    step = np.zeros((4, 4))
    step[3, 3] = 1
    for k, axis in enumerate(order):
        step[axis, k] = -1 if flips[k] else 1
        step[axis, 3] = grid.shape[axis] - 1 if flips[k] else 0
    return Volume(np.zeros([grid.shape[axis] for axis in order], dtype=np.uint8), grid.affine @ step)


def test_borders_come_from_the_axial_slices(anatomy: Anatomy) -> None:
    grid = spine.axial_grid()
    found = segmented(anatomy, grid, count=2)
    truth = spine.structure_at(spine.points(grid))
    for structure in (Structure.VERTEBRA, Structure.DISC, Structure.CANAL, Structure.FRAGMENT):
        assert dice(found.segmentation.labels.array == structure, truth == structure) > 0.9
    assert found.from_network
    assert found.canal_dice > 0.8
    assert not found.findings
    assert np.allclose(found.segmentation.probabilities.sum(axis=0, dtype=np.float32), 1.0, atol=2e-3)
    assert found.segmentation.fragment_variants.shape == (2, *grid.shape)


@pytest.mark.parametrize(
    ("order", "flips"), [((0, 1, 2), (True, False, True)), ((2, 0, 1), (False, True, False)), ((1, 2, 0), (True,) * 3)]
)
def test_any_order_and_direction_of_axes(
    anatomy: Anatomy, order: tuple[int, int, int], flips: tuple[bool, bool, bool]
) -> None:
    plain = spine.axial_grid(tilt_deg=12.0, slices=6)
    turned = stored(plain, order, flips)
    one, other = segmented(anatomy, plain).segmentation, segmented(anatomy, turned).segmentation
    index = np.rint(turned.to_index(spine.points(plain))).astype(int)
    again = other.labels.array[tuple(np.moveaxis(index, -1, 0))]
    assert np.mean(again != one.labels.array) < 1e-3


def test_names_are_those_of_the_sagittal_series(anatomy: Anatomy) -> None:
    grid = spine.axial_grid(height=-19.0, slices=14)
    found = segmented(anatomy, grid).segmentation
    truth = spine.instance_at(spine.points(grid))
    for value in (23, 24, 26, 123, 124):
        assert dice(found.instances.array == value, truth == value) > 0.85
    sacral = found.labels.array == Structure.SACRUM
    assert set(np.unique(found.instances.array[sacral])) == {26}


def test_a_slice_that_grazes_an_endplate_is_decided_by_the_sagittal_series(anatomy: Anatomy) -> None:
    grid = spine.axial_grid(height=3.0, slices=1)

    def torn(slices: np.ndarray) -> np.ndarray:
        given = spine.seeing(slices)
        solid = given[:, [Structure.VERTEBRA, Structure.SACRUM, Structure.DISC]].sum(axis=1)
        given[:, Structure.VERTEBRA], given[:, Structure.SACRUM] = 0.55 * solid, 0.0
        given[:, Structure.DISC] = 0.45 * solid
        return given

    labels = segmented(anatomy, grid, network=torn).segmentation.labels.array
    body = spine.structure_at(spine.points(grid)) == Structure.DISC
    assert np.mean(labels[body] == Structure.DISC) > 0.9


def test_slices_beyond_the_sagittal_series_stay_as_carried(anatomy: Anatomy) -> None:
    grid = spine.axial_grid(height=110.0, slices=5)
    found = segmented(anatomy, grid)
    assert not found.from_network
    assert not found.segmentation.labels.array.any()
    assert not found.findings


def test_a_patient_who_moved_is_followed(anatomy: Anatomy) -> None:
    shift = np.array([5.0, -3.0, 0.0])
    grid = spine.axial_grid(slices=14)
    found = segmented(anatomy, grid, moved=shift)
    assert [finding.code for finding in found.findings] == ["axial-shifted"]
    assert np.allclose(found.shift_mm, shift, atol=1.5)
    truth = spine.instance_at(spine.points(grid) - shift)
    assert dice(found.segmentation.instances.array == 123, truth == 123) > 0.85


def test_movement_along_the_canal_is_seen_by_discs_and_bodies(anatomy: Anatomy) -> None:
    found = segmented(anatomy, spine.axial_grid(slices=20), moved=np.array([0.0, 0.0, 4.0]))
    assert found.shift_mm[2] == pytest.approx(4.0, abs=1.5)


def test_contradiction_is_said(anatomy: Anatomy) -> None:
    def blind(slices: np.ndarray) -> np.ndarray:
        given = np.zeros((len(slices), 6, *slices.shape[2:]), dtype=np.float32)
        given[:, Structure.BACKGROUND] = 1.0
        return given

    found = segmented(anatomy, spine.axial_grid(), network=blind)
    assert [finding.code for finding in found.findings] == ["axial-sagittal-disagree"]


@pytest.mark.parametrize("tilt", [0.0, 15.0])
def test_displaced_material_is_measured_on_axial_slices(anatomy: Anatomy, tilt: float) -> None:
    found = segmented(anatomy, spine.axial_grid(tilt_deg=tilt, slices=14)).segmentation
    both = replace(anatomy, segmentations={**anatomy.segmentations, ROLE: found})
    material = displaced_probability(found, anatomy.levels["L4/L5"], both)
    volume = float(material.probability.array.sum()) * material.probability.voxel_volume_mm3
    fine = spine.axial_grid(slices=60, pitch=0.7)
    truth = float((spine.structure_at(spine.points(fine)) == Structure.FRAGMENT).sum()) * fine.voxel_volume_mm3
    assert volume == pytest.approx(truth, rel=0.12)


@pytest.mark.parametrize("tilt", [0.0, 15.0])
def test_what_a_comparison_leaves_out_changes_nothing_that_it_reports(anatomy: Anatomy, tilt: float) -> None:
    grid, level = spine.axial_grid(tilt_deg=tilt, slices=34), anatomy.levels["L4/L5"]
    near = Nearby(level.posterior_margin_lps_mm, COMPARED_MM)
    whole, part = (segmented(anatomy, grid, count=2, nearby=nearby) for nearby in (None, near))
    assert whole.left_out == 0
    assert part.left_out >= 8
    seen = [found.segmentation for found in (whole, part)]
    canal = np.hypot(REACH_MM, BEHIND_MM[1])
    inside = np.linalg.norm(spine.points(grid) - level.posterior_margin_lps_mm, axis=-1) <= canal
    for one, other in zip(*((s.labels.array, s.instances.array) for s in seen), strict=True):
        assert np.array_equal(one[inside], other[inside])
    for one, other in zip(*((s.probabilities, s.fragment_variants) for s in seen), strict=True):
        assert np.array_equal(one[:, inside], other[:, inside])
    materials = [
        displaced_probability(s, level, replace(anatomy, segmentations={**anatomy.segmentations, ROLE: s}))
        for s in seen
    ]
    assert materials[0].probability.array.any()
    assert np.array_equal(materials[0].probability.array, materials[1].probability.array)
    assert np.array_equal(materials[0].variants, materials[1].variants)


def test_slices_that_nobody_asked_about_keep_what_was_carried(anatomy: Anatomy) -> None:
    grid = spine.axial_grid(slices=34)
    carried = carried_to(ROLE, grid, anatomy.segmentations[anatomy.reference], ())
    found = segmented(anatomy, grid, nearby=Nearby(anatomy.levels["L4/L5"].posterior_margin_lps_mm, 20.0))
    far = np.abs(spine.points(grid)[..., 2] - anatomy.levels["L4/L5"].posterior_margin_lps_mm[2]) > 20.0
    assert carried.labels.array[far].any()
    assert np.array_equal(found.segmentation.labels.array[far], carried.labels.array[far])


def test_a_stack_that_nobody_asked_about_is_carried(anatomy: Anatomy) -> None:
    upper = spine.axial_grid(height=60.0, slices=4)
    found = segmented(anatomy, upper, nearby=Nearby(anatomy.levels["L5/S1"].posterior_margin_lps_mm, COMPARED_MM))
    assert not found.from_network
    assert found.segmentation.labels.array.any()
