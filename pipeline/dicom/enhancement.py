"""Whether one T1 stack is enhanced by contrast medium against another of the same plane, from pixels."""

from __future__ import annotations

import numpy as np

from pipeline.dicom.coarse import on_grid_of, pooled
from pipeline.volume import Volume

_PIXEL_MM = 3.0
_FEWEST_VOXELS = 500
_ENHANCED = 0.2
_LIKELY = 0.15
_ALIKE = 0.1


def enhancement_weight(one: Volume, other: Volume) -> float | None:
    """Weight of evidence that ``one`` was acquired after contrast medium and ``other`` before it.

    Contrast medium raises vessels, venous plexus and muscle and leaves fat, CSF and cortical bone as they were. Two
    measures of the logarithm of the ratio, taken at its median, are summed: how far tissue of middle signal rises above
    fat, and the asymmetry of the distribution (10th against 90th percentile), which motion and noise leave symmetric.

    Returns
    -------
    float or None
        3 or −3 where one is enhanced against the other, 1 or −1 where that is likely, 0 where they are alike;
        None where the stacks hardly overlap or the answer is unclear.
    """
    first = pooled(one, _PIXEL_MM)
    a, b = first.array, on_grid_of(first, pooled(other, _PIXEL_MM))
    both = np.isfinite(b) & (a > 0) & (b > 0)
    if int(both.sum()) < _FEWEST_VOXELS:
        return None
    x, y = a[both] / np.percentile(a[both], 95), b[both] / np.percentile(b[both], 95)
    signal, ratio = np.sqrt(x * y), np.log(x / y)
    middle, fat = ratio[(signal > 0.2) & (signal < 0.4)], ratio[(signal > 0.7) & (signal < 1.2)]
    body = ratio[signal > 0.15]
    if min(middle.size, fat.size, body.size) < _FEWEST_VOXELS // 10:
        return None
    low, centre, high = np.percentile(body, (10, 50, 90))
    measure = float(np.median(middle) - np.median(fat) + (high - centre) - (centre - low))
    if abs(measure) >= _ENHANCED:
        return 3.0 if measure > 0 else -3.0
    if abs(measure) >= _LIKELY:
        return 1.0 if measure > 0 else -1.0
    return 0.0 if abs(measure) <= _ALIKE else None
