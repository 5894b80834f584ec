"""Parts of a fragment keep their names from visit to visit, wherever the patient lies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.dicom.visit import Role
from pipeline.measurement.change import FragmentMeasurement, Interval
from pipeline.measurement.tracking import Track, track
from pipeline.volume import Volume
from tests.report.cases import rigid

SPACING = (4.0, 0.8, 0.8)
Ball = tuple[tuple[float, float, float], float]


def measured(*balls: Ball, shift: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> FragmentMeasurement:
    """Balls (centre in the first visit's LPS mm, radius) as a visit shows them that lies ``shift`` away."""
    shape = (12, 100, 80)
    affine = np.diag([*SPACING, 1.0])
    grid = Volume(np.zeros(shape, np.float32), affine)
    points = grid.to_lps(np.stack(np.indices(shape), -1).astype(float)) - np.array(shift)
    filled = np.zeros(shape, np.float32)
    for centre, radius in balls:
        filled[((points - np.array(centre)) ** 2).sum(-1) < radius**2] = 1.0
    volume = float(filled.sum()) * grid.voxel_volume_mm3
    return FragmentMeasurement(
        volume > 60, volume, Interval(0, 2 * volume), 60.0, None, Role.SAGITTAL_T2, grid.with_array(filled), {}
    )


def back(shift: tuple[float, float, float]) -> NDArray[np.float64]:
    matrix = np.eye(4)
    matrix[:3, 3] = -np.array(shift)
    return matrix


def volumes(one: Track) -> list[float | None]:
    return [None if sighting is None else round(sighting.volume_mm3) for sighting in one.sightings]


LOW, HIGH = (22.0, 60.0, 30.0), (22.0, 20.0, 30.0)


def test_a_shrinking_fragment_stays_one_though_the_patient_moved() -> None:
    shift = (3.0, 11.0, -6.0)
    first, second, third = measured((LOW, 7.0)), measured((LOW, 5.5), shift=shift), measured((LOW, 4.0))
    (one,) = track([first, second, third], [np.eye(4), back(shift), np.eye(4)])
    assert one.name == "A"
    assert volumes(one) == [round(first.volume_mm3), round(second.volume_mm3), round(third.volume_mm3)]
    places = [sighting.centroid_lps_mm for sighting in one.sightings if sighting]
    assert np.ptp(places, axis=0).max() < 1.5, "told in the first visit's coordinates"


def test_without_the_alignment_it_would_be_another_one() -> None:
    shift = (0.0, 25.0, 0.0)
    two = track([measured((LOW, 6.0)), measured((HIGH, 6.0), shift=shift)], [np.eye(4), back(shift)])
    assert [one.name for one in two] == ["A", "B"], "far apart in the patient"


def test_tracks_share_the_volume_of_their_visit() -> None:
    """Of all series together it is another volume than that of the occupancy; half-empty voxels count as well."""
    one = measured((LOW, 7.0), (HIGH, 4.0))
    soft = np.clip(one.occupancy.array * 0.8 + 0.3 * np.roll(one.occupancy.array, 1, axis=1), 0, 1)
    visit = replace(one, occupancy=one.occupancy.with_array(soft.astype(np.float32)), volume_mm3=1234.0)
    tracks = track([visit], [np.eye(4)])
    assert sum(each.sightings[0].volume_mm3 for each in tracks if each.sightings[0]) == pytest.approx(1234.0)


def test_material_that_fills_no_voxel_by_half_is_followed_too() -> None:
    one = measured((LOW, 6.0))
    thin = replace(one, occupancy=one.occupancy.with_array(0.4 * one.occupancy.array))
    assert volumes(track([thin], [np.eye(4)])[0]) == [round(one.volume_mm3)]


def test_one_that_comes_back_is_the_same() -> None:
    gone = measured()
    (one,) = track([measured((LOW, 6.0)), gone, measured((LOW, 5.0))], [np.eye(4)] * 3)
    assert [sighting is None for sighting in one.sightings] == [False, True, False]


def test_pieces_of_one_keep_its_name() -> None:
    (one,) = track(
        [measured((LOW, 9.0)), measured(((22.0, 56.0, 30.0), 3.0), ((22.0, 64.0, 30.0), 3.0))], [np.eye(4)] * 2
    )
    assert [sighting.parts for sighting in one.sightings if sighting] == [1, 2]


def test_two_that_grow_together_are_told() -> None:
    apart = measured(((22.0, 54.0, 30.0), 5.0), ((22.0, 66.0, 30.0), 4.0))
    larger, smaller = track([apart, measured((LOW, 10.0))], [np.eye(4)] * 2)
    assert larger.sightings[1] is not None
    assert smaller.sightings[1] is None
    assert (larger.joined, smaller.joined) == (("B",), ())


def test_specks_are_not_followed() -> None:
    tracks = track([measured((LOW, 6.0), (HIGH, 1.2)), measured((LOW, 6.0))], [np.eye(4)] * 2)
    assert [one.name for one in tracks] == ["A"]


@pytest.mark.parametrize("seed", range(3))
def test_names_do_not_depend_on_how_the_first_visit_lay(seed: int) -> None:
    """The same patient in other coordinates: same names, same volumes."""
    rng = np.random.default_rng(seed)
    turn = rigid((0.0, 0.0, 0.0), tuple(rng.uniform(-9, 9, 3)))
    visits = [measured((LOW, 7.0), (HIGH, 4.0)), measured((LOW, 5.0), (HIGH, 4.5))]
    here = track(visits, [np.eye(4), np.eye(4)])
    there = track(visits, [turn, turn])
    assert [(one.name, volumes(one)) for one in here] == [(one.name, volumes(one)) for one in there]
