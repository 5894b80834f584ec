"""From probabilities to separate discs and vertebrae of one series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.segmentation.axis import CANAL_FRONT_MM, SpineAxis, drop_canal_outside, spine_axis
from pipeline.segmentation.bodies import Body, describe_bodies, number_bodies
from pipeline.segmentation.boxes import Boxed, boxed
from pipeline.segmentation.discs import Disc, find_discs
from pipeline.segmentation.inference import Prediction
from pipeline.segmentation.junction import Junction, find_junctions
from pipeline.segmentation.tidy import tidy_labels

CORNER_HEIGHT_MM = (3.0, 12.0)
CORNER_LATERAL_MM = 8.0
CORNER_DEPTH_MM = 25.0


@dataclass(frozen=True, eq=False)
class Spine:
    """The spine of one series, not yet named.

    Attributes
    ----------
    labels
        uint8, shape (slices, rows, columns) on the 1 mm plane of the prediction: structures, noise removed.
    discs
        Cranial to caudal.
    bodies
        Cranial to caudal; ``bodies[k]`` lies above ``discs[k]``, and the last one below the last disc.
    disc_numbers, body_numbers
        uint8 like :attr:`labels`: 1 + index of the disc, of the body; 0 elsewhere.
    margins
        Shape (discs, 3): posterior margin of each disc space in the midline, (lateral, row, column) in mm.
    junctions
        What the column looks like at each disc, as evidence for the count.
    axis
        The canal's line; None when there is nothing to follow (then there are no discs either).
    """

    labels: NDArray[np.uint8]
    discs: tuple[Disc, ...]
    bodies: tuple[Body, ...]
    disc_numbers: NDArray[np.uint8]
    body_numbers: NDArray[np.uint8]
    margins: NDArray[np.float64]
    junctions: tuple[Junction, ...]
    axis: SpineAxis | None


def find_spine(prediction: Prediction) -> Spine:
    """Separate the discs and vertebrae of a predicted series."""
    labels = tidy_labels(prediction.probabilities)
    slice_mm = prediction.series.spacing_mm[0]
    axis = spine_axis(prediction.probabilities, labels, slice_mm)
    empty = np.zeros(labels.shape, dtype=np.uint8)
    nothing = Spine(labels, (), (), empty, empty, np.zeros((0, 3)), (), axis)
    if axis is None:
        return nothing
    drop_canal_outside(labels, axis)
    discs, disc_numbers = find_discs(prediction.probabilities, labels, axis, slice_mm)
    if not discs:
        return nothing
    body_numbers = number_bodies(labels, axis, discs, slice_mm)
    bodies = describe_bodies(
        body_numbers,
        probabilities=prediction.probabilities,
        variant_labels=prediction.variant_labels,
        axis=axis,
        discs=discs,
        slice_mm=slice_mm,
    )
    own, bones = boxed(disc_numbers, len(discs)), boxed(body_numbers, len(discs) + 1)
    margins = np.array(
        [_margin(disc, own[k], (bones[k], bones[k + 1]), axis, slice_mm=slice_mm) for k, disc in enumerate(discs)]
    )
    junctions = find_junctions(prediction.probabilities, labels, axis, discs, slice_mm)
    return Spine(labels, discs, bodies, disc_numbers, body_numbers, margins, junctions, axis)


def _margin(
    disc: Disc,
    own: Boxed | None,
    neighbours: tuple[Boxed | None, Boxed | None],
    axis: SpineAxis,
    *,
    slice_mm: float,
) -> NDArray[np.float64]:
    """Where the line between the posterior corners of the bodies above and below crosses the disc's mid-plane.

    Bone decides and not the disc, because a herniated disc has no posterior border of its own.
    """
    corners = [_posterior_extent(body, disc, axis, slice_mm, height=CORNER_HEIGHT_MM) for body in neighbours]
    known = [c for c in corners if c is not None]
    if not known:
        behind = _posterior_extent(own, disc, axis, slice_mm, height=(-1.0, 3.0))
        known = [behind if behind is not None else disc.depth_mm / 2]
    row, column = round(disc.centre[1]), round(disc.centre[2])
    to_midline = -float(axis.lateral[0, row, column]) - disc.centre[0]
    point: NDArray[np.float64] = (
        disc.centre + float(np.mean(known)) * disc.axes[:, 1] + to_midline / disc.axes[0, 0] * disc.axes[:, 0]
    )
    return point


def _posterior_extent(
    part: Boxed | None, disc: Disc, axis: SpineAxis, slice_mm: float, *, height: tuple[float, float]
) -> float | None:
    """How far behind the disc's centre a structure reaches near the midline, mm."""
    if part is None:
        return None
    before = (axis.before[part.box[1:]] > CANAL_FRONT_MM - 3.0)[None]
    where = np.transpose(part.places(before & (np.abs(axis.lateral[part.box]) <= CORNER_LATERAL_MM)))
    frame = disc.offset(where * np.array([slice_mm, 1.0, 1.0]))
    distance = np.abs(frame[:, 2])
    use = (distance >= height[0]) & (distance <= height[1]) & (np.abs(frame[:, 1]) < CORNER_DEPTH_MM)
    if np.count_nonzero(use) < 10:
        return None
    return float(np.percentile(frame[use, 1], 97)) + 0.5
