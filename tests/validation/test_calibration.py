"""Factors on a profile's spreads: from held-out patients, and none from too few."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from pipeline.measurement.precision import PrecisionCell
from pipeline.validation.calibration import NARROWEST, Factors, calibrated
from pipeline.validation.outcome import PairOutcome
from pipeline.validation.precision import raw_cells
from tests.validation import rows, simulated


@pytest.fixture(scope="module")
def study() -> list[PairOutcome]:
    return simulated.study(32)


def scaled(factor: float) -> Callable[[Sequence[PairOutcome]], tuple[PrecisionCell, ...]]:
    def build(pairs: Sequence[PairOutcome]) -> tuple[PrecisionCell, ...]:
        return tuple(replace(cell, sd_percent=factor * cell.sd_percent) for cell in raw_cells(pairs))

    return build


def test_a_profile_that_is_too_narrow_is_widened_by_as_much(study: list[PairOutcome]) -> None:
    """Where the figures of cells are twice too small, the factor is twice what it was."""
    narrow, narrower = (calibrated(study, simulated.SETTINGS, scaled(factor)) for factor in (0.8, 0.4))
    assert narrow.volume > 1.0
    assert narrower.volume == pytest.approx(2 * narrow.volume, rel=0.1)


def test_a_profile_that_is_too_wide_for_simulated_volumes_is_hardly_narrowed(study: list[PairOutcome]) -> None:
    assert calibrated(study, simulated.SETTINGS, scaled(4.0)).volume == NARROWEST


def test_too_few_pairs_calibrate_nothing(study: list[PairOutcome]) -> None:
    assert calibrated(study[:8], simulated.SETTINGS, raw_cells) == Factors()
    assert calibrated(rows.study(40), simulated.SETTINGS, raw_cells) == Factors()
