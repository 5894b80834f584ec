"""Where the spine lies in the plane of a sagittal series, from a few central slices; one series tells the others."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import ndimage

from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.grid import CanonicalSeries, InPlane
from pipeline.segmentation.network import Predictor
from pipeline.segmentation.normalise import normalise
from pipeline.segmentation.variants import Variant
from pipeline.segmentation.views import with_neighbours
from pipeline.volume import Points, Volume

LOCATING_SLICES = 5
"""Slices of the middle half that the spine is first looked for in."""
BOX_MARGIN_MM = 16
SMALLEST_BOX_MM = 64
LEAST_SHARED_MM = 40


@dataclass(frozen=True, eq=False)
class SpineBox:
    """Where one series of a visit shows the spine, in patient coordinates.

    Attributes
    ----------
    corners_lps_mm
        (8, 3): of the box, on the first and the last slice.
    cut
        For rows and columns, whether the box ends with the image at its low and at its high end: the spine may go on
        there, and another series may show it.
    """

    corners_lps_mm: Points
    cut: tuple[tuple[bool, bool], tuple[bool, bool]]

    def within(self, series: CanonicalSeries) -> InPlane:
        """The part of the plane of ``series`` in which the spine lies, as far as the box tells."""
        whole = series.plane()
        canonical = series.orientation.affine(series.native.affine, series.native.shape)
        index = (self.corners_lps_mm - canonical[:3, 3]) @ np.linalg.inv(canonical[:3, :3]).T
        ranges = []
        for k in range(2):
            place = (index[:, k + 1] * series.spacing_mm[k + 1] - whole.first_mm[k]) / whole.pixel_mm[k]
            low = 0 if self.cut[k][0] else int(np.floor(place.min()))
            high = whole.count[k] if self.cut[k][1] else int(np.ceil(place.max())) + 1
            ranges.append((max(0, low), min(whole.count[k], high)))
        # A series that hardly meets the box was planned elsewhere, or shares no frame of reference with the first.
        return _part(whole, ranges) if all(high - low >= LEAST_SHARED_MM for low, high in ranges) else whole


def find_box(volume: Volume, network: Predictor) -> SpineBox:
    """Where a sagittal series shows the spine; its whole plane where it shows none."""
    series = CanonicalSeries.of(volume.with_array(normalise(volume.array)))
    whole, plane = series.plane(), locate(series, network)
    ends = [(0, n - 1) for n in (series.image.shape[0], *plane.count)]
    affine = series.affine_of(plane)
    corners = np.array(list(product(*ends)), dtype=np.float64) @ affine[:3, :3].T + affine[:3, 3]
    cut = []
    for k in range(2):
        last = plane.first_mm[k] + plane.count[k] * plane.pixel_mm[k]
        end = whole.first_mm[k] + whole.count[k] * whole.pixel_mm[k]
        cut.append((plane.first_mm[k] <= whole.first_mm[k] + 0.5, last >= end - 0.5))
    return SpineBox(corners, (cut[0], cut[1]))


def locate(series: CanonicalSeries, network: Predictor) -> InPlane:
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
    ranges = []
    for k in range(2):
        low, high = box[k].start - BOX_MARGIN_MM, box[k].stop + BOX_MARGIN_MM
        grow = max(0, SMALLEST_BOX_MM - (high - low))
        ranges.append((max(0, low - grow // 2), min(plane.count[k], high + grow - grow // 2)))
    return _part(plane, ranges)


def _part(plane: InPlane, ranges: list[tuple[int, int]]) -> InPlane:
    """The pixels of ``plane`` from … to (exclusive) along rows and columns."""
    counts = [high - low for low, high in ranges]
    firsts = [plane.first_mm[k] + ranges[k][0] * plane.pixel_mm[k] for k in range(2)]
    return InPlane((counts[0], counts[1]), (firsts[0], firsts[1]), plane.pixel_mm)
