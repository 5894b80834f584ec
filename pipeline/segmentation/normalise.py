"""How a sagittal series is brought into the form that the network knows; training uses the same functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

IN_PLANE_MM = 1.0
"""Rows and columns of the network's input, mm."""

NEIGHBOUR_MM = 3.6
"""Neighbouring slices of a thin series are taken about this far away."""

_THICK_MM = 2.5
_FOREGROUND = 0.04


def neighbour_step(slice_spacing_mm: float) -> int:
    """How many slices away the neighbours of a slice lie that the network sees with it.

    Series of 2.5 mm pitch or more: the slices next to it. Thinner ones: as many as come nearest to 3.6 mm, so
    that 0.9 mm slices are seen in the steps of 4. At the ends of a series the end slice is repeated.

    Parameters
    ----------
    slice_spacing_mm
        Distance between the centres of neighbouring slices.
    """
    if slice_spacing_mm >= _THICK_MM:
        return 1
    return max(1, round(NEIGHBOUR_MM / slice_spacing_mm))


def normalise(intensities: NDArray[np.number]) -> NDArray[np.float32]:
    """Bring the intensities of one series to a common scale.

    The range from its 0.5 to its 99.5 percentile goes to 0 … 1 (what lies above stops at 1.3), a square root lifts
    the dark tissues far from the coil, and mean and standard deviation of the foreground go to 0 and 1.

    Parameters
    ----------
    intensities
        All voxels of one series, any shape.

    Returns
    -------
    float32 array of the same shape; all zero if the input is constant.
    """
    values = np.asarray(intensities, dtype=np.float32)
    low, high = np.percentile(values, (0.5, 99.5))
    if not high > low:
        return np.zeros_like(values)
    scaled = np.clip((values - low) / (high - low), 0.0, 1.3)
    lifted: NDArray[np.float32] = np.sqrt(scaled, dtype=np.float32)
    foreground = lifted[scaled > _FOREGROUND]
    mean, deviation = float(foreground.mean()), float(foreground.std())
    return ((lifted - mean) / max(deviation, 0.05)).astype(np.float32)
