"""Between the cells of a profile lies what lies between their values."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.measurement.precision import Contrast, PrecisionCell
from pipeline.measurement.precision.table import Table, place_of


def cell(volume_mm3: float, sd_percent: float, n: int = 10_000) -> PrecisionCell:
    return PrecisionCell(volume_mm3, 4.4, Contrast.DARK, 15.0, n, 0.0, sd_percent, 20.0, 6.0, 0.0)


def spread(table: Table, volume_mm3: float) -> float:
    return float(table.at(place_of(volume_mm3, 4.4, 15.0)[None])[0, 1])


def test_a_cell_gives_its_own_values_and_halfway_lies_the_mean() -> None:
    table = Table.of([cell(400, 20.0), cell(1600, 10.0)])
    assert spread(table, 400) == pytest.approx(0.20, abs=1e-3)
    assert spread(table, 800) == pytest.approx(0.15, abs=1e-3)
    assert np.allclose(table.at(table.places)[:, 3], 20.0), "what all cells say is said everywhere"


def test_a_spread_of_few_is_believed_less() -> None:
    few, many = (spread(Table.of([cell(800, 10.0, n)]), 800) for n in (5, 999))
    assert few > 1.4 * many
    assert many == pytest.approx(0.10, abs=1e-3)
