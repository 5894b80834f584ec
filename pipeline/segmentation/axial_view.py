"""One axial series through its network: cropped where the sagittal series place the spine, in several variants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.segmentation.anatomy import SeriesSegmentation, Structure, finished
from pipeline.segmentation.grid import CanonicalAxes, CanonicalSeries, Orientation
from pipeline.segmentation.nearby import Nearby
from pipeline.segmentation.network import Predictor
from pipeline.segmentation.normalise import normalise
from pipeline.segmentation.variants import variants
from pipeline.segmentation.views import varied, with_neighbours
from pipeline.volume import Affine, Volume

T = TypeVar("T", bound=np.generic)

PIXEL_MM = 0.8
"""In-plane pixel of the axial network."""
WIDTH_MM = 128.0
"""Width of the crop, centred on the canal."""
FRONT_MM, BACK_MM = 62.0, 53.0
"""The crop reaches this far before and behind the canal's centre: body and spinous process."""
BODY_TO_CANAL_MM = 20.0
"""The canal's centre lies this far behind the centre of all bone and discs: used where no canal was seen."""
NEAR_MM = 12.0
"""Displaced material lies this far above or below its disc, or nearer; farther away the plain view has to do."""
FEWEST_PIXELS = 30
"""A slice with fewer labelled pixels shows nothing that was recognised on the sagittal series."""


@dataclass(frozen=True, eq=False)
class AxialView:
    """What the axial network says, inside its crop, on native pixels in canonical axial orientation.

    Attributes
    ----------
    grid
        Grid of the crop: slices S→I, rows A→P, columns R→L; the values are the normalised image.
    orientation, box
        How the crop is cut from an array on the series' own grid: turned to canonical orientation, then these ranges.
    slices
        int64, shape (n,): slices of the crop that were looked at; the others show no spine, or were not asked about.
    probabilities
        float32, shape (6, n, rows, columns), variants averaged; sums to 1.
    fragment_variants
        float32, shape (variants, n, rows, columns).
    left_out
        How many slices show the spine and were not asked about.
    """

    grid: Volume
    orientation: Orientation
    box: tuple[slice, slice]
    slices: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    fragment_variants: NDArray[np.float32]
    left_out: int = 0

    def crop(self, values: NDArray[T]) -> NDArray[T]:
        """The part (…, n, rows, columns) of an array (…, slices, rows, columns) on the series' own grid."""
        return np.ascontiguousarray(self.orientation.apply(values)[..., *self.box][..., self.slices, :, :])

    def paste(self, target: NDArray[T], values: NDArray[T]) -> None:
        """Write values (…, n, rows, columns) into ``target``, an array on the series' own grid, in place."""
        self.orientation.apply(target)[..., *self.box][..., self.slices, :, :] = values

    def renewed(
        self, before: NDArray[np.floating], values: NDArray[np.floating], outside: int | None = None
    ) -> NDArray[np.float16]:
        """Finished probabilities (…, slices, rows, columns) on the series' own grid, as float16.

        Slices that were not looked at are those of ``before``; the others hold ``values`` inside the crop, and outside
        of it nothing, or the class ``outside`` of the first axis. Whole series in float32 would be the largest arrays
        of a study.
        """
        result = np.zeros(before.shape, dtype=np.float16)
        if outside is not None:
            result[outside] = 1.0
        target, given = self.orientation.apply(result), self.orientation.apply(before)
        shown = [k for k in range(len(before)) if k != outside]
        for n in np.setdiff1d(np.arange(target.shape[-3]), self.slices):
            # Only rows that hold anything: memory that was never written to takes no room.
            rows = np.flatnonzero(given[shown, n].any(axis=(0, 2)))
            if rows.size:
                part = slice(rows[0], rows[-1] + 1)
                target[:, n, part] = finished(given[:, n, part])
        self.paste(result, finished(values))
        return result

    def clear(self, target: NDArray[T], value: float) -> None:
        """Fill the slices that were looked at of ``target``, an array on the series' own grid, in place."""
        self.orientation.apply(target)[..., self.slices, :, :] = value


def looked_at(
    volume: Volume,
    carried: SeriesSegmentation,
    network: Predictor,
    count: int,
    *,
    around: Sequence[int] = (),
    nearby: Nearby | None = None,
) -> AxialView | None:
    """Send an axial series through its network in ``count`` variants.

    Parameters
    ----------
    volume
        The series on its native grid; any axis order, direction and obliquity.
    carried
        Labels carried over from the sagittal series, on the same grid: they place the crop.
    network
        Gives probabilities (n, 6, rows, columns) of slices (n, 3, rows, columns).
    count
        Number of test-time variants, 1 or more.
    around
        Instances that are measured: only slices near them are seen in all variants, others in the plain view. All
        slices where it is empty.
    nearby
        Only slices near this place are looked at; all when None. Those that are look the same either way.

    Returns
    -------
    AxialView, or None where the carried labels show no spine on the slices asked about.
    """
    whole = CanonicalSeries.of(volume, CanonicalAxes.AXIAL)
    labels = whole.orientation.apply(carried.labels.array)
    slices = np.flatnonzero(np.count_nonzero(labels, axis=(1, 2)) >= FEWEST_PIXELS)
    asked = slices if nearby is None else slices[nearby.slices(_affine(whole), len(labels))[slices]]
    if not asked.size:
        return None
    box = _box(whole, labels[slices])  # crop and brightness are those of the whole stack: what is asked changes neither
    slices, left_out = asked, slices.size - asked.size
    series = CanonicalSeries.of(_cropped(whole, box), CanonicalAxes.AXIAL)
    plane = series.plane(PIXEL_MM)
    native = series.native_window(plane).plane
    mean = np.zeros((len(Structure), len(slices), *native.count), dtype=np.float32)
    fragments = np.zeros((count, len(slices), *native.count), dtype=np.float32)
    near = _near(whole.orientation.apply(carried.instances.array)[slices], series.spacing_mm[0], around)
    for number, variant in enumerate(variants(count)):
        seen = varied(plane, variant)
        again = np.ones_like(near) if number == 0 else near
        given = np.moveaxis(network(with_neighbours(series, seen, variant, slices[again])), 1, 0)
        fine = series.between(given[1:], seen, native)
        fragments[number] = fragments[0]
        fragments[number, again] = fine[Structure.FRAGMENT - 1]
        if again.all():
            mean[1:] += fine
        else:
            mean[1:, again] += fine
    mean[:, near] /= np.float32(count)
    mean[Structure.BACKGROUND] = np.maximum(1.0 - mean[1:].sum(axis=0), 0.0)
    return AxialView(series.native, whole.orientation, box, slices, mean, fragments, left_out)


def _near(instances: NDArray[np.uint8], pitch_mm: float, around: Sequence[int]) -> NDArray[np.bool_]:
    """Which slices lie within a disc's reach of any of the instances; all where none is asked for or seen."""
    shown: NDArray[np.bool_] = np.asarray(np.isin(instances, around).any(axis=(1, 2)))
    if not shown.any():
        return np.ones(len(instances), dtype=bool)
    return np.asarray(ndimage.binary_dilation(shown, iterations=max(1, round(NEAR_MM / pitch_mm))))


def _affine(series: CanonicalSeries) -> Affine:
    """Of the series in canonical orientation, native pixels."""
    return series.orientation.affine(series.native.affine, series.native.shape)


def _cropped(series: CanonicalSeries, box: tuple[slice, slice]) -> Volume:
    """The crop in canonical orientation, with intensities brought to scale over the crop alone."""
    affine = _affine(series)
    first = np.array([0.0, box[0].start, box[1].start, 1.0])
    affine[:, 3] = affine @ first
    return Volume(normalise(series.image[:, *box]), affine)


def _box(series: CanonicalSeries, labels: NDArray[np.uint8]) -> tuple[slice, slice]:
    """Rows and columns around the canal as the sagittal series show it, within the field of view."""
    rows, columns = _canal_centres(series, labels)
    middle = float(np.median(columns))
    low = (float(rows.min()) - FRONT_MM, middle - WIDTH_MM / 2)
    high = (float(rows.max()) + BACK_MM, middle + WIDTH_MM / 2)
    ranges = []
    for k in range(2):
        pitch, n = series.spacing_mm[1 + k], series.image.shape[1 + k]
        start = int(np.clip(np.floor(low[k] / pitch), 0, n - 1))
        ranges.append(slice(start, int(np.clip(np.ceil(high[k] / pitch) + 1, start + 1, n))))
    return ranges[0], ranges[1]


def _canal_centres(series: CanonicalSeries, labels: NDArray[np.uint8]) -> tuple[NDArray[np.float64], ...]:
    """Row and column, mm from the first native pixel, of the canal's centre in each slice that shows it."""
    canal = labels == Structure.CANAL
    shown = np.count_nonzero(canal, axis=(1, 2)) >= FEWEST_PIXELS
    behind = 0.0 if shown.any() else BODY_TO_CANAL_MM
    mask = canal[shown] if shown.any() else labels != Structure.BACKGROUND
    pitch = np.array(series.spacing_mm[1:])
    centres = np.array([np.argwhere(one).mean(axis=0) * pitch for one in mask if one.any()])
    return centres[:, 0] + behind, centres[:, 1]
