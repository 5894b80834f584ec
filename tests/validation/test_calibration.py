"""Factors on a profile's spreads: from held-out patients, and none from too few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pipeline.measurement.precision import PrecisionCell
from pipeline.validation.calibration import Factors, calibrated
from pipeline.validation.outcome import PairOutcome
from pipeline.validation.precision import raw_cells
from tests.validation import rows, simulated


@pytest.fixture(scope="module")
def study() -> list[PairOutcome]:
    return simulated.study(32)


def test_a_profile_that_is_too_wide_is_narrowed_by_as_much(study: list[PairOutcome]) -> None:
    """Where the figures of cells are twice too large, the factor is half of what it was."""

    def wide(pairs: Sequence[PairOutcome]) -> tuple[PrecisionCell, ...]:
        return tuple(replace(cell, sd_percent=2 * cell.sd_percent) for cell in raw_cells(pairs))

    plain, narrowed = (calibrated(study, simulated.SETTINGS, build) for build in (raw_cells, wide))
    assert narrowed.volume == pytest.approx(plain.volume / 2, rel=0.1)


def test_too_few_pairs_calibrate_nothing(study: list[PairOutcome]) -> None:
    assert calibrated(study[:8], simulated.SETTINGS, raw_cells) == Factors()
    assert calibrated(rows.study(40), simulated.SETTINGS, raw_cells) == Factors()
