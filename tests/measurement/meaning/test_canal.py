"""A round canal of known area with a ball in it, cut into sagittal and axial stacks."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from pipeline.dicom.visit import PatientIdentity, Role, Series, SeriesFacts, Stack, Visit
from pipeline.measurement.change import FragmentMeasurement, Interval
from pipeline.measurement.meaning.canal import canal_change, canal_compromise
from pipeline.measurement.meaning.meaning import CanalCompromise
from pipeline.segmentation.anatomy import Anatomy, SeriesSegmentation, Structure
from pipeline.volume import Volume
from tests.segmentation import plain_spine

VOLUME_MM3 = plain_spine.FRAGMENT_MM3


def true_fractions() -> tuple[np.ndarray, np.ndarray]:
    """Height below the disc, and share of the ball in ball and canal together, by fine sampling."""
    x, y = np.meshgrid(np.arange(-12, 12, 0.1), np.arange(0, 24, 0.1), indexing="ij")
    below = np.arange(-14.0, 20.0, 0.5)
    shares = []
    for depth in below:
        found = plain_spine.structure_at(np.stack([x, y, np.full(x.shape, -depth)], axis=-1))
        ball, canal = np.count_nonzero(found == Structure.FRAGMENT), np.count_nonzero(found == Structure.CANAL)
        shares.append(ball / (ball + canal))
    return below, np.array(shares)


@cache
def seen(present: bool = True) -> tuple[Visit, Anatomy, FragmentMeasurement]:
    """The plain spine in a sagittal and an axial T2 series, with its fragment as measured."""
    grids = {
        Role.SAGITTAL_T2: plain_spine.grid((4.4, 0, 0), (0, 0, -0.9), (0, 0.9, 0), (9, 80, 40), (0, 5, 0)),
        Role.AXIAL_T2: plain_spine.grid((0, 0, -4.4), (0, 0.9, 0), (0.9, 0, 0), (15, 40, 40), (0, 5, 0)),
    }
    segmentations = {role: plain_spine.segmentation_on(grid, role) for role, grid in grids.items()}
    anatomy = replace(plain_spine.anatomy(grids[Role.SAGITTAL_T2]), segmentations=segmentations)
    series = {
        role: Series(role, SeriesFacts("1.2.3"), (Stack(grid.with_array(np.zeros(grid.shape, np.float32)), None),))
        for role, grid in grids.items()
    }
    visit = Visit(PatientIdentity(), None, None, None, series, (), (), "simulated")
    share = segmentations[Role.SAGITTAL_T2].probabilities[Structure.FRAGMENT] * present
    occupancy = grids[Role.SAGITTAL_T2].with_array(share.astype(np.float32))
    volume = VOLUME_MM3 if present else 0.0
    measured = FragmentMeasurement(
        present, volume, Interval(0.9 * volume, 1.1 * volume + 60), 60.0, None, Role.SAGITTAL_T2, occupancy, {}
    )
    return visit, anatomy, measured


def compromise(role: Role, present: bool = True) -> CanalCompromise:
    visit, anatomy, measured = seen(present)
    found = canal_compromise(visit, anatomy, "L4/L5", measured, role, border_sd_mm=0.3, half_width_mm=13.0)
    assert found is not None
    return found


@pytest.mark.parametrize("role", [Role.SAGITTAL_T2, Role.AXIAL_T2])
def test_worst_place_of_a_known_canal(role: Role) -> None:
    below, shares = true_fractions()
    found = compromise(role)
    assert found.fraction == pytest.approx(shares.max(), abs=0.03)
    assert found.along_mm == pytest.approx(below[np.argmax(shares)], abs=2.0)
    assert found.interval95.low < shares.max() < found.interval95.high


@pytest.mark.parametrize("role", [Role.SAGITTAL_T2, Role.AXIAL_T2])
def test_a_free_canal_has_its_area_and_no_fragment(role: Role) -> None:
    visit, anatomy, measured = seen(present=False)
    empty = {each: _free(one) for each, one in anatomy.segmentations.items()}
    found = canal_compromise(
        visit, replace(anatomy, segmentations=empty), "L4/L5", measured, role, border_sd_mm=0.3, half_width_mm=13.0
    )
    assert found is not None
    assert (found.fraction, found.along_mm) == (0.0, None)
    assert found.sac_mm2 == pytest.approx(np.pi * 8**2, rel=0.04)
    # A ball of the limit of blank, 60 mm³, has a section of 18.5 mm².
    assert found.interval95.high == pytest.approx(18.5 / found.sac_mm2, abs=0.01)


def _free(one: SeriesSegmentation) -> SeriesSegmentation:
    """The same canal with nothing in it."""
    at = plain_spine.points(one.labels)
    result = np.zeros_like(one.probabilities)
    for part in (np.arange(9) + 0.5) / 9 - 0.5:
        x, y, _ = np.moveaxis(at + part * one.labels.affine[:3, 0], -1, 0)
        result[Structure.CANAL] += (np.hypot(x, y - 10) < 8) / 9
    return replace(one, probabilities=result)


def test_material_in_the_foramen_takes_no_canal() -> None:
    visit, anatomy, measured = seen()
    aside = measured.occupancy
    moved = replace(measured, occupancy=_shifted(aside, 22.0))
    found = canal_compromise(visit, anatomy, "L4/L5", moved, Role.SAGITTAL_T2, border_sd_mm=0.3, half_width_mm=13.0)
    assert found is not None
    assert found.fraction < 0.02


def _shifted(volume: Volume, lateral_mm: float) -> Volume:
    affine = volume.affine.copy()
    affine[0, 3] += lateral_mm
    return Volume(volume.array, affine)


def test_a_series_that_was_not_segmented_says_nothing() -> None:
    visit, anatomy, measured = seen()
    assert (
        canal_compromise(visit, anatomy, "L4/L5", measured, Role.SAGITTAL_STIR, border_sd_mm=0.3, half_width_mm=13.0)
        is None
    )
    carried = {role: replace(one, carried=True) for role, one in anatomy.segmentations.items()}
    anatomy = replace(anatomy, segmentations=carried)
    assert (
        canal_compromise(visit, anatomy, "L4/L5", measured, Role.AXIAL_T2, border_sd_mm=0.3, half_width_mm=13.0) is None
    )


def test_change_takes_the_near_limits_of_both() -> None:
    before = CanalCompromise(Role.AXIAL_T2, 0.5, Interval(0.4, 0.65), 100, 100, 5.0, 4.0)
    after = CanalCompromise(Role.AXIAL_T2, 0.2, Interval(0.1, 0.3), 40, 160, 5.0, 4.0)
    change = canal_change(before, after, 0.0)
    assert change is not None
    assert change.value == pytest.approx(-0.3)
    assert change.interval95.low == pytest.approx(-0.3 - np.hypot(0.1, 0.15))
    assert change.interval95.high == pytest.approx(-0.3 + np.hypot(0.1, 0.1))
    back = canal_change(after, before, 0.0)
    assert back is not None
    assert (back.value, back.interval95.low) == pytest.approx((-change.value, -change.interval95.high))
    assert canal_change(before, None, 0.0) is None
    assert canal_change(before, replace(after, role=Role.SAGITTAL_T2), 0.0) is None
    alike = canal_change(before, after, 0.5)
    assert alike is not None
    assert alike.interval95.low == pytest.approx(-0.3 - np.sqrt(0.1**2 + 0.15**2 - 0.1 * 0.15))
