"""Material that looks displaced but is as bright as fluid: what the measurement takes for fluid, a cyst may be.

Displaced material is told from fluid by its brightness, so that a cyst is measured as little or nothing and leaves no
voxel whose signal could be asked. Here the same material is looked at before brightness was asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.dicom.visit import Role, Visit
from pipeline.measurement.meaning.meaning import Signal
from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation
from pipeline.segmentation.displaced import displaced_probability
from pipeline.volume import Volume

SOLID = 0.5
"""Probability from which a voxel is taken for displaced material, whatever its brightness."""
LEAST_MM3 = 80.0
"""Less than this may be a root, or an uneven border of the sac."""


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """Material that looks displaced and was hardly measured.

    Attributes
    ----------
    volume_mm3
        Its volume, whatever its brightness.
    t2_to_fluid, t1_to_muscle
        Its signal on sagittal T2 and T1, relative to that of fluid and of muscle.
    """

    volume_mm3: float
    t2_to_fluid: float
    t1_to_muscle: float


def unmeasured(visit: Visit, anatomy: Anatomy, level: Level, signals: Mapping[Role, Signal]) -> Unmeasured | None:
    """Look at what seems displaced where the measurement left too little to tell its signal.

    Parameters
    ----------
    signals
        What is known of the signal of the measured fragment, of fluid and of muscle.

    Returns
    -------
    Unmeasured or None
        None where the fragment's own signal is known, where hardly anything seems displaced, and without both series.
    """
    t2, t1 = signals.get(Role.SAGITTAL_T2), signals.get(Role.SAGITTAL_T1)
    if t2 is None or t1 is None or not t2.csf.level or not t1.muscle.level:
        return None
    if t2.fragment.level is not None and t1.fragment.level is not None:
        return None
    segmentation = anatomy.segmentations[Role.SAGITTAL_T2]
    solid = _solid(segmentation, level, anatomy)
    volume = float(np.count_nonzero(solid)) * segmentation.labels.voxel_volume_mm3
    if volume < LEAST_MM3:
        return None
    image = visit.series[Role.SAGITTAL_T2].volume
    bright = float(np.median(image.array[solid]))
    dark = _median_there(image, solid, visit.series[Role.SAGITTAL_T1].volume, _between(anatomy))
    if dark is None:
        return None
    return Unmeasured(volume, bright / t2.csf.level, dark / t1.muscle.level)


def _solid(segmentation: SeriesSegmentation, level: Level, anatomy: Anatomy) -> NDArray[np.bool_]:
    found = displaced_probability(segmentation, level, anatomy).probability
    return np.asarray(found.array >= SOLID, dtype=bool)


def _between(anatomy: Anatomy) -> NDArray[np.float64]:
    """From a place in the T2 series to the same place in the T1 series, LPS mm."""
    nothing = np.zeros(3)
    shifts = anatomy.shifts_lps_mm
    return np.asarray(shifts.get(Role.SAGITTAL_T1, nothing) - shifts.get(Role.SAGITTAL_T2, nothing), dtype=np.float64)


def _median_there(
    image: Volume, solid: NDArray[np.bool_], other: Volume, shift_mm: NDArray[np.float64]
) -> float | None:
    """Median of another series at the same places; None where it does not show them."""
    lps = image.to_lps(np.argwhere(solid).astype(np.float64)) + shift_mm
    index = other.to_index(lps)
    inside = ((index >= 0) & (index <= np.array(other.shape) - 1)).all(axis=1)
    if np.count_nonzero(inside) < 0.5 * len(index):
        return None
    values = ndimage.map_coordinates(other.array, index[inside].T, order=1)
    return float(np.median(values))
