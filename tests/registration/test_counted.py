"""Two visits of one spine fit when they are counted alike, and say so when they are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.findings import Severity
from pipeline.registration.counted import check_visits_agree
from pipeline.registration.miscount import renamed
from pipeline.segmentation.anatomy import Anatomy, Level

NAMES = ("T12/L1", "L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1")
SLOPES = (-10.0, -8.0, -5.0, 2.0, 12.0, 32.0)
"""Degrees, front lower positive: the lordosis of an ordinary spine."""
PITCHES = (33.0, 34.5, 36.0, 36.5, 35.0)


def anatomy(seed: int = 0, lean: float = 0.0) -> Anatomy:
    """Levels of one spine, seen with a small error, by a patient who lies ``lean`` degrees more curled up."""
    rng = np.random.default_rng(seed)
    levels, height = {}, 0.0
    for k, name in enumerate(NAMES):
        slope = np.radians(SLOPES[k] + lean + rng.normal(0, 1.5))
        axes = np.array([[1, 0, 0], [0, np.cos(slope), -np.sin(slope)], [0, np.sin(slope), np.cos(slope)]])
        levels[name] = Level(name, k + 1, np.array([0.0, 0.0, height]), axes, np.zeros(3), 0.95)
        height -= (*PITCHES, 0.0)[k] + rng.normal(0, 0.7)
    return Anatomy({}, None, levels, {}, "sacrum", False, ())  # type: ignore[arg-type]


@pytest.mark.parametrize("lean", [0.0, 6.0, -6.0])
def test_the_same_spine_counted_alike_fits(lean: float) -> None:
    assert check_visits_agree(anatomy(1), anatomy(2, lean)) == ()


@pytest.mark.parametrize(("by", "words"), [(1, "one level up"), (-1, "one level down")])
def test_a_miscount_by_one_is_suspected(by: int, words: str) -> None:
    (finding,) = check_visits_agree(anatomy(1), renamed(anatomy(2), by))
    assert finding.code == "visits-counted-differently"
    assert finding.severity is Severity.WARNING
    assert words in finding.message


def test_one_override_is_told() -> None:
    (finding,) = check_visits_agree(anatomy(1), replace(anatomy(2), counted_from="override"))
    assert finding.code == "visits-named-differently"
    assert finding.severity is Severity.INFO


def test_bones_do_not_become_transitional() -> None:
    (finding,) = check_visits_agree(replace(anatomy(1), transitional=True), anatomy(2))
    assert "Only the baseline" in finding.message


def test_too_few_discs_tell_nothing() -> None:
    few = replace(anatomy(2), levels={name: anatomy(2).levels[name] for name in NAMES[-2:]})
    assert check_visits_agree(anatomy(1), few) == ()
