"""How far up intervals have to reach, against figures worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.measurement.profiled import OVERLOOKED
from training.evaluation.overlooked import covered_by_margin, fitted, margins_table, overlooked_table


def row(true: tuple[float, float], *visits: tuple[float, float, float, bool]) -> dict[str, Any]:
    """Volumes with the lower and upper end of their intervals, and whether anything was seen."""
    names = ("baseline", "followup")
    found = {
        name: {"mm3": mm3, "interval_mm3": [low, high], "present": present}
        for name, (mm3, low, high, present) in zip(names, visits, strict=True)
    }
    return {"patient": 1, "true_mm3": list(true), "brightness": [0.3, 0.7], "usable": True, **found}


ROWS = [
    # 1000 mm3 are read as 800, within 700 … 900 without a margin: 12.5 % more are needed.
    row((1000, 500), (800, 700, 900 + 800 * OVERLOOKED, True), (510, 450, 600 + 510 * OVERLOOKED, True)),
    # Nothing was seen: no margin helps. Where there is nothing, there is no volume to hold.
    row((300, 0), (20, 0, 250, False), (10, 0, 250, False)),
    {"true_mm3": [900, 900], "refused": "LevelError: none"},
]


@pytest.mark.parametrize(("margin", "everywhere", "seen"), [(0.0, 1, 1), (0.12, 1, 1), (0.13, 2, 2), (9.0, 2, 2)])
def test_a_margin_helps_only_where_something_was_seen(margin: float, everywhere: int, seen: int) -> None:
    [found] = covered_by_margin(ROWS, [margin])
    assert found["all"][:2] == [everywhere, 3]
    assert found["seen"][:2] == [seen, 2]


def test_the_table_shows_both_groups_of_patients() -> None:
    results = {"trained": {"patients": ROWS}, "pairs": {"patients": ROWS[:1]}}
    last = margins_table(results).splitlines()[-1]
    assert last.startswith("| 100 % | 67 % (2 of 3;")
    assert last.endswith("| 100 % (2 of 2; 16–100) |")


def drawn(rng: np.random.Generator) -> dict[str, Any]:
    """A pair whose fragment is overlooked by known odds, at both visits or at none in half of the pairs."""
    volume, shade = float(np.exp(rng.uniform(np.log(150), np.log(2400)))), float(rng.uniform(0.25, 0.85))
    odds = -1.0 - 1.5 * np.log2(volume / 600) + 4.0 * (shade - 0.5)
    missed = rng.random(2) < 1 / (1 + np.exp(-odds))
    if rng.random() < 0.5:
        missed[1] = missed[0]
    seen = row((volume, volume), *((volume, 0.0, volume, not one) for one in missed))
    return seen | {"brightness": [shade, shade]}


def test_known_odds_are_found_again() -> None:
    rng = np.random.default_rng(5)
    found = fitted([drawn(rng) for _ in range(1500)])
    known = (found.anywhere.constant, found.anywhere.per_doubling, found.anywhere.per_brightness)
    assert known == pytest.approx((-1.0, -1.5, 4.0), abs=0.35)
    assert found.seen_once.constant < found.anywhere.constant - 0.5
    assert found.made_with["volumes"] == 3000


def test_what_is_overlooked_is_counted_by_volume_and_brightness() -> None:
    results = {"trained": {"patients": ROWS}, "pairs": {"patients": ROWS[:1]}}
    first, second, third, fourth = overlooked_table(results).splitlines()[2:]
    assert first.startswith("| 120 to 300 mm³ | – | – | – |")
    assert second.startswith("| 300 to 600 mm³ | 1 of 1 | – | 0 of 1 | 0 of 1 |")
    assert third.startswith("| 600 to 1000 mm³ | – |")
    assert fourth.startswith("| 1000 to 2400 mm³ | 0 of 1 | – | – | 0 of 1 |")
