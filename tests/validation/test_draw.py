"""Which pairs are drawn: evenly, within the protocol, and the same ones every time."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pipeline.validation.draw import Kind, PairPlan, plan_pairs
from pipeline.validation.patients import ATTEMPTS, anatomy_case, pair_case
from tests.validation import rows


@pytest.fixture(scope="module")
def plans() -> tuple[PairPlan, ...]:
    return plan_pairs(rows.protocol(), 240)


def test_a_longer_study_begins_with_the_pairs_of_a_shorter_one(plans: tuple[PairPlan, ...]) -> None:
    assert plan_pairs(rows.protocol(), 30) == plans[:30]


def test_kinds_volumes_and_changes_cover_their_ranges_evenly(plans: tuple[PairPlan, ...]) -> None:
    kinds = Counter(plan.kind for plan in plans)
    assert kinds[Kind.COMPLETE] == pytest.approx(36, abs=2)
    assert kinds[Kind.UNCHANGED] == pytest.approx(48, abs=2)
    volumes = np.log([plan.baseline_mm3 for plan in plans])
    assert np.histogram(volumes, bins=6, range=(np.log(200), np.log(2500)))[0] == pytest.approx(40, abs=4)
    changes = [100 * (p.followup_mm3 / p.baseline_mm3 - 1) for p in plans if p.kind is Kind.CHANGED]
    assert (min(changes), max(changes)) == (pytest.approx(-100, abs=8), pytest.approx(40, abs=3))


def test_scans_and_positions_keep_to_the_protocol(plans: tuple[PairPlan, ...]) -> None:
    assert np.mean([plan.scans[0] == plan.scans[1] for plan in plans]) == pytest.approx(0.5, abs=0.03)
    assert {name for plan in plans for name in plan.scans} == set(rows.protocol().scans)
    both = [[Rotation.from_euler("xyz", p.rotation_deg, degrees=True) for p in plan.positions] for plan in plans]
    turned = [np.degrees((second * first.inv()).magnitude()) for first, second in both]
    moved = [np.linalg.norm(np.subtract(*(p.translation_mm for p in plan.positions))) for plan in plans]
    assert 9.5 < max(turned) <= 10 + 1e-5
    assert 19 < max(moved) <= 20 + 1e-5
    assert np.mean(turned) == pytest.approx(5, abs=0.5)
    placed = [abs(v) for plan in plans for p in plan.positions for v in p.planning_mm]
    assert 2.4 < max(placed) <= 2.5


@pytest.mark.parametrize("name", ["mixed", "typical-1.5t", "quick"])
def test_every_pair_is_a_valid_case(name: str) -> None:
    protocol = rows.protocol(name)
    for plan in plan_pairs(protocol, 24):
        case = pair_case(protocol, plan, 0)
        series = protocol.scans[plan.scans[1]].series
        assert [s.key for s in case.protocols[case.visits[1].protocol]] == [one.role.value for one in series]
        first, second = (visit.fragments for visit in case.visits)
        assert first[0].volume_mm3 == plan.baseline_mm3
        assert len(second) == (plan.kind is not Kind.COMPLETE)
        if plan.kind is Kind.UNCHANGED:
            assert first == second
            assert case.visits[0].tissues == case.visits[1].tissues
    assert pair_case(protocol, plan, ATTEMPTS).visits[0].fragments[0].volume_mm3 < plan.baseline_mm3


def test_patients_are_painted_whole_whoever_asks() -> None:
    protocol = rows.protocol()
    each = protocol.pairs_per_anatomy
    case = anatomy_case(protocol, plan_pairs(protocol, each))
    assert len(case.visits) == 2 * each
    assert all(not visit.fragments for visit in case.visits)
    assert case.spine != anatomy_case(protocol, plan_pairs(protocol, 2 * each)[each:]).spine
