"""One sagittal series through the network: located, seen in several variants, averaged, brought back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.grid import CanonicalSeries, InPlane
from pipeline.segmentation.locating import SpineBox, locate
from pipeline.segmentation.network import Predictor
from pipeline.segmentation.normalise import normalise
from pipeline.segmentation.probable import most_probable
from pipeline.segmentation.variants import variants
from pipeline.segmentation.views import varied, with_neighbours
from pipeline.volume import Volume


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the network says of one series.

    Attributes
    ----------
    series
        The series in canonical orientation.
    plane
        The 1 mm plane of :attr:`probabilities` and :attr:`variant_labels`: a box around the spine.
    probabilities
        float32, shape (6, slices, *plane.count), canonical orientation, variants averaged; sums to 1.
    variant_labels
        uint8, shape (variants, slices, *plane.count): most probable structure in each variant.
    native_probabilities
        float32, shape (6, slices, rows, columns) on the series' own grid and axes.
    native_fragment_variants
        float32, shape (variants, slices, rows, columns) on the series' own grid and axes.
    """

    series: CanonicalSeries
    plane: InPlane
    probabilities: NDArray[np.float32]
    variant_labels: NDArray[np.uint8]
    native_probabilities: NDArray[np.float32]
    native_fragment_variants: NDArray[np.float32]


def predict(volume: Volume, network: Predictor, count: int, near: SpineBox | None = None) -> Prediction:
    """Send a sagittal series through the network in ``count`` variants.

    Parameters
    ----------
    volume
        The series on its native grid; any axis order, direction and obliquity.
    network
        Gives probabilities (n, 6, rows, columns) of slices (n, 3, rows, columns).
    count
        Number of test-time variants, 1 or more; the first is the plain view.
    near
        Where another series of the visit shows the spine; this series is searched for it when None.

    Returns
    -------
    Prediction
    """
    series = CanonicalSeries.of(volume.with_array(normalise(volume.array)))
    plane = near.within(series) if near else locate(series, network)
    window = series.native_window(plane)
    slices = series.image.shape[0]
    mean = np.zeros((len(Structure), slices, *plane.count), dtype=np.float32)
    native = np.zeros((len(Structure) - 1, slices, *window.plane.count), dtype=np.float32)
    fragments = np.zeros((count, *volume.shape), dtype=np.float32)
    labels = np.zeros((count, slices, *plane.count), dtype=np.uint8)
    for number, variant in enumerate(variants(count)):
        seen = varied(plane, variant)
        probabilities = np.moveaxis(network(with_neighbours(series, seen, variant)), 1, 0)
        own = series.between(probabilities, seen, plane)
        _complete(own)
        labels[number] = most_probable(own)
        mean += own / count
        fine = series.between(probabilities[1:], seen, window.plane)
        series.put(fragments[number], fine[Structure.FRAGMENT - 1], window)
        fine /= count
        native += fine
    whole = np.zeros((len(Structure), *volume.shape), dtype=np.float32)
    series.put(whole[1:], native, window)
    _complete(whole)
    return Prediction(series, plane, mean, labels, whole, fragments)


def _complete(probabilities: NDArray[np.float32]) -> None:
    """Outside the box there is background: make the classes sum to one, in place."""
    probabilities[Structure.BACKGROUND] = np.maximum(1.0 - probabilities[1:].sum(axis=0), 0.0)
