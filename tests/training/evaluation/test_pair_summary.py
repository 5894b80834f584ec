"""What pairs add up to, against figures worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from training.evaluation.pair_summary import change_error_percent, summarise_pairs
from training.evaluation.pair_tables import pair_calls, pair_sources, pairs
from training.evaluation.tables import filled


def row(kind: str, true: tuple[float, float], found: tuple[float, float], **more: Any) -> dict[str, Any]:
    """A pair whose volumes are measured within 50 mm³ and its change within 60."""
    delta = found[1] - found[0]
    visits = {
        name: {"mm3": mm3, "interval_mm3": [mm3 - 50, mm3 + 50], "present": mm3 > 60}
        for name, mm3 in zip(("baseline", "followup"), found, strict=True)
    }
    return {
        "kind": kind, "true_mm3": list(true), "brightness": [0.3, 0.3], "narrow": False, "refused": None,
        "lowest_disc_named": False, "usable": True, "delta_mm3": delta, "delta_interval_mm3": [delta - 60, delta + 60],
        "subtracted_mm3": delta, "direct_mm3": delta, "error_mm": 0.4, "estimated_error_mm": 0.5,
        "category": "no_detectable_change", "hit": [0.9, 0.9], **visits, **more,
    }  # fmt: skip


ROWS = [
    row("shrunk", (1000, 600), (900, 540), category="partial"),
    row("stayed", (1000, 1000), (1000, 1040)),
    row("stayed", (500, 500), (0, 0), hit=(0.1, 0.1), direct_mm3=None),
    row("vanished", (500, 0), (480, 0), category="complete", brightness=[0.7, 0.0], hit=(0.8, None)),
    row("none", (0, 0), (0, 30), brightness=[0, 0], hit=(None, None), direct_mm3=None, narrow=True),
    {"kind": "grown", "true_mm3": [300, 400], "brightness": [0.5, 0.5], "narrow": True, "refused": "LevelError: none"},
]


def test_the_error_of_a_change_is_in_percent_of_the_true_first_volume() -> None:
    # Measured −360, true −400.
    assert change_error_percent(ROWS[0]) == pytest.approx(4.0)
    assert change_error_percent(ROWS[1]) == pytest.approx(4.0)
    assert change_error_percent(ROWS[3]) == pytest.approx(4.0)


def test_pairs_are_counted_and_agreement_is_that_of_the_differences() -> None:
    found = summarise_pairs(ROWS)
    assert (found["pairs"], found["refused"], found["not_usable"]) == (6, 1, 0)
    assert (found["with_fragment"], found["found"]) == (4, 3)
    everything = found["groups"]["all"]
    assert everything["bias_percent"] == pytest.approx(3.0)
    # Errors 4, 4, 0 and 4: their standard deviation is 2.
    assert everything["upper_percent"] == pytest.approx(3 + 1.96 * 2, abs=0.05)
    assert everything["lower_percent"] == pytest.approx(3 - 1.96 * 2, abs=0.05)
    assert found["groups_found"]["all"]["bias_percent"] == pytest.approx(4.0)
    assert found["groups_found"]["all"]["upper_percent"] == pytest.approx(4.0)
    assert found["groups"]["≥ 800 mm³"]["pairs"] == 2
    assert found["groups"]["bright"]["pairs"] == 1
    assert found["groups"]["narrow canal"]["pairs"] == 1


def test_intervals_that_miss_the_truth_are_counted() -> None:
    found = summarise_pairs(ROWS)["groups"]["all"]
    assert found["change_covered"][:2] == [5, 5]
    # Of seven volumes, 900 ± 50 and 540 ± 50 miss 1000 and 600, and both of the overlooked fragment are missed.
    assert found["volume_covered"][:2] == [3, 7]


def test_calls() -> None:
    found = summarise_pairs(ROWS)["calls"]
    assert found["complete called"][:2] == [1, 1]
    assert found["falsely called complete"][:2] == [0, 4]
    assert found["unchanged called no detectable change"][:2] == [3, 3]


def test_tables_say_what_was_found_and_that_nothing_was_measured() -> None:
    results = {"pairs": {"summary": summarise_pairs(ROWS)}}
    assert "| all | 5 | 3 of 4 | +3.0 | -1 … +7 |" in filled(pairs, results)
    assert "| all, found at baseline | 3 | 3 of 3 | +4.0 | +4 … +4 |" in filled(pairs, results)
    assert "| refused | 1 of 6 |" in filled(pair_calls, results)
    assert "| alignment error at the fragment, mm | median 0.4, largest 0.4 |" in filled(pair_sources, results)
    assert filled(pairs, {}) == "not measured"


def test_nothing_at_all_is_summarised_without_a_fault() -> None:
    results = {"pairs": {"summary": summarise_pairs([])}}
    assert all(filled(table, results) for table in (pairs, pair_calls, pair_sources))
