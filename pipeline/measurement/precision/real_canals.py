"""How large a fragment has to be to be seen in a real canal: simulated images alone make it too small.

The share of fragments that are overlooked is a logistic function of volume and brightness, fitted to fragments drawn
into the images of real patients (``python -m training.evaluation --part trained --write``)::

    log(p / (1 - p)) = constant + per_doubling * log2(V / 600 mm³) + per_brightness * (b - 0.5)

Its figures are in ``real_canals.json`` beside this module.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.config import package_file

FILE = "measurement/precision/real_canals.json"
USUAL_MM3 = 600.0
MIDDLE = 0.5
STEPS = 200


@dataclass(frozen=True, slots=True)
class Overlooked:
    """The three figures of the function."""

    constant: float
    per_doubling: float
    per_brightness: float

    def share(self, volumes_mm3: NDArray[np.float64], brightness: NDArray[np.float64]) -> NDArray[np.float64]:
        """0…1, shape (volumes, brightnesses)."""
        size = np.log2(volumes_mm3 / USUAL_MM3)[:, None]
        odds = self.constant + self.per_doubling * size + self.per_brightness * (brightness - MIDDLE)
        return np.asarray(1 / (1 + np.exp(-odds)))


@dataclass(frozen=True)
class RealCanals:
    """What is overlooked in real canals, and where that is known.

    Attributes
    ----------
    anywhere
        Of all fragments.
    seen_once
        Of those that another visit of the same patient shows: such fragments can be seen.
    volumes_mm3
        Least and largest volume that was drawn.
    brightness
        Least and largest brightness that was drawn, as a share of that of the CSF on sagittal T2.
    made_with
        Weights, patients and counts behind it.
    """

    anywhere: Overlooked
    seen_once: Overlooked
    volumes_mm3: tuple[float, float]
    brightness: tuple[float, float]
    made_with: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls) -> RealCanals:
        """The shipped one."""
        return _load()

    def to_text(self) -> str:
        """As the file holds it."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    def surely_seen_mm3(self, brightness: float | None, seen: float, *, shown: bool) -> float:
        """Least volume of which a share of fragments is found; the largest that was drawn if none is, in mm³.

        Parameters
        ----------
        brightness
            As a share of that of the CSF. None where it is not known: then it is any of those that were drawn.
        seen
            The share, 0…1.
        shown
            Whether a visit shows the fragment.
        """
        grid = np.geomspace(*self.volumes_mm3, STEPS)
        shades = np.linspace(*self.brightness, 12) if brightness is None else np.clip([brightness], *self.brightness)
        missed = (self.seen_once if shown else self.anywhere).share(grid, shades).mean(axis=1)
        enough = np.flatnonzero(missed <= 1 - seen)
        return float(grid[enough[0]] if len(enough) else grid[-1])


@lru_cache(maxsize=1)
def _load() -> RealCanals:
    read = json.loads(package_file(FILE).read_text(encoding="utf-8"))
    functions = [Overlooked(**read[name]) for name in ("anywhere", "seen_once")]
    volumes, brightness = ((float(read[n][0]), float(read[n][1])) for n in ("volumes_mm3", "brightness"))
    return RealCanals(functions[0], functions[1], volumes, brightness, read["made_with"])
