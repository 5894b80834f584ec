"""The fine pass: all sagittal series of a visit together, in small pixels, around the discs that matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.dicom.visit import Role
from pipeline.segmentation.anatomy import Level, SeriesSegmentation, Structure
from pipeline.segmentation.grid import CanonicalSeries, InPlane
from pipeline.segmentation.merge import FineResult, merged
from pipeline.segmentation.network import Predictor
from pipeline.segmentation.normalise import neighbour_step, normalise
from pipeline.segmentation.variants import Variant, variants
from pipeline.segmentation.views import varied
from pipeline.volume import Affine, Volume

PIXEL_MM = 0.75
SLOTS = (Role.SAGITTAL_T2, Role.SAGITTAL_T1, Role.SAGITTAL_T1_POST, Role.SAGITTAL_STIR)
"""Order of the series in the network's input, three slices each; a plane per series then tells which exist."""
UP_MM, DOWN_MM, FRONT_MM, BACK_MM = 24.0, 36.0, 46.0, 36.0
"""How far the box reaches beyond the discs' posterior margins."""
COVERED = 0.7
"""A series takes part where it shows at least this share of the box."""


def refine(
    target: SeriesSegmentation,
    images: Mapping[Role, Volume],
    levels: Sequence[Level],
    network: Predictor,
    count: int,
) -> SeriesSegmentation:
    """Segment one sagittal series again around some discs, with the other series of the visit beside it.

    Parameters
    ----------
    target
        What is known of the series; its role must be in ``images``.
    images
        The sagittal series that are seen together, by role, each on its own grid.
    levels
        Discs around which to look.
    network
        Gives probabilities (n, 6, rows, columns) of slices (n, 16, rows, columns): three neighbouring slices of each
        of :data:`SLOTS`, zero where that series is missing, and a plane for each that is 1 where it exists.
    count
        Number of test-time variants.

    Returns
    -------
    SeriesSegmentation
        ``target`` with labels, instances, probabilities and variants renewed inside the box.
    """
    series = CanonicalSeries.of(images[target.role])
    plane = box_around(series, levels)
    taking_part = _taking_part(target.role, images, series, plane)
    result = np.empty((count, len(Structure), series.image.shape[0], *plane.count), dtype=np.float32)
    for number, variant in enumerate(variants(count)):
        seen = varied(plane, variant)
        probabilities = np.moveaxis(network(_input(taking_part, series, seen, variant)), 1, 0)
        result[number] = series.between(probabilities, seen, plane)
    return merged(target, FineResult(series, plane, result))


def box_around(series: CanonicalSeries, levels: Sequence[Level]) -> InPlane:
    """The part of the plane around the posterior margins of ``levels``, in 0.75 mm pixels, inside the image."""
    index = series.native.to_index(np.array([level.posterior_margin_lps_mm for level in levels]))
    order, flipped, shape = series.orientation.order, series.orientation.flipped, series.native.shape
    reach = ((UP_MM, DOWN_MM), (FRONT_MM, BACK_MM))
    counts, firsts = [], []
    for k in range(2):
        axis = order[k + 1]
        along = shape[axis] - 1 - index[:, axis] if flipped[k + 1] else index[:, axis]
        place = along * series.spacing_mm[k + 1]
        end = (shape[axis] - 1) * series.spacing_mm[k + 1]
        low = float(np.clip(place.min() - reach[k][0], 0.0, end))
        high = float(np.clip(place.max() + reach[k][1], low, end))
        counts.append(max(1, int((high - low) / PIXEL_MM) + 1))
        firsts.append(low)
    return InPlane((counts[0], counts[1]), (firsts[0], firsts[1]), (PIXEL_MM, PIXEL_MM))


def _taking_part(
    role: Role, images: Mapping[Role, Volume], series: CanonicalSeries, plane: InPlane
) -> list[tuple[int, Volume | None]]:
    """Slot and image of every series that shows the box; None stands for the target itself."""
    points = _box_points(series, plane, step=4)
    found: list[tuple[int, Volume | None]] = []
    for slot, other in enumerate(SLOTS):
        if other is role:
            found.append((slot, None))
        elif other in images:
            index = images[other].to_index(points)
            inside = np.all((index >= -0.5) & (index <= np.array(images[other].shape) - 0.5), axis=-1)
            if inside.mean() >= COVERED:
                found.append((slot, images[other]))
    return found


def _input(
    taking_part: list[tuple[int, Volume | None]], series: CanonicalSeries, plane: InPlane, variant: Variant
) -> NDArray[np.float32]:
    """Shape (slices, 16, *plane.count)."""
    n = series.image.shape[0]
    step = neighbour_step(series.spacing_mm[0]) * (-1 if variant.mirrored else 1)
    triple = np.clip(np.arange(n)[:, None] + np.array([-step, 0, step]), 0, n - 1)
    slices = np.zeros((n, 4 * len(SLOTS), *plane.count), dtype=np.float32)
    affine = series.affine_of(plane)
    for slot, image in taking_part:
        stack = series.resampled(plane) if image is None else _resampled(image, affine, (n, *plane.count))
        slices[:, 3 * slot : 3 * slot + 3] = (normalise(stack) * np.float32(variant.contrast))[triple]
        slices[:, 3 * len(SLOTS) + slot] = 1.0
    return slices


def _resampled(image: Volume, affine: Affine, shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """An image on a grid of another series, linear; the edge continues outside."""
    across = np.linalg.solve(image.affine, affine)
    return np.asarray(
        ndimage.affine_transform(
            image.array.astype(np.float32, copy=False),
            across[:3, :3],
            across[:3, 3],
            output_shape=shape,
            order=1,
            mode="nearest",
            prefilter=False,
        )
    )


def _box_points(series: CanonicalSeries, plane: InPlane, step: int = 1) -> NDArray[np.float64]:
    """LPS mm of the plane's pixels on every slice, shape (slices, rows, columns, 3)."""
    axes = [np.arange(0, n, k) for n, k in zip((series.image.shape[0], *plane.count), (1, step, step), strict=True)]
    index = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).astype(np.float64)
    affine = series.affine_of(plane)
    return np.asarray(index @ affine[:3, :3].T + affine[:3, 3])
