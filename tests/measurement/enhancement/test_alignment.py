"""Where the patient lay in one series, relative to another one of the same visit."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.dicom.visit import Role
from pipeline.measurement.enhancement.alignment import known_shift, resampled, shift_between
from pipeline.segmentation.anatomy import Structure
from tests.measurement.enhancement.scene import CENTRE, POST, PRE, Scene, image, labels, visit_of

MOVED = (0.9, 1.1, -0.7)


def _bone_and_changing(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    found = labels(scene, after=True).array
    return found == Structure.VERTEBRA, np.isin(found, (Structure.CANAL, Structure.FRAGMENT))


@pytest.mark.parametrize("fat", [False, True])
def test_movement_is_found_where_fat_is_treated_alike(fat: bool) -> None:
    scene = Scene(moved_mm=MOVED, fat=(fat, fat))
    bone, changing = _bone_and_changing(scene)
    shift = shift_between(image(scene, after=True), bone, image(scene, after=False), left_out=changing)
    assert shift.found
    back = shift.fixed_to_moving @ np.append(CENTRE, 1.0)
    assert back[:3] == pytest.approx(CENTRE - MOVED, abs=0.2)
    assert shift.at(CENTRE) == pytest.approx(np.linalg.norm(MOVED), abs=0.2)


def test_looking_is_no_worse_than_not_looking_where_one_series_suppresses_fat() -> None:
    """Borders of fat look like tissue of another kind there, so that less is known of the movement."""
    scene = Scene(moved_mm=MOVED, fat=(False, True))
    bone, changing = _bone_and_changing(scene)
    shift = shift_between(image(scene, after=True), bone, image(scene, after=False), left_out=changing)
    back = shift.fixed_to_moving @ np.append(CENTRE, 1.0)
    assert np.linalg.norm(back[:3] - (CENTRE - MOVED)) < np.linalg.norm(MOVED)


def test_what_is_known_stands_where_nothing_can_be_compared() -> None:
    scene = Scene()
    known = np.eye(4)
    known[:3, 3] = (0.4, -0.3, 0.2)
    series = image(scene, after=True)
    none = np.zeros(series.shape, dtype=bool)
    shift = shift_between(series, none, image(scene, after=False), start=known)
    assert not shift.found
    assert np.array_equal(shift.fixed_to_moving, known)


def test_an_empty_series_moves_nothing() -> None:
    scene = Scene()
    bone, changing = _bone_and_changing(scene)
    series = image(scene, after=True)
    blank = series.with_array(np.zeros(series.shape, dtype=np.float32))
    shift = shift_between(series, bone, blank, left_out=changing)
    assert not shift.found
    assert np.array_equal(shift.fixed_to_moving, np.eye(4))


def test_known_shifts_are_those_of_the_segmentation() -> None:
    shifts = {PRE: np.array([0.1, 0.2, 0.3]), POST: np.array([1.0, 0.0, -1.0])}
    _, anatomy, _ = visit_of(Scene(), shifts)
    assert known_shift(anatomy, POST, PRE)[:3, 3] == pytest.approx([-0.9, 0.2, 1.3])
    assert known_shift(anatomy, Role.SAGITTAL_T2, PRE)[:3, 3] == pytest.approx(shifts[PRE])
    assert np.array_equal(known_shift(anatomy, Role.SAGITTAL_T2, Role.AXIAL_T2), np.eye(4))


def test_resampling_follows_the_movement_and_knows_its_limits() -> None:
    scene = Scene(moved_mm=(0.0, 2.1, -1.4))
    before = image(scene, after=False)
    back = np.eye(4)
    back[:3, 3] = -np.array(scene.moved_mm)
    there = resampled(before, back, before)
    # Three columns towards the back and two rows downwards: whole pixels, so that nothing is interpolated.
    assert np.allclose(there.array[:, 2:, 3:], before.array[:, :-2, :-3], atol=0.05)
    assert np.isnan(there.array[:, :2]).all()
    assert np.isnan(there.array[:, :, :3]).all()
