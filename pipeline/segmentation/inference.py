"""One sagittal series through the network: located, seen in several variants, averaged, brought back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.grid import CanonicalSeries, InPlane
from pipeline.segmentation.network import Predictor
from pipeline.segmentation.normalise import neighbour_step, normalise
from pipeline.segmentation.variants import Variant, variants
from pipeline.volume import Volume

LOCATING_SLICES = 5
"""Slices of the middle half that the spine is first looked for in."""
BOX_MARGIN_MM = 16
SMALLEST_BOX_MM = 64


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


def predict(volume: Volume, network: Predictor, count: int) -> Prediction:
    """Send a sagittal series through the network in ``count`` variants.

    Parameters
    ----------
    volume
        The series on its native grid; any axis order, direction and obliquity.
    network
        Gives probabilities (n, 6, rows, columns) of slices (n, 3, rows, columns).
    count
        Number of test-time variants, 1 or more; the first is the plain view.

    Returns
    -------
    Prediction
    """
    series = CanonicalSeries.of(volume.with_array(normalise(volume.array)))
    plane = _locate(series, network)
    window = series.native_window(plane)
    slices = series.image.shape[0]
    mean = np.zeros((len(Structure), slices, *plane.count), dtype=np.float32)
    native = np.zeros((len(Structure), slices, *window.plane.count), dtype=np.float32)
    fragments = np.zeros((count, *volume.shape), dtype=np.float32)
    labels = np.zeros((count, slices, *plane.count), dtype=np.uint8)
    for number, variant in enumerate(variants(count)):
        seen = varied(plane, variant)
        probabilities = np.moveaxis(network(with_neighbours(series, seen, variant)), 1, 0)
        own = series.between(probabilities, seen, plane)
        _complete(own)
        labels[number] = own.argmax(axis=0)
        mean += own / count
        fine = series.between(probabilities, seen, window.plane)
        series.put(fragments[number], fine[Structure.FRAGMENT], window)
        native += fine / count
    whole = np.zeros((len(Structure), *volume.shape), dtype=np.float32)
    series.put(whole, native, window)
    _complete(whole)
    return Prediction(series, plane, mean, labels, whole, fragments)


def _complete(probabilities: NDArray[np.float32]) -> None:
    """Outside the box there is background: make the classes sum to one, in place."""
    probabilities[Structure.BACKGROUND] = np.maximum(1.0 - probabilities[1:].sum(axis=0), 0.0)


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


def _locate(series: CanonicalSeries, network: Predictor) -> InPlane:
    """The part of the plane that holds the spine, from a few central slices; the whole plane when none is seen."""
    plane = series.plane()
    n = series.image.shape[0]
    central = np.unique(np.linspace(0.25 * (n - 1), 0.75 * (n - 1), LOCATING_SLICES).round().astype(np.int64))
    probabilities = network(with_neighbours(series, plane, Variant(), central))
    spine = (1.0 - probabilities[:, Structure.BACKGROUND]).max(axis=0) > 0.5
    blobs, count = ndimage.label(ndimage.binary_dilation(spine, iterations=3))
    if count == 0:
        return plane
    sizes = ndimage.sum_labels(spine, blobs, range(1, count + 1))
    rows, columns = ndimage.find_objects(blobs)[int(np.argmax(sizes))]
    return _boxed(plane, (rows, columns))


def _boxed(plane: InPlane, box: tuple[slice, slice]) -> InPlane:
    counts, firsts = [], []
    for k in range(2):
        low, high = box[k].start - BOX_MARGIN_MM, box[k].stop + BOX_MARGIN_MM
        grow = max(0, SMALLEST_BOX_MM - (high - low))
        low, high = max(0, low - grow // 2), min(plane.count[k], high + grow - grow // 2)
        counts.append(high - low)
        firsts.append(plane.first_mm[k] + low * plane.pixel_mm[k])
    return InPlane((counts[0], counts[1]), (firsts[0], firsts[1]), plane.pixel_mm)
