"""The posterior wall of the spine as a curve in patient space, and coordinates along it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from pipeline.segmentation.anatomy import Level
from pipeline.volume import Points

STEP_MM = 0.5
EXTENSION_MM = 45.0
"""How far the wall is prolonged beyond the outermost discs: more than displaced material migrates."""


@dataclass(frozen=True, eq=False)
class WallCoordinates:
    """Places relative to the posterior wall; arrays of shape (n,), millimetres.

    Attributes
    ----------
    along
        Arc length from the first disc of the wall, caudal positive.
    behind
        Distance behind the wall, posterior positive.
    lateral
        Distance from the mid-sagittal line of the wall, patient's left positive.
    """

    along: NDArray[np.float64]
    behind: NDArray[np.float64]
    lateral: NDArray[np.float64]

    def of(self, use: NDArray[np.bool_]) -> WallCoordinates:
        """Some of the places."""
        return WallCoordinates(self.along[use], self.behind[use], self.lateral[use])


class PosteriorWall:
    """A smooth curve through the posterior margins of the discs, cranial to caudal.

    Parameters
    ----------
    levels
        Named discs of one visit in any order; at least one.

    Attributes
    ----------
    positions_mm
        Arc length of each level's posterior margin, by name.

    Raises
    ------
    ValueError
        If there is no level.
    """

    def __init__(self, levels: Iterable[Level]) -> None:
        ordered = _cranial_to_caudal(list(levels))
        if not ordered:
            raise ValueError("a posterior wall needs at least one level")
        margins = np.array([level.posterior_margin_lps_mm for level in ordered])
        tangents = -np.array([level.axes_lps[:, 2] for level in ordered])
        curve = _hermite(margins, tangents)
        lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
        nearest = [int(np.argmin(np.linalg.norm(curve - margin, axis=1))) for margin in margins]
        self._curve = curve
        self._lengths = lengths - lengths[nearest[0]]
        self._left = _interpolated(lengths, lengths[nearest], np.array([level.axes_lps[:, 0] for level in ordered]))
        tangent = np.gradient(curve, axis=0)
        self._tangent = tangent / np.linalg.norm(tangent, axis=1, keepdims=True)
        back = np.cross(self._left, self._tangent)
        toward = np.array([level.axes_lps[:, 1] for level in ordered]).mean(axis=0)
        back *= np.where(back @ toward < 0, -1.0, 1.0)[:, None]
        self._back = back / np.linalg.norm(back, axis=1, keepdims=True)
        self._tree = KDTree(curve)
        self.positions_mm = {level.name: float(self._lengths[i]) for level, i in zip(ordered, nearest, strict=True)}

    def coordinates(self, lps: Points) -> WallCoordinates:
        """Where points of shape (n, 3) in LPS mm lie relative to the wall.

        The lateral offset is left out of the search for the nearest point, so that a place keeps its level however
        far it lies from the midline.
        """
        start = self._tree.query(lps)[1]
        lateral = np.einsum("ij,ij->i", lps - self._curve[start], self._left[start])
        nearest = self._tree.query(lps - lateral[:, None] * self._left[start])[1]
        offset = lps - self._curve[nearest]
        return WallCoordinates(
            along=self._lengths[nearest] + np.einsum("ij,ij->i", offset, self._tangent[nearest]),
            behind=np.einsum("ij,ij->i", offset, self._back[nearest]),
            lateral=np.einsum("ij,ij->i", offset, self._left[nearest]),
        )


def _cranial_to_caudal(levels: list[Level]) -> list[Level]:
    if len(levels) < 2:
        return levels
    down = -np.mean([level.axes_lps[:, 2] for level in levels], axis=0)
    return sorted(levels, key=lambda level: float(level.posterior_margin_lps_mm @ down))


def _hermite(points: Points, tangents: Points) -> Points:
    """Cubic Hermite curve through ``points`` with unit ``tangents``, prolonged straight at both ends."""
    reach = np.linspace(0.0, EXTENSION_MM, int(EXTENSION_MM / STEP_MM) + 1)[1:, None]
    pieces = [points[:1] - reach[::-1] * tangents[:1]]
    for p, q, a, b in zip(points, points[1:], tangents, tangents[1:], strict=False):
        length = float(np.linalg.norm(q - p))
        t = np.linspace(0.0, 1.0, max(2, int(length / STEP_MM)), endpoint=False)[:, None]
        pieces.append(
            (2 * t**3 - 3 * t**2 + 1) * p
            + (t**3 - 2 * t**2 + t) * length * a
            + (3 * t**2 - 2 * t**3) * q
            + (t**3 - t**2) * length * b
        )
    pieces += [points[-1:], points[-1:] + reach * tangents[-1:]]
    return np.concatenate(pieces)


def _interpolated(at: NDArray[np.float64], known: NDArray[np.float64], vectors: Points) -> Points:
    columns = [np.interp(at, known, vectors[:, axis]) for axis in range(3)]
    blended = np.stack(columns, axis=1)
    return np.asarray(blended / np.linalg.norm(blended, axis=1, keepdims=True))
