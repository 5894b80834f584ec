"""Cells of one contrast as a table that is asked at any place between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from pipeline.measurement.precision.cell import PrecisionCell

NEAR = (0.7, 1.0, 1.0)
"""Steps of log2 volume, slice distance in mm and log2 SNR that weigh alike."""
SOFT = 0.02
Z95 = 1.959964


def place_of(volume_mm3: float, thickness_mm: float, snr: float) -> NDArray[np.float64]:
    """Coordinates in which one step counts alike along each axis."""
    return np.array([np.log2(volume_mm3), thickness_mm, np.log2(snr)]) / NEAR


@dataclass(frozen=True, eq=False)
class Table:
    """Cells of one contrast: places (n, 3) and values (n, 5) as of :func:`_values`."""

    places: NDArray[np.float64]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, cells: Sequence[PrecisionCell]) -> Table:
        """The table of some cells."""
        places = np.array([place_of(cell.volume_mm3, cell.thickness_mm, cell.snr) for cell in cells])
        return cls(places, np.array([_values(cell) for cell in cells]))

    def at(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Means of the cells by inverse distance (Shepard, 4th power), a row per place (m, 3).

        Exact at a cell, between neighbours within both.
        """
        apart = ((self.places[None] - places[:, None]) ** 2).sum(axis=2)
        weight = 1.0 / (apart + SOFT) ** 2
        return np.asarray((weight @ self.values) / weight.sum(axis=1, keepdims=True), dtype=np.float64)


def _values(cell: PrecisionCell) -> tuple[float, float, float, float, float]:
    widened = _few(cell.n)
    return (
        cell.bias_percent / 100,
        widened * cell.sd_percent / 100,
        widened * cell.change_sd_percent / 100,
        cell.sd_floor_mm3,
        cell.missed_share,
    )


@cache
def _few(n: int) -> float:
    """By how much a standard deviation of n values is widened: Student's prediction interval over the normal one."""
    if n < 3:
        return _few(3)
    return float(stdtrit(n - 1, 0.975) / Z95 * np.sqrt(1 + 1 / n))
