"""Statistics against published examples and against what they must be by construction."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pipeline.validation.agreement import agreement, detection, repeatability, share

# Peak expiratory flow, l/min, of 17 people with two meters (Bland & Altman, Lancet 1986, table 1).
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
WRIGHT_AGAIN = [490, 397, 512, 401, 470, 611, 415, 431, 638, 429, 420, 633, 275, 492, 165, 372, 421]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def test_limits_of_agreement_of_the_original_example() -> None:
    found = agreement([float(a - b) for a, b in zip(WRIGHT, MINI, strict=True)])
    assert found is not None
    assert (found.bias, found.sd) == (pytest.approx(-2.1, abs=0.05), pytest.approx(38.8, abs=0.05))
    assert (found.bias_low, found.bias_high) == (pytest.approx(-22.0, abs=0.2), pytest.approx(17.8, abs=0.2))
    assert (found.low, found.high) == (pytest.approx(-2.1 - 76.0, abs=0.3), pytest.approx(-2.1 + 76.0, abs=0.3))
    # The paper takes 2 and √3 where the exact factors are 1.96 and √(1 + 1.96²/2 · n/(n − 1)): limits at −114 and 110.
    assert found.low_outer == pytest.approx(-114.3, abs=2.5)
    assert found.high_outer == pytest.approx(110.1, abs=2.5)


def test_repeatability_of_the_original_example() -> None:
    pairs = [(float(a), float(b)) for a, b in zip(WRIGHT, WRIGHT_AGAIN, strict=True)]
    found = repeatability(pairs)
    assert found is not None
    assert found.coefficient_mm3 == pytest.approx(2.77 * 15.3, rel=0.01)  # within-subject SD 15.3 l/min
    assert found.low_mm3 < found.coefficient_mm3 < found.high_mm3
    assert abs(found.lower_percent) < found.upper_percent


def test_repeatability_holds_95_percent_of_differences() -> None:
    rng = np.random.default_rng(3)
    measured = 1000 * np.exp(0.08 * rng.standard_normal((20_000, 2)))
    found = repeatability([(float(a), float(b)) for a, b in measured])
    assert found is not None
    changes = 100 * (measured[:, 1] / measured[:, 0] - 1)
    inside = (changes > found.lower_percent) & (changes < found.upper_percent)
    assert inside.mean() == pytest.approx(0.95, abs=0.005)
    # wCV 8 % gives −20 / +25 %.
    assert (found.lower_percent, found.upper_percent) == (pytest.approx(-20, abs=0.6), pytest.approx(25, abs=0.6))


def test_limits_hold_95_percent() -> None:
    values = np.random.default_rng(4).normal(3, 7, 20_000)
    found = agreement(values.tolist())
    assert found is not None
    assert ((values > found.low) & (values < found.high)).mean() == pytest.approx(0.95, abs=0.005)


def test_shares_have_exact_intervals() -> None:
    none = share([False] * 20)
    assert (none.share, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(1 - 0.025 ** (1 / 20))
    assert share([]).share is None
    half = share([True, False] * 50)
    assert (half.low, half.high) == (pytest.approx(0.398, abs=0.001), pytest.approx(0.602, abs=0.001))


def test_detection_is_blank_plus_spread_of_the_small() -> None:
    blanks = np.linspace(0, 20, 101).tolist()
    found = detection(blanks, [-10.0, 0.0, 10.0], [35.0, 12.0], [60.0, 66.0])
    assert found is not None
    assert found.blank_mm3 == pytest.approx(19)
    assert found.limit_mm3 == pytest.approx(19 + 1.645 * 10, abs=0.01)
    assert (found.missed_mm3, found.stated_mm3) == (35, 66)
    assert detection([], [], [], []) is None


def test_too_few_say_nothing() -> None:
    assert agreement([1.0, 2.0]) is None
    assert repeatability([(1.0, 1.0), (2.0, 2.0)]) is None
    lone = detection([0.0], [], [], [])
    assert lone is not None
    assert lone.limit_mm3 is None
    assert math.isclose(lone.missed_mm3, 0.0)
