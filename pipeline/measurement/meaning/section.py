"""Cross-sections of the canal: areas of thecal sac and fragment along the canal's own line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from pipeline.segmentation.anatomy import Anatomy, Level
from pipeline.segmentation.wall import PosteriorWall
from pipeline.volume import Points

REACH_MM = 32.0
"""Canal is looked at this far along to both sides of the disc: farther than displaced material is looked for."""
BEHIND_MM = (-8.0, 30.0)
BIN_MM = 2.0
DEGREE = 3
"""The canal bends gently: a line that followed its contents closely would turn aside for the fragment itself."""
STEP_MM = 1.0
FINE_MM = 0.1
SHORTEST_MM = 18.0
"""Less canal than this has no direction."""
FEWEST_POINTS = 4


@dataclass(frozen=True, eq=False)
class Contents:
    """What voxels near one level hold.

    Attributes
    ----------
    lps
        Shape (n, 3), mm.
    sac_mm3, fragment_mm3
        Shape (n,): volume of either in each voxel.
    extent_mm
        How far a voxel reaches along the spine.
    """

    lps: Points
    sac_mm3: NDArray[np.float64]
    fragment_mm3: NDArray[np.float64]
    extent_mm: float


@dataclass(frozen=True, eq=False)
class Sections:
    """Areas along the canal; arrays of shape (n,).

    Attributes
    ----------
    along_mm
        Place along the canal, 0 at the disc's mid-plane, caudal positive.
    sac_mm2, fragment_mm2
        Areas at right angles to the canal, averaged over ``section_mm``.
    """

    along_mm: NDArray[np.float64]
    sac_mm2: NDArray[np.float64]
    fragment_mm2: NDArray[np.float64]
    section_mm: float


def sections_of(
    contents: Contents, anatomy: Anatomy, level: Level, *, half_width_mm: float, section_mm: float
) -> Sections | None:
    """Areas of what the canal holds, at right angles to its line.

    The line runs through the centres of sac and fragment together. Volume between two planes over their distance is
    the mean area between them, also where the line is curved, because it runs through the centres.

    Parameters
    ----------
    contents
        Voxels of one series.
    half_width_mm
        Material farther to one side of the midline lies in a foramen and takes no canal.
    section_mm
        Over how much of the canal to average: at least the slice distance of an axial series.

    Returns
    -------
    Sections, or None where there is too little canal to follow.
    """
    wall = PosteriorWall(anatomy.levels.values())
    place = wall.coordinates(contents.lps)
    along = place.along - wall.positions_mm[level.name]
    inside = (np.abs(along) < REACH_MM) & (place.behind > BEHIND_MM[0]) & (place.behind < BEHIND_MM[1])
    inside &= np.abs(place.lateral) < half_width_mm
    lps, along = contents.lps[inside], along[inside]
    sac, fragment = contents.sac_mm3[inside], contents.fragment_mm3[inside]
    step = max(BIN_MM, section_mm)
    line = _line(lps, along, sac + fragment, step)
    if line is None:
        return None
    own = _along(line, lps)
    # The disc's mid-plane is the wall's zero; the canal's line is a little longer or shorter than the wall.
    zero = float(np.interp(0.0, *_matched(along, own, sac + fragment, step)))
    at = np.arange(np.ceil(own.min() - zero + section_mm / 2), np.floor(own.max() - zero - section_mm / 2), STEP_MM)
    at = at[np.abs(at) < REACH_MM - section_mm / 2]
    if at.size == 0:
        return None
    widths = (contents.extent_mm, section_mm)
    areas = [_areas(own - zero, amount, at, widths) for amount in (sac, fragment)]
    return Sections(at, areas[0], areas[1], section_mm)


def _line(lps: Points, along: NDArray[np.float64], mass: NDArray[np.float64], step: float) -> Points | None:
    """A gentle curve through the centres of mass, a point every ``step`` mm, cranial to caudal, shape (n, 3).

    None where too little is seen.
    """
    number = np.floor((along + REACH_MM) / step).astype(int)
    count = int(np.ceil(2 * REACH_MM / step))
    total = np.bincount(number, mass, minlength=count)
    if np.count_nonzero(total > 0) * step < SHORTEST_MM:
        return None
    seen = np.flatnonzero(total > 0.2 * np.median(total[total > 0]))
    if len(seen) < FEWEST_POINTS:
        return None
    every = np.arange(seen[0], seen[-1] + 1)
    degree = min(DEGREE, len(seen) - 2)
    columns = []
    for axis in range(3):
        centre = np.bincount(number, mass * lps[:, axis], minlength=count)[seen] / total[seen]
        fitted = np.polynomial.Polynomial.fit(seen, centre, degree, w=np.sqrt(total[seen]))
        columns.append(fitted(every))
    return np.stack(columns, axis=1)


def _along(line: Points, lps: Points) -> NDArray[np.float64]:
    """Arc length of the nearest place of a line, prolonged straight at its ends."""
    first, last = line[0] - line[3], line[-1] - line[-4]
    reach = np.arange(1, 13)[:, None] * 2.0
    line = np.concatenate(
        [line[0] + reach[::-1] * first / np.linalg.norm(first), line, line[-1] + reach * last / np.linalg.norm(last)]
    )
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    tangent = np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    nearest = KDTree(line).query(lps)[1]
    return np.asarray(lengths[nearest] + np.einsum("ij,ij->i", lps - line[nearest], tangent[nearest]))


def _matched(
    along: NDArray[np.float64], own: NDArray[np.float64], mass: NDArray[np.float64], step: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean place along the canal's line by place along the wall."""
    number = np.floor((along + REACH_MM) / step).astype(int)
    total = np.bincount(number, mass)
    kept = total > 0
    wall = np.bincount(number, mass * along)[kept] / total[kept]
    return wall, np.bincount(number, mass * own)[kept] / total[kept]


def _areas(
    own: NDArray[np.float64], amount: NDArray[np.float64], at: NDArray[np.float64], widths_mm: tuple[float, float]
) -> NDArray[np.float64]:
    """Area at each place: volume by place, each voxel spread over its own extent, averaged over a section's length."""
    low = at[0] - sum(widths_mm)
    count = int(np.ceil((at[-1] + sum(widths_mm) - low) / FINE_MM))
    number = np.floor((own - low) / FINE_MM).astype(int)
    inside = (number >= 0) & (number < count)
    density = np.bincount(number[inside], amount[inside], minlength=count) / FINE_MM
    for width in widths_mm:
        density = ndimage.uniform_filter1d(density, max(1, round(width / FINE_MM)), mode="constant")
    return np.asarray(np.interp(at, low + (np.arange(count) + 0.5) * FINE_MM, density))
