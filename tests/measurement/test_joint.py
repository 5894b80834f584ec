"""One volume per visit out of several comparisons: that of the pair if it is the only one, else a better one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from pipeline.measurement.estimating import reconciled
from pipeline.measurement.joint import Between, joint_volumes
from pipeline.measurement.uncertainty import Spread


def spread(volume: float, border: float) -> Spread:
    return Spread(volume, border, variants_mm3=20.0, slices_mm3=15.0, limit_mm3=60.0)


def test_two_visits_give_what_their_pair_gives() -> None:
    first, second, direct, weight = spread(1300.0, 90.0), spread(800.0, 60.0), -430.0, 0.7
    delta = -500.0 + weight * (direct + 500.0)
    expected = [one.volume_mm3 for one in reconciled(first, second, delta)]
    found = joint_volumes([1300.0, 800.0], [first.total_mm3, second.total_mm3], [Between(0, 1, direct, weight)])
    assert found == pytest.approx(expected, abs=1e-9)


def test_visits_that_were_never_measured_together_keep_their_volumes() -> None:
    assert joint_volumes([900.0, 12.0, 0.0], [80.0, 20.0, 20.0], []) == pytest.approx([900.0, 12.0, 0.0])


def test_a_vanished_fragment_stays_vanished() -> None:
    found = joint_volumes([900.0, 700.0, 0.0], [80.0, 70.0, 20.0], [Between(0, 1, -150.0, 0.8)])
    assert found[2] == 0.0
    assert -200.0 < found[1] - found[0] < -150.0


def test_no_volume_is_below_zero() -> None:
    assert joint_volumes([60.0, 5.0], [30.0, 30.0], [Between(0, 1, -400.0, 0.9)])[1] == 0.0


def test_the_order_of_the_visits_does_not_matter() -> None:
    alone, deviation = np.array([1300.0, 900.0, 700.0]), np.array([90.0, 70.0, 60.0])
    changes = [Between(0, 1, -350.0, 0.7), Between(0, 2, -640.0, 0.6), Between(1, 2, -240.0, 0.75)]
    there = joint_volumes(alone, deviation, changes)
    turned = [Between(2 - one.second, 2 - one.first, -one.direct_mm3, one.weight) for one in changes]
    assert joint_volumes(alone[::-1], deviation[::-1], turned)[::-1] == pytest.approx(there, abs=1e-9)


def test_a_loop_that_does_not_close_is_shared_out() -> None:
    """One of three direct changes is 90 mm³ off: the other two speak against it."""
    changes = [Between(0, 1, -100.0, 0.99), Between(1, 2, -100.0, 0.99), Between(0, 2, -290.0, 0.99)]
    found = joint_volumes([1000.0, 900.0, 800.0], [80.0] * 3, changes)
    assert -290.0 < found[2] - found[0] < -200.0
    assert found[1] - found[0] == pytest.approx(found[2] - found[1], abs=1e-6)


def test_all_comparisons_together_come_closer_to_the_truth_than_one() -> None:
    random = np.random.default_rng(5)
    truth, own, direct = np.array([1300.0, 900.0, 850.0, 400.0]), 80.0, 50.0
    weight = 2 * own**2 / (2 * own**2 + direct**2)
    together, alone, single = [], [], []
    for _ in range(400):
        measured = truth + random.normal(0, own, 4)
        changes = [
            Between(i, j, float(truth[j] - truth[i] + random.normal(0, direct)), weight)
            for i, j in combinations(range(4), 2)
        ]
        found = joint_volumes(measured, [own] * 4, changes)
        together.append(found[3] - found[0] - (truth[3] - truth[0]))
        subtracted = measured[3] - measured[0]
        single.append(subtracted + weight * (changes[2].direct_mm3 - subtracted) - (truth[3] - truth[0]))
        alone.append(subtracted - (truth[3] - truth[0]))
    assert np.std(together) < 0.85 * np.std(single) < 0.5 * np.std(alone)
