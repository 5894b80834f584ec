"""How far the test-time views of a series differ in the fragment's volume."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.measurement.looking import Seen
from pipeline.segmentation.displaced import DisplacedMaterial


def apart_mm3(material: DisplacedMaterial, volume_mm3: float, share: float) -> float:
    """Standard deviation of the volume over the views of a series, mm³.

    Parameters
    ----------
    material
        What one series shows.
    volume_mm3
        Its volume.
    share
        Of the volume, 0…1: what a series that was seen once is taken to vary by.
    """
    volumes = _volumes_mm3(material)
    return float(volumes.std(ddof=1)) if len(volumes) > 1 else share * volume_mm3


def share_apart(blocks: Sequence[Seen]) -> float:
    """The same as a share of the volume, at most 1; 0 where the series was seen once or shows nothing."""
    total = sum(one.found.volume_mm3 for one in blocks)
    apart = sum(apart_mm3(one.material, one.found.volume_mm3, 0.0) for one in blocks)
    return min(apart / total, 1.0) if total > 0 else 0.0


def _volumes_mm3(material: DisplacedMaterial) -> NDArray[np.float64]:
    """Of every view, shape (views,)."""
    sums = material.variants.sum(axis=(1, 2, 3), dtype=np.float64)
    return np.asarray(sums * material.probability.voxel_volume_mm3)
