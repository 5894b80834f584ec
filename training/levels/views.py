"""One view of a spine whose levels are known: what is seen in it, and the true names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.segmentation.grid import CanonicalSeries
from pipeline.segmentation.inference import Prediction
from pipeline.segmentation.instances import Spine, find_spine

LUMBOSACRAL = "L5/S1"
SAME_DISC_MM = 10.0
"""A disc that is found within this distance of a true one, in the sagittal plane, is that one."""


@dataclass(frozen=True, eq=False)
class View:
    """What was found in one view, without its images.

    Attributes
    ----------
    group
        Patient or generated spine; views of one group are never both fitted and judged.
    kind
        How it was cut or spoiled.
    spine
        Its discs, bodies and junctions; label maps and axis are left out.
    names
        True name of every disc of the spine; None for what is no disc.
    """

    group: str
    kind: str
    spine: Spine
    names: tuple[str | None, ...]

    @property
    def truth(self) -> int:
        """Index of the lumbosacral disc; the number of discs where it was not found."""
        return self.names.index(LUMBOSACRAL) if LUMBOSACRAL in self.names else len(self.names)


def view_of(group: str, kind: str, prediction: Prediction, true_lps: Mapping[str, NDArray[np.float64]]) -> View | None:
    """Find the spine in a prediction; None where no disc is seen.

    Parameters
    ----------
    true_lps
        Centre of every true disc by name, LPS mm.
    """
    spine = find_spine(prediction)
    if not spine.discs:
        return None
    inverse = np.linalg.inv(prediction.series.affine_of(prediction.plane))
    scale = np.array([prediction.series.spacing_mm[0], 1.0, 1.0])
    centres = {name: (inverse @ np.append(point, 1.0))[:3] * scale for name, point in true_lps.items()}
    names = tuple(_nearest(disc.centre, centres) for disc in spine.discs)
    empty = np.zeros((0, 0, 0), dtype=np.uint8)
    light = replace(spine, labels=empty, disc_numbers=empty, body_numbers=empty, axis=None)
    return View(group, kind, light, names)


def _nearest(centre: NDArray[np.float64], centres: Mapping[str, NDArray[np.float64]]) -> str | None:
    distance = {name: float(np.linalg.norm((true - centre)[1:])) for name, true in centres.items()}
    best = min(distance, key=lambda name: distance[name])
    return best if distance[best] < SAME_DISC_MM else None


def bare_prediction(
    series: CanonicalSeries, probabilities: NDArray[np.float32], variant_labels: NDArray[np.uint8]
) -> Prediction:
    """A prediction on the whole plane of its series, with nothing on the native grid, which the count does not use."""
    nothing = np.zeros((len(probabilities), 1, 1, 1), dtype=np.float32)
    return Prediction(series, series.plane(), probabilities, variant_labels, nothing, nothing)
