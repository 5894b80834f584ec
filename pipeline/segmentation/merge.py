"""What the fine pass found, put into a segmentation of the same series."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.segmentation.anatomy import SeriesSegmentation, Structure
from pipeline.segmentation.grid import CanonicalSeries, InPlane, NativeWindow
from pipeline.segmentation.names import vertebra_value
from pipeline.segmentation.probable import most_probable
from pipeline.volume import Volume

FEATHER_MM = 6.0
"""Over this width the fine pass takes over from the whole picture."""
NEAR_MM = 5.0
"""The fine pass adds nothing further than this from what the whole picture shows: it sees too little to judge."""
NAMED_WITHIN_MM = 8.0
"""A voxel takes the name of the nearest named voxel of its structure, if one is as near as this."""


@dataclass(frozen=True, eq=False)
class FineResult:
    """What the fine pass sees on the grid of one series.

    Attributes
    ----------
    series, plane
        The series in canonical orientation; the plane of the box.
    probabilities
        float32, shape (variants, 6, slices, *plane.count).
    """

    series: CanonicalSeries
    plane: InPlane
    probabilities: NDArray[np.float32]


def merged(target: SeriesSegmentation, found: FineResult) -> SeriesSegmentation:
    """``target`` with labels, instances, probabilities and variants renewed inside the box; arrays are copies."""
    series = found.series
    window = series.native_window(found.plane)
    # Without background: that is what the others leave.
    fine = np.stack([series.between(one[1:], found.plane, window.plane) for one in found.probabilities])
    weight = _feather(fine.shape[-2:], window, found.plane)
    old = _windowed(series, target.probabilities, window)
    labels_before = _windowed(series, target.labels.array, window)
    near = _near(labels_before > 0, series)
    share = weight * near
    new = np.empty_like(old)
    new[1:] = (1 - share) * old[1:] + share * fine.mean(axis=0)
    new[Structure.BACKGROUND] = np.maximum(1.0 - new[1:].sum(axis=0), 0.0)
    probabilities = target.probabilities.copy()
    series.put(probabilities, new, window)
    instances_before = _windowed(series, target.instances.array, window)
    labels, instances = _named(new, labels_before, instances_before, share > 0.5, series)
    return replace(
        target,
        labels=_put(series, target.labels, labels, window),
        instances=_put(series, target.instances, instances, window),
        probabilities=probabilities,
        fragment_variants=_variants(target, fine[:, Structure.FRAGMENT - 1], share, window, series),
    )


def _windowed(series: CanonicalSeries, array: NDArray[Any], window: NativeWindow) -> NDArray[Any]:
    return np.ascontiguousarray(series.orientation.apply(array)[(..., *window.ranges)])


def _put(series: CanonicalSeries, volume: Volume, values: NDArray[np.uint8], window: NativeWindow) -> Volume:
    array = volume.array.copy()
    series.put(array, values, window)
    return volume.with_array(array)


def _feather(shape: tuple[int, ...], window: NativeWindow, plane: InPlane) -> NDArray[np.float32]:
    """Shape (rows, columns): 1 inside, falling to 0 towards the border of the box."""
    ramps = []
    for k in range(2):
        place = window.plane.first_mm[k] + np.arange(shape[k]) * window.plane.pixel_mm[k]
        first, last = plane.first_mm[k], plane.first_mm[k] + (plane.count[k] - 1) * plane.pixel_mm[k]
        ramps.append(np.clip(np.minimum(place - first, last - place) / FEATHER_MM, 0.0, 1.0))
    return np.asarray(ramps[0][:, None] * ramps[1][None, :], dtype=np.float32)


def _near(some: NDArray[np.bool_], series: CanonicalSeries) -> NDArray[np.bool_]:
    """In-plane neighbourhood of what the whole picture shows, in the same slice or the next."""
    sizes = [2 * max(1, round(NEAR_MM / s)) + 1 for s in series.spacing_mm[1:]]
    return np.asarray(ndimage.maximum_filter(some, size=(3, *sizes), mode="constant"))


def _named(
    probabilities: NDArray[np.float32],
    labels_before: NDArray[np.uint8],
    instances_before: NDArray[np.uint8],
    changed: NDArray[np.bool_],
    series: CanonicalSeries,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Labels and instances of the window; names come from the nearest named voxel of the same structure."""
    labels = np.where(changed, most_probable(probabilities), labels_before)
    instances = np.where(changed, np.uint8(0), instances_before)
    bone = (labels == Structure.VERTEBRA) | (labels == Structure.SACRUM)
    bone_before = (labels_before == Structure.VERTEBRA) | (labels_before == Structure.SACRUM)
    for now, before in ((labels == Structure.DISC, labels_before == Structure.DISC), (bone, bone_before)):
        wanted = now & changed
        known = before & (instances_before > 0)
        if not wanted.any() or not known.any():
            continue
        distance, nearest = ndimage.distance_transform_edt(~known, sampling=series.spacing_mm, return_indices=True)
        names = instances_before[tuple(nearest)]
        close = wanted & (distance <= NAMED_WITHIN_MM)
        instances[close] = names[close]
        # Named bone far away is none of this spine.
        labels[wanted & ~close] = Structure.BACKGROUND
    labels[bone & changed & (instances > 0)] = Structure.VERTEBRA
    labels[bone & changed & (instances == vertebra_value("S1"))] = Structure.SACRUM
    return labels, instances


def _variants(
    target: SeriesSegmentation,
    fragments: NDArray[np.float32],
    share: NDArray[np.float32],
    window: NativeWindow,
    series: CanonicalSeries,
) -> NDArray[np.float32]:
    """As many variants as the fine pass has; outside the box those of the whole picture, over and over."""
    count = len(fragments)
    before = target.fragment_variants
    result = before[np.arange(count) % len(before)]
    old = _windowed(series, result, window)
    series.put(result, (1 - share) * old + share * fragments, window)
    return np.asarray(result)
