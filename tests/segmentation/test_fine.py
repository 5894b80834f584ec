"""The fine pass: what one series shows is found on the grid of another, and nothing is lost outside the box."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.dicom.visit import Role
from pipeline.segmentation.anatomy import Level, SeriesSegmentation, Structure
from pipeline.segmentation.fine import SLOTS, box_around, refine
from pipeline.segmentation.grid import CanonicalSeries
from pipeline.segmentation.names import disc_value
from pipeline.volume import Volume

CENTRE = np.array([3.0, 20.0, -50.0])
RADIUS_MM = 8.0
SPACING = (3.0, 1.0, 1.0)
SHAPE = (17, 180, 150)


def grid(
    spacing: tuple[float, float, float] = SPACING,
    shape: tuple[int, int, int] = SHAPE,
    signs: tuple[int, int, int] = (1, 1, 1),
) -> Volume:
    """Sagittal slices around the ball, with axes in either direction."""
    directions = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]]) * np.array(signs)
    affine = np.eye(4)
    affine[:3, :3] = directions * np.array(spacing)
    affine[:3, 3] = CENTRE - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Volume(np.zeros(shape, dtype=np.float32), affine)


def ball(volume: Volume) -> NDArray[np.bool_]:
    index = np.stack(np.meshgrid(*map(np.arange, volume.shape), indexing="ij"), axis=-1)
    return np.asarray(np.linalg.norm(volume.to_lps(index) - CENTRE, axis=-1) < RADIUS_MM)


def shown(volume: Volume) -> Volume:
    """An image of the ball in a striped surrounding."""
    index = np.stack(np.meshgrid(*map(np.arange, volume.shape), indexing="ij"), axis=-1)
    stripes = 25 + 10 * np.sin(volume.to_lps(index)[..., 2] / 4)
    return volume.with_array(np.where(ball(volume), 100.0, stripes).astype(np.float32))


def level(name: str = "L4/L5", place: NDArray[np.float64] = CENTRE) -> Level:
    return Level(name, disc_value(name), place - np.array([0, 20, 0]), np.eye(3), place, 0.9)


def known(volume: Volume) -> SeriesSegmentation:
    """A canal everywhere in the middle, a named disc in front of it."""
    labels = np.zeros(volume.shape, dtype=np.uint8)
    index = np.stack(np.meshgrid(*map(np.arange, volume.shape), indexing="ij"), axis=-1)
    behind = volume.to_lps(index)[..., 1] - CENTRE[1]
    labels[np.abs(behind) < 10] = Structure.CANAL
    labels[(behind < -12) & (behind > -30)] = Structure.DISC
    instances = np.where(labels == Structure.DISC, disc_value("L4/L5"), 0).astype(np.uint8)
    probabilities = np.stack([labels == k for k in Structure]).astype(np.float32)
    variants = np.zeros((2, *volume.shape), dtype=np.float32)
    return SeriesSegmentation(
        Role.SAGITTAL_T2, volume.with_array(labels), volume.with_array(instances), probabilities, variants
    )


class Sees:
    """Calls fragment what is bright in one slot, and canal everything else."""

    def __init__(self, role: Role) -> None:
        self.slot = SLOTS.index(role)
        self.present: list[NDArray[np.float32]] = []

    def __call__(self, slices: NDArray[np.float32]) -> NDArray[np.float32]:
        self.present.append(slices[0, 12:, 0, 0])
        bright = slices[:, 3 * self.slot + 1] > 2.0
        result = np.zeros((len(slices), len(Structure), *slices.shape[2:]), dtype=np.float32)
        result[:, Structure.FRAGMENT] = bright
        result[:, Structure.CANAL] = ~bright
        return result


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, -1), (1, -1, -1)])
def test_the_ball_is_found_where_it_lies(signs: tuple[int, int, int]) -> None:
    own = shown(grid(signs=signs))
    found = refine(known(own), {Role.SAGITTAL_T2: own}, [level()], Sees(Role.SAGITTAL_T2), 2)
    assert dice(found.labels.array == Structure.FRAGMENT, ball(own)) > 0.95


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, -1, 1)])
def test_what_another_series_shows_lands_on_this_grid(signs: tuple[int, int, int]) -> None:
    own, other = grid(), shown(grid((2.2, 0.8, 0.9), (24, 220, 170), signs))
    images = {Role.SAGITTAL_T2: own, Role.SAGITTAL_T1_POST: other}
    network = Sees(Role.SAGITTAL_T1_POST)
    found = refine(known(own), images, [level()], network, 1)
    assert dice(found.labels.array == Structure.FRAGMENT, ball(own)) > 0.9
    assert network.present[0].tolist() == [1.0, 0.0, 1.0, 0.0]


def test_a_series_that_does_not_show_the_box_takes_no_part() -> None:
    own, elsewhere = shown(grid()), shown(grid())
    elsewhere.affine[2, 3] += 150.0
    network = Sees(Role.SAGITTAL_T2)
    refine(known(own), {Role.SAGITTAL_T2: own, Role.SAGITTAL_T1: elsewhere}, [level()], network, 1)
    assert network.present[0].tolist() == [1.0, 0.0, 0.0, 0.0]


def test_outside_the_box_nothing_changes_and_inside_shares_sum_to_one() -> None:
    own = shown(grid(shape=(9, 300, 200)))
    before = known(own)
    found = refine(before, {Role.SAGITTAL_T2: own}, [level()], Sees(Role.SAGITTAL_T2), 3)
    rows = slice(0, 40)
    for name in ("labels", "instances"):
        assert np.array_equal(getattr(found, name).array[:, rows], getattr(before, name).array[:, rows])
    assert np.array_equal(found.probabilities[:, :, rows], before.probabilities[:, :, rows])
    assert np.allclose(found.probabilities.sum(axis=0), 1.0, atol=1e-5)
    assert found.fragment_variants.shape == (3, *own.shape)
    assert before.labels.array.max() == Structure.CANAL, "the input is left as it was"


def test_new_disc_takes_the_name_of_the_disc_beside_it() -> None:
    own = shown(grid())

    def all_disc(slices: NDArray[np.float32]) -> NDArray[np.float32]:
        result = np.zeros((len(slices), len(Structure), *slices.shape[2:]), dtype=np.float32)
        result[:, Structure.DISC] = 1.0
        return result

    found = refine(known(own), {Role.SAGITTAL_T2: own}, [level()], all_disc, 1)
    disc = found.labels.array == Structure.DISC
    assert set(np.unique(found.instances.array[disc])) == {disc_value("L4/L5")}
    behind = found.labels.to_lps(np.argwhere(disc).astype(float))[:, 1] - CENTRE[1]
    assert behind.max() < -3, "nothing is named further from the disc than a name carries"


def test_the_box_holds_the_discs_and_stays_inside_the_image() -> None:
    own = CanonicalSeries.of(grid(signs=(-1, 1, -1)))
    plane = box_around(own, [level("L3/L4", CENTRE + np.array([0, 0, 35.0])), level()])
    assert 90 < plane.count[0] * 0.75 < 100, "35 mm between the discs, 24 mm above and 36 mm below"
    for k in range(2):
        assert plane.first_mm[k] >= 0
        assert plane.first_mm[k] + (plane.count[k] - 1) * 0.75 <= (own.image.shape[1 + k] - 1) * own.spacing_mm[1 + k]


def dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return 2.0 * float((a & b).sum()) / float(a.sum() + b.sum())
