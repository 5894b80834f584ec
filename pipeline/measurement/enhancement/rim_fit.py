"""How thick the enhancing layer is along each normal: a layer model seen through the series' own resolution.

What contrast medium added along a normal of the outline is a step from the core's value to the rim's and from there to
the surroundings', both blurred by the point spread and by how the surface slants through the slice. A rim of 0.8 mm is
little more than a pixel wide: its width and its height can hardly be told apart in one profile. The height belongs to
the tissue and not to the place, so it is taken to be the same everywhere, found from all profiles together, and the
thickness follows from it place by place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.measurement.enhancement.point_spread import PointSpread

Floats = NDArray[np.float64]

OFFSETS_MM: Floats = np.arange(-2.5, 6.01, 0.25)
"""Where profiles are sampled: distances from the outline, positive outwards."""
SHIFTS_MM: Floats = np.arange(-1.2, 1.21, 0.2)
THICKNESSES_MM: Floats = np.arange(0.0, 4.61, 0.1)
SHIFT_SD_MM = 0.5
"""By how much the true border may lie off the outline."""
HEIGHTS: Floats = np.geomspace(0.4, 3.6, 23)
"""Signal that a rim gains, relative to the fragment's own before contrast medium."""
HEIGHT_PRIOR = (1.3, 0.4)
"""Typical gain and its spread on the log scale: granulation tissue more than doubles its signal on T1."""
MODEL_ERROR = 0.06
"""Misfit of the layer model itself, relative to the fragment's own signal."""
_BLURS = np.array([0.0, 0.6, 1.2, 1.8, 2.4, 3.0, 3.6, 4.4])
_DIRECTIONS = np.deg2rad(np.array([0.0, 22.5, 45.0, 67.5, 90.0]))
_CORRELATED_MM = 0.7
NEIGHBOURS = 0.3
"""Profiles lie half a millimetre apart: about three share their pixels."""


@dataclass(frozen=True, eq=False)
class Profiles:
    """What contrast medium added along the normals.

    Attributes
    ----------
    values
        Shape (n, m): added signal at :data:`OFFSETS_MM`, in units of the fragment's own signal before contrast medium.
    weights
        Shape (n, m), 0…1: 0 where a sample lies in bone, disc, or on the fragment's other side.
    normals
        Shape (n, 2).
    blurs_mm
        Shape (n,): sideways travel of the surface through the slice.
    noise
        Standard deviation of one sample.
    core
        Added signal of the fragment's core.
    outside
        What the surroundings are expected to show, and the standard deviation of that.
    """

    values: Floats
    weights: Floats
    normals: Floats
    blurs_mm: Floats
    noise: float
    core: float
    outside: tuple[float, float]

    def only(self, chosen: NDArray[np.generic]) -> Profiles:
        """The chosen profiles, by mask or index."""
        return Profiles(
            self.values[chosen],
            self.weights[chosen],
            self.normals[chosen],
            self.blurs_mm[chosen],
            self.noise,
            self.core,
            self.outside,
        )


class LayerModel:
    """Templates of the layer for every direction and slant, for one series."""

    def __init__(self, spread: PointSpread) -> None:
        self._spread = spread
        self._known: dict[tuple[int, int], tuple[Floats, Floats, Floats]] = {}
        self.shifts, self.thicknesses = (part.ravel() for part in np.meshgrid(SHIFTS_MM, THICKNESSES_MM, indexing="ij"))

    def templates(self, direction: int, blur: int) -> tuple[Floats, Floats, Floats]:
        """Core, rim and surroundings, shape (candidates, m) each."""
        key = direction, blur
        if key not in self._known:
            angle = _DIRECTIONS[direction]
            fine = np.arange(-10.0, 10.01, 0.05)
            edge = self._spread.edge(fine, (float(np.cos(angle)), float(np.sin(angle))), float(_BLURS[blur]))
            at = OFFSETS_MM[None, :] - self.shifts[:, None]
            inner = np.interp(at, fine, edge)
            outer = np.interp(at - self.thicknesses[:, None], fine, edge)
            self._known[key] = 1.0 - inner, inner - outer, outer
        return self._known[key]

    def groups(self, profiles: Profiles) -> list[tuple[int, int, NDArray[np.intp]]]:
        """Profiles of like direction and slant."""
        angle = np.arctan2(np.abs(profiles.normals[:, 1]), np.abs(profiles.normals[:, 0]))
        direction = np.abs(angle[:, None] - _DIRECTIONS).argmin(axis=1)
        blur = np.abs(profiles.blurs_mm[:, None] - _BLURS).argmin(axis=1)
        key = direction * len(_BLURS) + blur
        return [(int(k) // len(_BLURS), int(k) % len(_BLURS), np.flatnonzero(key == k)) for k in np.unique(key)]

    def costs(self, profiles: Profiles, height: float) -> Floats:
        """Misfit of every candidate (shift, thickness) to every profile: shape (n, candidates)."""
        sd = float(np.hypot(profiles.noise, MODEL_ERROR))
        usual, outside_sd = profiles.outside
        out = np.empty((len(profiles.values), len(self.shifts)))
        for direction, blur, own in self.groups(profiles):
            core, rim, outer = self.templates(direction, blur)
            known = profiles.core * core + height * rim + usual * outer
            y, w = profiles.values[own], profiles.weights[own]
            # Σ w (y − known − B·outer)² with B, what is unusual about the surroundings, eliminated and kept small.
            square = (w * y**2).sum(axis=1)[:, None] - 2 * (w * y) @ known.T + w @ (known**2).T
            cross = (w * y) @ outer.T - w @ (known * outer).T
            norm = w @ (outer**2).T + (sd / outside_sd) ** 2
            out[own] = square - cross**2 / norm
        out *= 0.25 / _CORRELATED_MM / sd**2
        return out + (self.shifts / SHIFT_SD_MM) ** 2

    def by_height(self, profiles: Profiles) -> tuple[Floats, Floats]:
        """Least cost and mean thickness of the layer along every profile, for every tried height.

        Returns
        -------
        Two arrays of shape (n, heights). Neighbouring profiles share pixels: costs are scaled so that a few per
        millimetre count as one. The thickness is the mean of the candidates by how likely they are.
        """
        least, layers = (np.empty((len(profiles.values), len(HEIGHTS))) for _ in range(2))
        for n, height in enumerate(HEIGHTS):
            cost = self.costs(profiles, float(height))
            least[:, n] = cost.min(axis=1)
            likely = np.exp(-0.5 * (cost - least[:, n, None]))
            layers[:, n] = (likely @ self.thicknesses) / likely.sum(axis=1)
        return least * NEIGHBOURS, layers

    @staticmethod
    def prior() -> Floats:
        """Cost of every height before anything was seen."""
        return np.asarray((np.log(HEIGHTS / HEIGHT_PRIOR[0]) / HEIGHT_PRIOR[1]) ** 2)
