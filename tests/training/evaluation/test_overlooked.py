"""How far up intervals have to reach, against figures worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.measurement.profiled import OVERLOOKED
from training.evaluation.overlooked import covered_by_margin, margins_table


def row(true: tuple[float, float], *visits: tuple[float, float, float, bool]) -> dict[str, Any]:
    """Volumes with the lower and upper end of their intervals, and whether anything was seen."""
    names = ("baseline", "followup")
    found = {
        name: {"mm3": mm3, "interval_mm3": [low, high], "present": present}
        for name, (mm3, low, high, present) in zip(names, visits, strict=True)
    }
    return {"true_mm3": list(true), "usable": True, **found}


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
    results = {"trained": {"margins": covered_by_margin(ROWS)}, "pairs": {"patients": ROWS[:1]}}
    last = margins_table(results).splitlines()[-1]
    assert last.startswith("| 100 % | 67 % (2 of 3;")
    assert last.endswith("| 100 % (2 of 2; 16–100) |")
