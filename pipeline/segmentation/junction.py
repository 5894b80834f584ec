"""Shape of the spine at a disc, as if that disc were the lumbosacral one.

Below the last lumbar disc the column narrows from front to back, turns backwards, and is no longer divided. These are
measured for every disc, whatever the network calls the bones: evidence of its own for the count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.axis import SpineAxis
from pipeline.segmentation.bodies import Body
from pipeline.segmentation.discs import Disc

COLUMN_MM = (4.0, 60.0)
"""Distance in front of the canal's line within which the column lies, its sacral part included."""
BEYOND_MM = 10.0
"""From so much before the end of the canal's line on, the line does not tell what lies in front of the canal."""
POSTERIOR_MM = 8.0
"""The column reaches no further behind a disc's own posterior border."""
FARTHEST_MM = 45.0
MIDLINE_MM = 8.0
BIN_MM = 2.0
ENDS = (0.03, 0.97)
"""Front and rear of the column are these shares of its pixels: single ones beyond are noise."""
REACH_MM = 44.0
TAPER_MM = 36.0
"""How far below the disc the column's depth is followed."""
EDGE_PIXELS = 2
AXIS_MM = (30.0, 26.0)
"""How far below and above the disc the column's direction is followed."""
NEAR_MM = 22.0
"""Bone within this distance of a disc decides whether lumbar or sacral bone adjoins it."""
FEWEST_BINS = 8
FEWEST_PIXELS = 12
TAPER_OVER_MM = 30.0


@dataclass(frozen=True)
class Junction:
    """What is seen at one disc.

    Attributes
    ----------
    below_mm
        How much of the column is in view below the disc, 0 … 44 mm.
    taper
        Share of its antero-posterior depth that the column loses in 30 mm below the disc; None where too little is
        in view. At L5/S1 of real spines 0.2 to 0.6, elsewhere about −0.1.
    angle_degrees
        Angle by which the column turns backwards at the disc; None where too little is in view. At L5/S1 of real
        spines mostly 30 to 55 degrees, elsewhere mostly below 20.
    slope_degrees
        Tilt of the disc against the image's horizontal, positive where its front lies lower.
    sacral_below, sacral_above
        Share of SACRUM among the bone that adjoins the disc, 0…1.
    """

    below_mm: float
    taper: float | None
    angle_degrees: float | None
    slope_degrees: float
    sacral_below: float
    sacral_above: float


@dataclass(frozen=True, eq=False)
class _Column:
    """Pixels of the column near the midline.

    Attributes
    ----------
    points
        Shape (n, 3): lateral, row, column in mm.
    bone
        Whether a pixel is vertebra or sacrum, not disc.
    share
        SACRUM among its bone, 0…1.
    edge
        Whether it lies at the upper or lower edge of the image.
    """

    points: NDArray[np.float64]
    bone: NDArray[np.bool_]
    share: NDArray[np.float32]
    edge: NDArray[np.bool_]

    def of(self, chosen: NDArray[np.bool_]) -> _Column:
        """Some of the pixels."""
        return _Column(self.points[chosen], self.bone[chosen], self.share[chosen], self.edge[chosen])


@dataclass(frozen=True, eq=False)
class _Profile:
    """Depth and middle of the column against the distance from a disc's surface; NaN where it is not seen."""

    distance: NDArray[np.float64]
    depth: NDArray[np.float64]
    middle: NDArray[np.float64]


def sacral_slope_degrees(disc: Disc) -> float:
    """Tilt of a disc against the horizontal of the image; positive where its front lies lower, as on S1."""
    posterior: NDArray[np.float64] = disc.axes[:, 1]
    return float(np.degrees(np.arctan2(-posterior[1], posterior[2])))


def sacrum_share(body: Body) -> float:
    """Share of sacrum among the bone of a body, 0…1; 0 where there is none."""
    bone = body.vertebra_share + body.sacrum_share
    return body.sacrum_share / bone if body.voxels and bone > 0 else 0.0


def find_junctions(
    probabilities: NDArray[np.float32],
    labels: NDArray[np.uint8],
    axis: SpineAxis,
    discs: Sequence[Disc],
    slice_mm: float,
) -> tuple[Junction, ...]:
    """Measure the column at every disc.

    Parameters
    ----------
    probabilities
        Shape (6, slices, rows, columns), canonical, 1 mm in-plane.
    labels
        Shape (slices, rows, columns): structures with noise removed.

    Returns
    -------
    One per disc, in the order of ``discs``.
    """
    column = np.isin(labels, (Structure.VERTEBRA, Structure.SACRUM, Structure.DISC))
    where = np.argwhere(column & (np.abs(axis.lateral) <= MIDLINE_MM))
    before = axis.before[where[:, 1], where[:, 2]]
    guided = (before > COLUMN_MM[0]) & (before < COLUMN_MM[1])
    points = where * np.array([slice_mm, 1.0, 1.0])
    at = tuple(where.T)
    bone = labels[at] != Structure.DISC
    sacral = probabilities[Structure.SACRUM][at]
    share = sacral / np.maximum(sacral + probabilities[Structure.VERTEBRA][at], 1e-6)
    edge = (where[:, 1] < EDGE_PIXELS) | (where[:, 1] >= labels.shape[1] - EDGE_PIXELS)
    return tuple(
        _junction(disc, _Column(points, bone, share, edge).of(guided | (disc.along_mm > axis.end_mm - BEYOND_MM)))
        for disc in discs
    )


def _junction(disc: Disc, column: _Column) -> Junction:
    frame = disc.offset(column.points)
    own = column.of((np.abs(frame[:, 1]) < FARTHEST_MM) & (frame[:, 1] < disc.depth_mm / 2 + POSTERIOR_MM))
    frame = disc.offset(own.points)
    distances = [side * frame[:, 2] - disc.height_mm / 2 for side in (-1.0, 1.0)]
    below, above = (_profile(frame[:, 1], distance, own.edge) for distance in distances)
    adjoining = [own.bone & (distance > 2.0) & (distance < NEAR_MM) for distance in distances]
    return Junction(
        below_mm=BIN_MM * int(np.count_nonzero(np.isfinite(below.depth))),
        taper=_taper(below, TAPER_MM),
        angle_degrees=_angle(below, above),
        slope_degrees=sacral_slope_degrees(disc),
        sacral_below=float(own.share[adjoining[0]].mean()) if adjoining[0].any() else 0.0,
        sacral_above=float(own.share[adjoining[1]].mean()) if adjoining[1].any() else 0.0,
    )


def _profile(back: NDArray[np.float64], distance: NDArray[np.float64], edge: NDArray[np.bool_]) -> _Profile:
    """What the edge of the image cuts off would look narrow: from there on nothing counts."""
    starts = np.arange(1.0, REACH_MM, BIN_MM)
    depth, middle = (np.full(len(starts), np.nan) for _ in range(2))
    cut = float(distance[edge & (distance > 0)].min(initial=np.inf))
    for k, start in enumerate(starts):
        here = back[(distance >= start) & (distance < start + BIN_MM)]
        if here.size >= FEWEST_PIXELS and start + BIN_MM <= cut:
            front, rear = _ends(np.sort(here))
            depth[k], middle[k] = rear - front + 1.0, (rear + front) / 2
    return _Profile(starts + BIN_MM / 2, depth, middle)


def _ends(ascending: NDArray[np.float64]) -> tuple[float, float]:
    """The 3rd and the 97th percentile, as ``np.percentile`` gives them but without its hundred microseconds a call."""
    found = []
    for share in ENDS:
        place = share * (ascending.size - 1)
        low, high = ascending[int(place)], ascending[min(int(place) + 1, ascending.size - 1)]
        part = place - int(place)
        found.append(float(low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)))
    return found[0], found[1]


def _taper(profile: _Profile, reach_mm: float) -> float | None:
    line = _line(profile.distance, profile.depth, reach_mm)
    return None if line is None else float(-line[1] * TAPER_OVER_MM / max(line[0], 1.0))


def _angle(below: _Profile, above: _Profile) -> float | None:
    lower = _line(below.distance, below.middle, AXIS_MM[0])
    upper = _line(above.distance, above.middle, AXIS_MM[1])
    if lower is None or upper is None:
        return None
    return float(np.degrees(np.arctan(lower[1]) + np.arctan(upper[1])))


def _line(x: NDArray[np.float64], y: NDArray[np.float64], reach_mm: float) -> tuple[float, float] | None:
    """Intercept and slope of y over x up to ``reach_mm``; None with too little."""
    use = np.isfinite(y) & (x <= reach_mm)
    if np.count_nonzero(use) < FEWEST_BINS:
        return None
    slope, intercept = np.polyfit(x[use], y[use], 1)
    return float(intercept), float(slope)
