"""Bringing a series before and one after contrast medium to one scale of intensity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.measurement.enhancement.median import weighted_median
from pipeline.segmentation.anatomy import Structure
from pipeline.volume import Volume

FEWEST_VOXELS = 60
AWAY_MM = {Structure.DISC: 1.5, Structure.CANAL: 2.5}
"""Discs and CSF take up little contrast medium and hold no fat; so far from their borders partial volume ends."""


@dataclass(frozen=True, slots=True)
class Match:
    """Scale between the two series.

    Attributes
    ----------
    scale
        ``after ≈ scale × before`` where nothing enhances.
    relative_sd
        Relative uncertainty of the scale: half of what discs and CSF differ by, at least 1 %.
    noise
        Standard deviation of ``after − scale × before`` in these tissues, in units of ``after``.
    voxels
        How many voxels it rests on.
    """

    scale: float
    relative_sd: float
    noise: float
    voxels: int


def match_intensities(before: Volume, after: Volume, labels: Volume, leave_out: NDArray[np.bool_]) -> Match | None:
    """Fit ``after = scale × before`` robustly on disc and CSF, which neither enhance much nor hold fat.

    The fit minimises the sum of absolute residuals, so that a disc with enhancing fissures does not count, and works
    alike where one series suppresses fat and the other does not.

    Parameters
    ----------
    before
        Resampled to the grid of ``after``; NaN where it shows nothing.
    labels
        Values of :class:`Structure` on the same grid.
    leave_out
        bool, same shape: the fragment and what lies near it.

    Returns
    -------
    Match or None
        None where too few voxels show either tissue.
    """
    x, y = np.asarray(before.array, dtype=np.float64), np.asarray(after.array, dtype=np.float64)
    ratios: dict[Structure, float] = {}
    picked = np.zeros(x.shape, dtype=bool)
    for tissue, away in AWAY_MM.items():
        inside = _inner(np.asarray(labels.array) == tissue, after.spacing_mm, away)
        inside &= np.isfinite(x) & (x > 0) & ~leave_out
        if inside.sum() >= FEWEST_VOXELS:
            ratios[tissue] = weighted_median(y[inside] / x[inside], x[inside])
            picked |= inside
    if not ratios:
        return None
    scale = ratios.get(Structure.DISC, weighted_median(y[picked] / x[picked], x[picked]))
    differ = abs(np.log(ratios[Structure.DISC] / ratios[Structure.CANAL])) / 2 if len(ratios) == 2 else 0.05
    residual = y[picked] - scale * x[picked]
    noise = 1.4826 * float(np.median(np.abs(residual - np.median(residual))))
    return Match(float(scale), float(max(differ, 0.01)), noise, int(picked.sum()))


def _inner(mask: NDArray[np.bool_], spacing_mm: tuple[float, float, float], away_mm: float) -> NDArray[np.bool_]:
    """Voxels of a structure at least so far from its border within their slice."""
    out = np.zeros_like(mask)
    for k in np.flatnonzero(mask.any(axis=(1, 2))):
        framed = np.pad(mask[k], 1)
        out[k] = (ndimage.distance_transform_edt(framed, sampling=spacing_mm[1:]) > away_mm)[1:-1, 1:-1]
    return out
