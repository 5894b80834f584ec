"""Two visits of one patient: the truth goes where the image goes, and a motion costs no volume."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline import rigid
from pipeline.volume import Volume
from tests.training.evaluation.drawn_patient import drawn_patient
from training.evaluation.canal_room import CanalRoom
from training.evaluation.fragments import rooms_of
from training.evaluation.pair_plan import Kind, PairWanted, wanted_pairs
from training.evaluation.pair_visits import DrawnPair, DrawnVisit, draw_pair, scanned
from training.evaluation.paste import Wanted
from training.evaluation.real import Patient

FRAGMENT = Wanted(
    level="L3/L4", volume_mm3=600.0, lateral_mm=1.0, migration_mm=3.0, form="lobed", brightness=0.3, line_mm=0.0, seed=5
)


@pytest.fixture(scope="module")
def patient() -> Patient:
    return drawn_patient()


@pytest.fixture(scope="module")
def room(patient: Patient) -> CanalRoom:
    return rooms_of(patient)["L3/L4"]


def pair(number: int = 0, kind: Kind = Kind.STAYED, share: float = 1.0) -> PairWanted:
    later = replace(FRAGMENT, volume_mm3=FRAGMENT.volume_mm3 * share) if share else None
    return PairWanted(number, kind, "L3/L4", FRAGMENT, later)


@pytest.fixture(scope="module")
def drawn(patient: Patient, room: CanalRoom) -> DrawnPair:
    made = draw_pair(patient, room, pair())
    assert made is not None
    return made


def volume(one: Volume) -> float:
    return float(one.array.sum(dtype=np.float64)) * one.voxel_volume_mm3


def middle(one: Volume) -> np.ndarray:
    index = np.argwhere(one.array > 0)
    return one.to_lps(np.average(index, axis=0, weights=one.array[one.array > 0]))


def test_a_motion_costs_no_volume(drawn: DrawnPair) -> None:
    assert drawn.baseline.true_mm3 == drawn.followup.true_mm3 == pytest.approx(600, rel=0.03)
    for visit in (drawn.baseline, drawn.followup):
        assert volume(visit.truth) == pytest.approx(visit.true_mm3, rel=0.01)


def test_the_truth_moves_by_the_known_motion(drawn: DrawnPair) -> None:
    moved = rigid.apply(drawn.repositioning.motion, middle(drawn.baseline.truth))
    # Thick slices place a centre a little differently each time they are cut.
    assert np.linalg.norm(moved - middle(drawn.followup.truth)) < 0.3
    assert np.linalg.norm(moved - middle(drawn.baseline.truth)) > 1.0


def test_the_image_shows_the_fragment_where_the_truth_is(drawn: DrawnPair) -> None:
    for visit in (drawn.baseline, drawn.followup):
        inside, sac = visit.truth.array > 0.9, np.percentile(visit.image.array, 98)
        assert inside.sum() > 100
        assert visit.image.array[inside].mean() < 0.6 * sac
        assert visit.image.shape == visit.truth.shape == (5, 320, 200)
        assert np.array_equal(visit.image.affine, visit.truth.affine)


def test_a_shrunken_fragment_lies_within_the_larger_one(patient: Patient, room: CanalRoom) -> None:
    made = draw_pair(patient, room, pair(0, Kind.SHRUNK, 0.5))
    assert made is not None
    assert made.followup.true_mm3 / made.baseline.true_mm3 == pytest.approx(0.5, abs=0.02)
    truth = made.followup.truth
    index = np.argwhere(truth.array > 0.9)
    there = rigid.apply(rigid.inverse(made.repositioning.motion), truth.to_lps(index.astype(float)))
    before = made.baseline.truth
    at = np.rint(before.to_index(there)).astype(int)
    assert (before.array[tuple(at.T)] > 0.2).mean() > 0.85


def test_the_same_pair_comes_out_the_same_and_both_visits_differ(
    patient: Patient, room: CanalRoom, drawn: DrawnPair
) -> None:
    again = draw_pair(patient, room, pair())
    assert again is not None

    def same(one: DrawnVisit, other: DrawnVisit) -> bool:
        first, second = one.image, other.image
        return np.array_equal(first.array, second.array) and np.array_equal(first.affine, second.affine)

    assert same(drawn.baseline, again.baseline)
    assert same(drawn.followup, again.followup)
    assert not same(drawn.baseline, drawn.followup)


def test_what_the_slab_cuts_is_drawn_nearer_to_the_middle_and_what_vanished_has_no_truth(
    patient: Patient, room: CanalRoom
) -> None:
    made = draw_pair(patient, room, PairWanted(1, Kind.VANISHED, "L3/L4", replace(FRAGMENT, lateral_mm=7.5), None))
    assert made is not None
    assert made.wanted.baseline is not None
    assert made.wanted.baseline.lateral_mm < 7.5
    assert volume(made.baseline.truth) == pytest.approx(made.baseline.true_mm3, rel=0.015)
    assert made.followup.true_mm3 == 0
    assert not made.followup.truth.array.any()


def test_a_scanner_adds_noise_shading_and_gain() -> None:
    clean = np.full((5, 60, 60), 100.0, dtype=np.float32)
    found = [scanned(np.random.default_rng(seed), clean, 100.0) for seed in (1, 2)]
    assert not np.allclose(found[0], found[1])
    for image in found:
        assert image.dtype == np.float32
        assert image.min() >= 0
        inner = image[:, 20:40, 20:40]
        assert 1 / 35 < inner.std() / inner.mean() < 0.15


def test_six_pairs_of_every_kind_and_none_behind_a_herniated_disc(patient: Patient) -> None:
    plan = wanted_pairs(patient, rooms_of(patient))
    assert plan == wanted_pairs(patient, rooms_of(patient))
    assert sorted(one.kind for one in plan) == ["grown", "shrunk", "shrunk", "stayed", "stayed", "vanished"]
    assert "L4/L5" not in {one.level for one in plan}
    for one in plan:
        assert (one.followup is None) == (one.kind is Kind.VANISHED)
        if one.baseline is not None and one.followup is not None:
            change = one.followup.volume_mm3 / one.baseline.volume_mm3 - 1
            low, high = {"shrunk": (-0.85, -0.15), "stayed": (0, 0), "grown": (0.1, 0.4)}[one.kind]
            assert low - 1e-9 <= change <= high + 1e-9
            assert one.followup.volume_mm3 >= 130
            alike = replace(one.followup, volume_mm3=one.baseline.volume_mm3, brightness=one.baseline.brightness)
            assert alike == one.baseline
