"""One study gives a profile and its check: no pair is judged by what its own patient taught."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.validation.crossfit import crossfit
from pipeline.validation.folds import folds
from pipeline.validation.outcome import PairOutcome, outcome_from_json
from pipeline.validation.precision import profile_of
from pipeline.validation.rejudge import rejudged
from pipeline.validation.summary import summarise
from tests.validation import rows, simulated


@pytest.fixture(scope="module")
def study() -> list[PairOutcome]:
    return simulated.study(40)


def test_with_the_profile_in_use_what_was_reported_comes_out_again(study: list[PairOutcome]) -> None:
    kept = [outcome_from_json(one.to_json()) for one in study]
    assert kept == study
    assert list(rejudged(kept, simulated.SETTINGS, simulated.IN_USE)) == study


def test_patients_stay_together_and_every_pair_is_held_out_once(study: list[PairOutcome]) -> None:
    parts = folds(study, 5)
    assert sorted(one.number for held, _ in parts for one in held) == [one.number for one in study]
    for held, others in parts:
        assert len(held) + len(others) == len(study)
        assert not {one.anatomy for one in held} & {one.anatomy for one in others}
    assert folds(study[:4], 5) == ()


def test_a_pair_has_no_say_in_what_it_is_judged_by(study: list[PairOutcome]) -> None:
    """Whatever a patient's pairs are replaced by, the profile that judges them is the same."""
    (held, others), *_ = folds(study, 5)
    wild = {one.number: replace(one, baseline=replace(one.baseline, true_mm3=9000.0)) for one in held}
    changed = [wild.get(one.number, one) for one in study]
    again = next(rest for part, rest in folds(changed, 5) if part[0].number == held[0].number)
    assert again == others
    before, after = (profile_of(rest, simulated.SETTINGS) for rest in (others, again))
    assert before is not None
    assert after is not None
    assert before.cells == after.cells


def test_cross_fitted_figures_are_those_of_the_other_patients(study: list[PairOutcome]) -> None:
    crossed = crossfit(study, simulated.SETTINGS)
    assert crossed is not None
    assert crossed.parts == 5
    assert [one.number for one in crossed.outcomes] == [one.number for one in study]
    held, others = folds(study, 5)[2]
    profile = profile_of(others, simulated.SETTINGS)
    assert profile is not None
    found = {one.number: one for one in crossed.outcomes}
    assert [found[one.number] for one in held] == list(rejudged(held, simulated.SETTINGS, profile))
    assert all(one.baseline.true_mm3 == found[one.number].baseline.true_mm3 for one in study)
    # The profile in use is too cautious for this law of errors; that of the study is less so.
    wide, fitted = (
        sum((one.delta_high_mm3 or 0) - (one.delta_low_mm3 or 0) for one in s) for s in (study, crossed.outcomes)
    )
    assert fitted < 0.9 * wide
    assert (summarise(crossed.outcomes).coverage_change.share or 0) > 0.85


def test_pairs_that_keep_no_evidence_cannot_be_cross_fitted() -> None:
    assert crossfit(rows.study(20), simulated.SETTINGS) is None
    assert crossfit([rows.refused(one) for one in rows.study(20)], simulated.SETTINGS) is None
