"""What a network is shown: slices between their neighbours, in a slightly different way for every variant."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.segmentation.grid import CanonicalSeries, InPlane
from pipeline.segmentation.normalise import neighbour_step
from pipeline.segmentation.variants import Variant


def varied(plane: InPlane, variant: Variant) -> InPlane:
    """The plane of one variant: same centre but for the shift, same field of view."""
    counts, firsts, pitches = [], [], []
    for k in range(2):
        pitch = variant.pixel_mm * plane.pixel_mm[k]
        count = max(1, int(np.ceil(plane.count[k] * plane.pixel_mm[k] / pitch)))
        centre = plane.first_mm[k] + (plane.count[k] - 1) * plane.pixel_mm[k] / 2
        counts.append(count)
        firsts.append(centre + variant.shift_mm[k] - (count - 1) * pitch / 2)
        pitches.append(pitch)
    return InPlane((counts[0], counts[1]), (firsts[0], firsts[1]), (pitches[0], pitches[1]))


def with_neighbours(
    series: CanonicalSeries, plane: InPlane, variant: Variant, only: NDArray[np.int64] | None = None
) -> NDArray[np.float32]:
    """Shape (n, 3, *plane.count): each slice between its neighbours; the end slice repeats."""
    n = series.image.shape[0]
    centre = np.arange(n) if only is None else only
    step = neighbour_step(series.spacing_mm[0]) * (-1 if variant.mirrored else 1)
    triple = np.clip(centre[:, None] + np.array([-step, 0, step]), 0, n - 1)
    needed, position = np.unique(triple, return_inverse=True)
    planes = series.resampled(plane, needed.tolist()) * np.float32(variant.contrast)
    return np.asarray(planes[position.reshape(triple.shape)])
