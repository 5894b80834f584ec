"""The count's weights are fitted to views of known levels, and judged on other patients than they were fitted to."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.segmentation.instances import find_spine
from pipeline.segmentation.lumbosacral import FEATURES, FITTED
from tests.segmentation.conftest import Known, cropped, lumbar, row_of
from tests.segmentation.oracle import prediction_of
from training.levels import judge
from training.levels.fit import design, fitted
from training.levels.judge import Outcome, cross_validated, judged
from training.levels.tables import reliability_table, threshold_table
from training.levels.views import View, view_of

__all__ = ["lumbar"]
LEVELS = ("L5/S1", "L4/L5", "L3/L4", "L2/L3", "L1/L2", "T12/L1")


def seen(known: Known, group: str, last_row: int | None = None) -> View:
    labels = cropped(known.labels, slice(0, last_row))
    true_lps = {name: np.array(known.anatomy.landmarks[name]) for name in LEVELS}
    view = view_of(group, "whole", prediction_of(labels), true_lps)
    assert view is not None
    return view


def outcome(confidence: float | None, *, right: bool) -> Outcome:
    return Outcome("a", "whole", confidence, right, confidence, right, confidence is None, True)


def test_a_view_knows_the_true_name_of_every_disc(lumbar: Known) -> None:
    view = seen(lumbar, "a")
    assert view.names[-3:] == ("L3/L4", "L4/L5", "L5/S1")
    assert view.truth == len(view.names) - 1
    assert len(view.spine.junctions) == len(find_spine(prediction_of(lumbar.labels)).junctions)


def test_without_a_sacrum_none_is_the_truth(lumbar: Known) -> None:
    view = seen(lumbar, "a", row_of(lumbar, "L5"))
    assert view.truth == len(view.names)
    assert design(view).shape == (len(view.names) + 1, len(FEATURES) + 1)
    assert judged(view).refused


def test_more_views_make_the_weights_surer(lumbar: Known) -> None:
    whole, cut = seen(lumbar, "a"), seen(lumbar, "b", row_of(lumbar, "L5"))
    few, many = fitted([whole, cut]), fitted([whole, cut] * 40)
    chance = [judged(whole, weighing).chance for weighing in (few, many)]
    assert chance[0] is not None
    assert chance[1] is not None
    assert chance[0] < chance[1]
    assert min(many.features) >= 0.0


def test_no_view_is_judged_by_weights_fitted_to_its_own_patient(lumbar: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    views = [seen(lumbar, "a"), seen(lumbar, "a", row_of(lumbar, "L5")), seen(lumbar, "b")]
    fits: list[set[str]] = []

    def watched(used: list[View]) -> object:
        fits.append({view.group for view in used})
        return FITTED

    monkeypatch.setattr(judge, "fitted", watched)
    outcomes = cross_validated(views)
    assert fits == [{"b"}, {"a"}]
    assert [one.group for one in outcomes] == ["a", "a", "b"]


def test_tables_count_what_is_right_by_confidence() -> None:
    outcomes = [
        outcome(0.95, right=True),
        outcome(0.92, right=False),
        outcome(0.6, right=True),
        outcome(None, right=False),
    ]
    assert "| 0.9 to 1 | 2 | 0.94 | 1 (50%) |" in reliability_table(outcomes)
    assert "(L5/S1 in view in 1) | 1 |" in reliability_table(outcomes)
    assert "| 0.7 | 2 | 1 | 1 |" in threshold_table(outcomes)
