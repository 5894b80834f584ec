"""What a study says, from pairs with chosen errors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.validation.draw import Kind, plan_pairs
from pipeline.validation.summary import summarise
from pipeline.validation.verdict import Met, verdicts
from tests.validation import rows


def test_an_instrument_without_error_meets_every_goal_but_too_wide_intervals() -> None:
    protocol = rows.protocol()
    summary = summarise([rows.outcome(plan, protocol) for plan in plan_pairs(protocol, 240)])
    everything = summary.groups[0].change_percent
    assert everything is not None
    assert (everything.bias, everything.sd) == (0.0, 0.0)
    judged = {verdict.goal: verdict.met for verdict in verdicts(summary, protocol.goals)}
    missed = {goal for goal, met in judged.items() if met is not Met.YES}
    assert missed == {goal for goal in judged if goal.startswith("95 % interval")}  # they always hold the truth


def test_a_bias_is_found_and_a_common_one_leaves_unchanged_pairs_alone() -> None:
    summary = summarise(rows.study(bias=-0.05, sd=0.0))
    volume, change = summary.groups[0].volume_percent, summary.groups[0].change_percent
    assert volume is not None
    assert change is not None
    assert volume.bias == pytest.approx(-5)
    assert change.bias > 1  # less is seen to vanish than vanished
    still = next(group for group in summary.groups if group.name == "nothing changed")
    assert still.change_percent is not None
    assert still.change_percent.bias == pytest.approx(0)


def test_refused_and_unusable_pairs_are_counted_and_left_out() -> None:
    study = rows.study(60)
    study[3] = rows.refused(study[3])
    study[5] = rows.refused(study[5], "refused-level")
    study[7] = replace(study[7], usable=False)
    summary = summarise(study)
    assert (summary.pairs, summary.usable) == (60, 57)
    assert summary.refused == {"refused-comparability": 1, "refused-level": 1, "result-not-usable": 1}
    assert summary.coverage_change.n == 57


def test_a_vanished_fragment_still_seen_and_a_remaining_one_overlooked_are_counted() -> None:
    study = rows.study(60, sd=0.0)
    gone = next(k for k, one in enumerate(study) if one.kind == Kind.COMPLETE)
    there = next(k for k, one in enumerate(study) if one.followup.true_mm3 > 500)
    study[gone] = replace(study[gone], category="partial")
    study[there] = replace(study[there], category="complete")
    summary = summarise(study)
    assert summary.complete_called.count == summary.complete_called.n - 1
    assert summary.false_complete.count == 1


def test_what_remains_below_the_stated_limit_may_be_called_complete() -> None:
    study = rows.study(240, sd=0.0)
    below = [one for one in study if 0 < one.followup.true_mm3 < rows.LIMIT_MM3]
    assert below
    assert all(one.category == "complete" for one in below)
    assert summarise(study).false_complete.count == 0


def test_a_remnant_that_the_report_allows_for_is_false_but_not_overlooked() -> None:
    study = rows.study(60, sd=0.0)
    at = next(k for k, one in enumerate(study) if one.kind != Kind.COMPLETE and one.followup.true_mm3 > 500)
    left = study[at].followup.true_mm3
    for stated, overlooked in ((left + 1, 0), (left - 1, 1)):
        followup = replace(study[at].followup, surely_seen_mm3=stated)
        study[at] = replace(study[at], category="complete", followup=followup)
        summary = summarise(study)
        assert (summary.false_complete.count, summary.overlooked.count) == (1, overlooked)


def test_repeatability_comes_from_unchanged_pairs_scanned_alike() -> None:
    summary = summarise(rows.study(sd=0.05))
    assert summary.repeatability is not None
    assert summary.reproducibility is not None
    assert summary.repeatability.n < summary.reproducibility.n
    assert summary.reproducibility.upper_percent == pytest.approx(100 * (2.718 ** (2.77 * 0.05) - 1), rel=0.25)


def test_a_broken_mirror_is_one_too_many() -> None:
    study = rows.study(60)
    swapped = next(k for k, one in enumerate(study) if one.swap_mm3 is not None)
    study[swapped] = replace(study[swapped], swap_mm3=0.5)
    last = verdicts(summarise(study), rows.protocol().goals)[-1]
    assert last.goal.startswith("Visits exchanged")
    assert last.met is Met.NO


def test_few_pairs_decide_nothing() -> None:
    judged = verdicts(summarise(rows.study(8)), rows.protocol().goals)
    assert {verdict.met for verdict in judged if not verdict.goal.startswith("Visits exchanged")} == {Met.TOO_FEW}
    empty = summarise([])
    assert empty.usable == 0
    assert verdicts(empty, rows.protocol().goals)[0].found == "not known"
