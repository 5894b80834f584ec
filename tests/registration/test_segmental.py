import numpy as np
import pytest

from pipeline.config import RegistrationSettings
from pipeline.registration.alignment import Alignment
from pipeline.registration.stage import align
from tests.registration.pairs import Pair, drawn_spine, moved_pair


def aligned(pair: Pair) -> Alignment:
    return align(pair.baseline, pair.baseline_anatomy, pair.followup, pair.followup_anatomy, RegistrationSettings())


@pytest.fixture(scope="module")
def bent() -> Pair:
    return moved_pair(drawn_spine(), 11, angle_deg=5, shift_mm=10, flexion_deg=5.0, jitter_mm=0.5)


def test_a_bend_is_told_at_its_level_and_nowhere_else(bent: Pair) -> None:
    alignment = aligned(bent)
    known = {one.level: one for one in alignment.segments}
    assert known["L4/L5"].flexion_deg == pytest.approx(5.0, abs=0.7)
    assert known["L4/L5"].angle_deg == pytest.approx(5.0, abs=0.7)
    assert known["L5/S1"].angle_deg < 0.7
    (finding,) = [one for one in alignment.findings if one.code == "vertebrae-moved"]
    assert "L4/L5" in finding.message
    assert "L5/S1" not in finding.message


def test_exchanged_visits_bend_the_other_way(bent: Pair) -> None:
    there = aligned(bent)
    back = align(bent.followup, bent.followup_anatomy, bent.baseline, bent.baseline_anatomy, RegistrationSettings())
    assert [one.level for one in there.segments] == [one.level for one in back.segments]
    for one, other in zip(there.segments, back.segments, strict=True):
        assert one.flexion_deg == pytest.approx(-other.flexion_deg, abs=2e-3)
        assert one.angle_deg == pytest.approx(other.angle_deg, abs=2e-3)
        assert one.shift_mm == pytest.approx(other.shift_mm, abs=2e-3)


def test_a_spine_that_did_not_bend_says_so() -> None:
    alignment = aligned(moved_pair(drawn_spine(), 4, jitter_mm=1.0))
    assert [one.level for one in alignment.segments] == ["L4/L5", "L5/S1"]
    assert max(one.angle_deg for one in alignment.segments) < 0.7
    assert max(one.shift_mm for one in alignment.segments) < 0.5
    assert "vertebrae-moved" not in [one.code for one in alignment.findings]
    assert np.all([one.error_deg >= 0.5 for one in alignment.segments])
