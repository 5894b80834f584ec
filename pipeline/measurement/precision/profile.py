"""The precision profile: what is known of bias and spread, by volume, slice distance, contrast and noise.

It is a JSON file, ``profile.json`` beside this module, or a department's own
(``measurement.precision_profile`` in the settings)::

    {"version": 1,
     "made_with": {"provisional": false, ...},
     "cells": [{"volume_mm3": 800, "thickness_mm": 4.4, "contrast": "middle", "snr": 15, "n": 24,
                "bias_percent": -6.0, "sd_percent": 9.0, "sd_floor_mm3": 20.0,
                "change_sd_percent": 6.0, "missed_share": 0.0}, ...]}

What a cell holds is told in :mod:`pipeline.measurement.precision.cell`. ``made_with`` says how it was made;
``provisional`` true marks figures that were put together from other evidence than a simulation of whole pairs. Any
subset of a grid is allowed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.config import package_file
from pipeline.errors import UnreadableInputError
from pipeline.measurement.precision.cell import CONTRASTS, Contrast, PrecisionCell
from pipeline.measurement.precision.table import NEAR, Table, place_of

SHIPPED = "measurement/precision/profile.json"
VERSION = 1
STEPS = 24
SEEN = 0.95
"""Share of fragments that must be found for their volume to count as one that is seen."""


@dataclass(frozen=True, slots=True)
class Precision:
    """What the profile says of one fragment.

    Attributes
    ----------
    bias
        Mean of (measured − true) / true.
    sd, change_sd
        Standard deviations: of one volume as a share of it, of a change as a share of the pair's mean volume.
    floor_mm3
        Standard deviation where there is nothing.
    missed_share
        0…1: fragments like it that are reported as none.
    exceeded
        Names of what lies outside the range of the profile, e.g. ``("volume",)``.
    """

    bias: float
    sd: float
    change_sd: float
    floor_mm3: float
    missed_share: float
    exceeded: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class PrecisionProfile:
    """All cells, ready to be asked.

    Raises
    ------
    ValueError
        If there is no cell.
    """

    cells: tuple[PrecisionCell, ...]
    made_with: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not self.cells:
            raise ValueError("a precision profile has at least one cell")

    @property
    def provisional(self) -> bool:
        """Whether the figures come from other evidence than the simulation of whole pairs."""
        return bool(self.made_with.get("provisional", False))

    @classmethod
    def load(cls, path: Path | None = None) -> PrecisionProfile:
        """Read a profile; the shipped one for None.

        Raises
        ------
        UnreadableInputError
            If the file is missing or is no precision profile.
        """
        return _load(path or package_file(SHIPPED))

    def at(self, volume_mm3: float, thickness_mm: float, brightness: float | None, snr: float | None) -> Precision:
        """Interpolate, clamped to the range of the profile.

        Parameters
        ----------
        brightness
            Of the fragment as a share of the CSF's on sagittal T2; None where unknown (taken as middle).
        snr
            None where unknown (taken as the lowest of the profile).
        """
        place, exceeded = self._clamped(volume_mm3, thickness_mm, snr)
        total = np.zeros(5)
        for contrast, weight in self._classes(brightness):
            total += weight * self._tables[contrast].at(place[None])[0]
        bias, sd, change_sd, floor, missed = (float(value) for value in total)
        return Precision(bias, sd, change_sd, floor, min(1.0, missed), exceeded)

    def surely_seen_mm3(self, thickness_mm: float, brightness: float | None, snr: float | None) -> float:
        """Least volume from which on at least 95 % of fragments are found; the largest of the profile if none is.

        Where brightness is unknown, that of the class of contrast that is found the worst: nobody knows how bright a
        fragment is that was not seen.
        """
        if brightness is None:
            return max(self.surely_seen_mm3(thickness_mm, CONTRASTS[c.value], snr) for c in self._contrasts)
        volumes = [cell.volume_mm3 for cell in self.cells]
        grid = np.geomspace(min(volumes), max(volumes), STEPS)
        low, high, lowest_snr = self._range
        row = place_of(1.0, thickness_mm, snr or lowest_snr)
        places = np.clip(np.column_stack([np.log2(grid) / NEAR[0], np.tile(row[1:], (STEPS, 1))]), low, high)
        missed = np.zeros(STEPS)
        for contrast, weight in self._classes(brightness):
            missed += weight * self._tables[contrast].at(places)[:, 4]
        failed = np.flatnonzero(missed > 1 - SEEN + 1e-9)
        return float(grid[min(failed[-1] + 1, len(grid) - 1)]) if len(failed) else float(grid[0])

    @cached_property
    def _tables(self) -> Mapping[Contrast, Table]:
        """Places and values of the cells of each class of contrast that there is."""
        return {c: Table.of([cell for cell in self.cells if cell.contrast is c]) for c in self._contrasts}

    @cached_property
    def _contrasts(self) -> tuple[Contrast, ...]:
        return tuple(c for c in Contrast if any(cell.contrast is c for cell in self.cells))

    @cached_property
    def _range(self) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Lowest and highest place of all cells, and the lowest signal-to-noise ratio."""
        known = np.array([place_of(cell.volume_mm3, cell.thickness_mm, cell.snr) for cell in self.cells])
        return known.min(axis=0), known.max(axis=0), min(cell.snr for cell in self.cells)

    def _clamped(
        self, volume_mm3: float, thickness_mm: float, snr: float | None
    ) -> tuple[NDArray[np.float64], tuple[str, ...]]:
        low, high, lowest_snr = self._range
        asked = place_of(max(volume_mm3, 1.0), thickness_mm, snr or lowest_snr)
        tolerance = np.array([0.5, 0.5, 0.5])  # half a step beyond the outermost cell is still what it stands for
        outside = (asked < low - tolerance) | (asked > high + tolerance)
        names = ("volume", "slice distance", "signal-to-noise ratio")
        return np.clip(asked, low, high), tuple(name for name, out in zip(names, outside, strict=True) if out)

    def _classes(self, brightness: float | None) -> list[tuple[Contrast, float]]:
        """Which classes of contrast count how much; of those that the profile has."""
        present = self._contrasts
        centres = np.array([CONTRASTS[c.value] for c in present])
        value = float(np.clip(CONTRASTS["middle"] if brightness is None else brightness, centres.min(), centres.max()))
        weights = [float(np.interp(value, centres, np.eye(len(present))[k])) for k in range(len(present))]
        return [(c, w) for c, w in zip(present, weights, strict=True) if w > 0]


@lru_cache(maxsize=8)
def _load(path: Path) -> PrecisionProfile:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        if read["version"] != VERSION:
            raise ValueError(f"its version is {read['version']}, {VERSION} is expected")
        cells = tuple(PrecisionCell(**{**cell, "contrast": Contrast(cell["contrast"])}) for cell in read["cells"])
        return PrecisionProfile(cells, dict(read["made_with"]))
    except OSError as error:
        raise UnreadableInputError(
            f"The precision profile {path} cannot be read: {error.strerror}. Mend measurement.precision_profile."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableInputError(
            f"{path} is no precision profile: {error}. Make one with `discdelta validate`, or leave "
            "measurement.precision_profile out."
        ) from error
