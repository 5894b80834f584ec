"""Displaced material is found with its volume and given to the disc that it came from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.config import SegmentationSettings
from pipeline.dicom.visit import Role
from pipeline.segmentation import stage
from pipeline.segmentation.anatomy import Anatomy, Structure
from pipeline.segmentation.displaced import displaced_probability
from pipeline.volume import Volume
from tests.segmentation.conftest import Known
from tests.segmentation.test_stage import see_labels, visit


@pytest.fixture(scope="module")
def segmented(lumbar: Known) -> Anatomy:
    with pytest.MonkeyPatch.context() as patch:
        see_labels(patch)
        return stage.segment(visit(sagittal_t2=lumbar.labels), SegmentationSettings(variants=2), network=lambda x: x)


def with_fragment(lumbar: Known, extra: np.ndarray) -> Anatomy:
    labels = lumbar.labels.array.copy()
    labels[extra & ((labels == Structure.CANAL) | (labels == Structure.BACKGROUND))] = Structure.FRAGMENT
    with pytest.MonkeyPatch.context() as patch:
        see_labels(patch)
        changed = lumbar.labels.with_array(labels)
        return stage.segment(visit(sagittal_t2=changed), SegmentationSettings(variants=2), network=lambda x: x)


def volume_at(anatomy: Anatomy, level: str) -> float:
    found = displaced_probability(anatomy.segmentations[Role.SAGITTAL_T2], anatomy.levels[level], anatomy)
    return float(found.probability.array.sum()) * found.probability.voxel_volume_mm3


def ball(grid: Volume, centre: np.ndarray, radius_mm: float) -> np.ndarray:
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)
    return np.asarray(np.linalg.norm(grid.to_lps(index) - centre, axis=-1) < radius_mm)


def test_volume_and_parent(segmented: Anatomy, lumbar: Known) -> None:
    drawn = float((lumbar.labels.array == Structure.FRAGMENT).sum()) * lumbar.labels.voxel_volume_mm3
    assert volume_at(segmented, "L4/L5") + volume_at(segmented, "L2/L3") == pytest.approx(drawn, rel=0.08)
    assert volume_at(segmented, "L4/L5") == pytest.approx(1200.0, rel=0.15)
    assert volume_at(segmented, "L2/L3") == pytest.approx(600.0, rel=0.15)
    assert volume_at(segmented, "L3/L4") < 30.0
    assert volume_at(segmented, "L5/S1") < 30.0


def test_variants_and_region_lie_on_the_native_grid(segmented: Anatomy) -> None:
    one = segmented.segmentations[Role.SAGITTAL_T2]
    found = displaced_probability(one, segmented.levels["L4/L5"], segmented)
    assert found.variants.shape == (2, *one.labels.shape)
    assert np.allclose(found.variants[0], found.probability.array, atol=1e-5)
    assert not found.probability.array[~found.region.array].any()
    assert found.components.array.max() == 1


def test_material_migrated_down_keeps_its_disc_when_it_touches_it(segmented: Anatomy, lumbar: Known) -> None:
    found = displaced_probability(
        segmented.segmentations[Role.SAGITTAL_T2], segmented.levels["L4/L5"], segmented
    ).probability
    where = np.argwhere(found.array > 0.5)
    assert found.to_lps(where)[:, 2].min() < segmented.levels["L4/L5"].posterior_margin_lps_mm[2] - 10.0


def test_a_speck_far_from_any_disc_is_noise(lumbar: Known, segmented: Anatomy) -> None:
    body = (segmented.levels["L3/L4"].posterior_margin_lps_mm + segmented.levels["L2/L3"].posterior_margin_lps_mm) / 2
    changed = with_fragment(lumbar, ball(lumbar.labels, body + np.array([8.0, 5.0, 0.0]), 1.8))
    assert volume_at(changed, "L3/L4") < 30.0


def test_nothing_is_taken_from_the_lower_sacral_canal(lumbar: Known) -> None:
    below = np.array(lumbar.anatomy.landmarks["S3"]) + np.array([0.0, 16.0, 6.0])
    changed = with_fragment(lumbar, ball(lumbar.labels, below, 5.0))
    assert volume_at(changed, "L5/S1") < 30.0


def test_nothing_is_taken_from_beside_the_foramen(lumbar: Known, segmented: Anatomy) -> None:
    aside = segmented.levels["L3/L4"].posterior_margin_lps_mm + np.array([25.0, 0.0, 0.0])
    changed = with_fragment(lumbar, ball(lumbar.labels, aside, 4.0))
    assert volume_at(changed, "L3/L4") < 30.0


def test_a_root_deep_in_the_canal_is_no_fragment(lumbar: Known, segmented: Anatomy) -> None:
    level = segmented.levels["L3/L4"]
    deep = level.posterior_margin_lps_mm + level.axes_lps @ np.array([4.0, 14.0, 0.0])
    changed = with_fragment(lumbar, ball(lumbar.labels, deep, 3.5))
    assert volume_at(changed, "L3/L4") < 45.0, "of 180 mm³"


def test_material_as_bright_as_fat_or_fluid_is_no_disc(segmented: Anatomy) -> None:
    one = segmented.segmentations[Role.SAGITTAL_T2]
    brightness = np.array([900.0, 300.0, 300.0, 200.0, 700.0, 260.0], dtype=np.float32)
    level = segmented.levels["L4/L5"]
    dark = one.labels.with_array(brightness[one.labels.array])
    bright = dark.with_array(np.where(one.labels.array == Structure.FRAGMENT, np.float32(880.0), dark.array))
    plain = displaced_probability(one, level, segmented)
    assert np.array_equal(displaced_probability(one, level, segmented, dark).probability.array, plain.probability.array)
    found = displaced_probability(one, level, segmented, bright)
    assert float(found.probability.array.sum()) < 0.1 * float(plain.probability.array.sum())
    assert found.suppressed_mm3 > 900.0
    enhanced = replace(one, role=Role.SAGITTAL_T1_POST)
    kept = displaced_probability(enhanced, level, segmented, bright)
    assert np.array_equal(kept.probability.array, plain.probability.array), "an enhancing fragment is one all the same"


def test_fluid_that_hangs_on_a_fragment_is_cut_off(segmented: Anatomy) -> None:
    one, level = segmented.segmentations[Role.SAGITTAL_T2], segmented.levels["L4/L5"]
    brightness = np.array([600.0, 300.0, 300.0, 200.0, 900.0, 260.0], dtype=np.float32)
    plain = displaced_probability(one, level, segmented).probability
    rows = np.nonzero(plain.array.any(axis=(0, 2)))[0]
    lower = np.zeros(plain.shape, dtype=bool)
    lower[:, int(rows[0] + 0.55 * np.ptp(rows)) :] = True
    fluid = lower & (one.labels.array == Structure.FRAGMENT)
    image = one.labels.with_array(np.where(fluid, np.float32(900.0), brightness[one.labels.array]))
    found = displaced_probability(one, level, segmented, image)
    left = found.probability.array[fluid].sum()
    assert left < 0.4 * plain.array[fluid].sum(), "what is left is a rim as wide as a voxel or two"
    above = plain.array[~lower].sum()
    assert found.probability.array[~lower].sum() == pytest.approx(above, rel=0.1), "what is dark stays"
    assert found.suppressed_mm3 > 0.5 * float(plain.array[lower].sum()) * plain.voxel_volume_mm3


def test_a_bright_fragment_is_kept_where_the_coil_brightens_its_surroundings(segmented: Anatomy) -> None:
    one, level = segmented.segmentations[Role.SAGITTAL_T2], segmented.levels["L4/L5"]
    brightness = np.array([300.0, 300.0, 300.0, 200.0, 700.0, 620.0], dtype=np.float32)
    fragment = one.labels.to_lps(np.argwhere(one.labels.array == Structure.FRAGMENT))
    near = np.abs(fragment[:, 2] - level.posterior_margin_lps_mm[2]) < 25.0
    index = np.stack(np.meshgrid(*(np.arange(n) for n in one.labels.shape), indexing="ij"), axis=-1)
    away = one.labels.to_lps(index)[..., 2] - fragment[near, 2].mean()
    gain = 0.5 + 0.5 * np.exp(-((away / 14.0) ** 2))
    image = one.labels.with_array((brightness[one.labels.array] * gain).astype(np.float32))
    assert displaced_probability(one, level, segmented, image).suppressed_mm3 < 30.0


@pytest.mark.parametrize(("step_mm", "counted"), [(1.0, False), (5.0, True)])
def test_disc_counts_where_it_stands_out_more_than_healthy_ones_do(
    lumbar: Known, segmented: Anatomy, step_mm: float, counted: bool
) -> None:
    level = segmented.levels["L3/L4"]
    index = np.stack(np.meshgrid(*(np.arange(n) for n in lumbar.labels.shape), indexing="ij"), axis=-1)
    lateral, behind, height = np.moveaxis(
        (lumbar.labels.to_lps(index) - level.posterior_margin_lps_mm) @ level.axes_lps, -1, 0
    )
    step = (behind > -2.0) & (behind < step_mm) & (np.abs(height) < 4.0) & (np.abs(lateral) < 9.0)
    labels = lumbar.labels.array.copy()
    labels[step & ((labels == Structure.CANAL) | (labels == Structure.BACKGROUND))] = Structure.DISC
    with pytest.MonkeyPatch.context() as patch:
        see_labels(patch)
        changed = stage.segment(
            visit(sagittal_t2=lumbar.labels.with_array(labels)), SegmentationSettings(variants=2), network=lambda x: x
        )
    assert (volume_at(changed, "L3/L4") > 100.0) is counted
    assert counted or volume_at(changed, "L3/L4") < 20.0
