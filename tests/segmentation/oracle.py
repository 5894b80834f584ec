"""Predictions made from known label maps, as a perfect but slightly blurred network would give them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.segmentation.grid import CanonicalSeries
from pipeline.segmentation.inference import Prediction
from pipeline.volume import Volume


def probabilities_of(
    labels: NDArray[np.uint8], blur: tuple[float, float, float] = (0, 0.7, 0.7)
) -> NDArray[np.float32]:
    """Shape (6, *labels.shape): one-hot, blurred."""
    one_hot = np.stack([labels == k for k in range(6)]).astype(np.float32)
    soft = np.stack([ndimage.gaussian_filter(one, blur) for one in one_hot])
    return soft / soft.sum(axis=0)


def prediction_of(labels: Volume, variants: int = 2, native: NDArray[np.float32] | None = None) -> Prediction:
    """A prediction whose variants all agree with ``labels`` (any orientation)."""
    given = probabilities_of(labels.array) if native is None else native
    series = CanonicalSeries.of(labels.with_array(labels.array.astype(np.float32)))
    plane = series.plane()
    canonical = series.orientation.apply(given)
    window = series.native_window(plane)
    resampled = series.between(np.ascontiguousarray(canonical), window.plane, plane)
    resampled[0] = np.maximum(1.0 - resampled[1:].sum(axis=0), 0.0)
    return Prediction(
        series=series,
        plane=plane,
        probabilities=resampled,
        variant_labels=np.repeat(resampled.argmax(axis=0).astype(np.uint8)[None], variants, axis=0),
        native_probabilities=given,
        native_fragment_variants=np.repeat(given[5][None], variants, axis=0),
    )
