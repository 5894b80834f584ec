"""The curve of the spine: where bodies and discs lie, and the coordinates along the posterior wall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_splprep
from scipy.spatial import cKDTree

from pipeline.phantom.anatomy.grid import Float32, Grid
from pipeline.phantom.anatomy.spec import SpineSpec

Float64 = NDArray[np.float64]
_SAMPLE_MM = 0.5
_SCOLIOSIS_WAVELENGTH_MM = 280.0


@dataclass(frozen=True, eq=False)
class SpineCurve:
    """The spine's course in the sagittal plane; all points are (y, z) in LPS mm.

    Attributes
    ----------
    centres, down, back
        (n, 2) body centres, unit vectors towards caudal, and towards posterior.
    disc_centres, disc_down, disc_back
        (n - 1, 2) the same of the discs.
    wall, wall_tangent, arc
        (m, 2) samples of the posterior wall from cranial to caudal, their tangents, and their arc length in mm.
    body_arc, disc_arc
        Arc length of the wall next to each body and disc.
    spec
        What it was made from.
    """

    centres: Float64
    down: Float64
    back: Float64
    disc_centres: Float64
    disc_down: Float64
    disc_back: Float64
    wall: Float64
    wall_tangent: Float64
    arc: Float64
    body_arc: Float64
    disc_arc: Float64
    spec: SpineSpec

    def lateral(self, z: NDArray[np.floating]) -> Float64:
        """Lateral position of the spine's middle at height z (scoliosis), mm."""
        phase = 2 * np.pi * np.asarray(z, np.float64) / _SCOLIOSIS_WAVELENGTH_MM
        zero = np.sin(self.spec.scoliosis_phase)
        return np.asarray(self.spec.scoliosis_mm * (np.sin(phase + self.spec.scoliosis_phase) - zero))

    def level(self, arc: NDArray[np.floating]) -> Float64:
        """Arc length to body index: 3.0 is the middle of body 3, 3.5 the disc below it."""
        n = len(self.body_arc)
        knots = np.empty(2 * n - 1)
        knots[0::2], knots[1::2] = self.body_arc, self.disc_arc
        index = np.arange(2 * n - 1) / 2
        pitch = 2 * np.diff(knots)
        before = np.minimum(np.asarray(arc) - knots[0], 0) / pitch[0]
        after = np.maximum(np.asarray(arc) - knots[-1], 0) / pitch[-1]
        return np.asarray(np.interp(arc, knots, index) + before + after)

    def point_lps(self, yz: Float64) -> tuple[float, float, float]:
        """A point of the mid-sagittal sheet in LPS mm."""
        return float(self.lateral(yz[1])), float(yz[0]), float(yz[1])


def _chain(spec: SpineSpec) -> tuple[Float64, Float64, Float64, Float64]:
    angles = np.deg2rad(spec.angles_deg)
    down = np.stack([np.sin(angles), -np.cos(angles)], axis=1)
    back = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    centres = np.zeros((len(angles), 2))
    discs = np.zeros((len(angles) - 1, 2))
    for i in range(len(angles) - 1):
        disc_down = down[i] + down[i + 1]
        disc_down /= np.linalg.norm(disc_down)
        below = centres[i] + down[i] * spec.heights_mm[i] / 2
        discs[i] = below + disc_down * spec.disc_heights_mm[i] / 2
        top = below + disc_down * spec.disc_heights_mm[i] + back[i] * spec.listhesis_mm[i]
        # Discs are wedges: with a tilt between the bodies the endplates would meet unless both stand off a little.
        centres[i + 1] = top + down[i + 1] * spec.heights_mm[i + 1] / 2
    reference = centres[spec.names.index("L3")].copy()
    return centres - reference, discs - reference, down, back


def _wall(spec: SpineSpec, centres: Float64, down: Float64, back: Float64) -> Float64:
    points = []
    for i, height in enumerate(spec.heights_mm):
        middle = centres[i] + back[i] * spec.depths_mm[i] / 2
        points += [middle - down[i] * 0.36 * height, middle + down[i] * 0.36 * height]
    corners = np.array(points)
    # One point per body and per disc: discs smooth over small steps between neighbouring bodies.
    corners = np.concatenate([[corners[0]], (corners[1:] + corners[:-1]) / 2, [corners[-1]]])
    spline, _ = make_splprep(list(corners.T), s=len(corners) * 0.35, k=3)
    curve = np.asarray(spline(np.linspace(0, 1, 600)), dtype=np.float64).T
    head = curve[0] + (curve[0] - curve[6]) / np.linalg.norm(curve[0] - curve[6]) * np.arange(120, 0, -1)[:, None]
    tail = curve[-1] + (curve[-1] - curve[-7]) / np.linalg.norm(curve[-1] - curve[-7]) * np.arange(1, 61)[:, None]
    curve = np.concatenate([head, curve, tail])
    arc = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    even = np.arange(0, arc[-1], _SAMPLE_MM)
    return np.stack([np.interp(even, arc, curve[:, k]) for k in (0, 1)], axis=1)


def make_curve(spec: SpineSpec) -> SpineCurve:
    """Chain bodies and discs along the lordosis, and lay the posterior wall behind them."""
    centres, discs, down, back = _chain(spec)
    wall = _wall(spec, centres, down, back)
    tangent = np.asarray(np.gradient(wall, axis=0), dtype=np.float64)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    arc = np.arange(len(wall), dtype=np.float64) * _SAMPLE_MM
    disc_down = down[:-1] + down[1:]
    disc_down /= np.linalg.norm(disc_down, axis=1, keepdims=True)
    disc_back = np.stack([-disc_down[:, 1], disc_down[:, 0]], axis=1)
    tree = cKDTree(wall)
    depth = np.array(spec.depths_mm)
    body_arc: Float64 = arc[tree.query(centres + back * depth[:, None] / 2)[1]]
    between = (depth[:-1] + depth[1:])[:, None] / 4
    disc_arc: Float64 = arc[tree.query(discs + disc_back * between)[1]]
    return SpineCurve(centres, down, back, discs, disc_down, disc_back, wall, tangent, arc, body_arc, disc_arc, spec)


@dataclass(frozen=True, eq=False)
class WallCoordinates:
    """Coordinates along the posterior wall for every (row, column) of a grid.

    Attributes
    ----------
    arc, depth, level
        (rows, columns) float32: arc length s (mm, caudal), distance d behind the wall (mm), body index.
    offset
        (rows,) float32: x of the spine's middle, so that the lateral coordinate is w = x - offset.
    """

    arc: Float32
    depth: Float32
    level: Float32
    offset: Float32


def wall_coordinates(curve: SpineCurve, grid: Grid) -> WallCoordinates:
    """Evaluate the posterior wall's coordinates on a grid."""
    z, y = np.meshgrid(grid.z, grid.y, indexing="ij")
    points = np.stack([y, z], axis=-1).reshape(-1, 2).astype(np.float64)
    _, nearest = cKDTree(curve.wall).query(points)
    delta = points - curve.wall[nearest]
    tangent = curve.wall_tangent[nearest]
    along = (delta * tangent).sum(axis=1).clip(-2 * _SAMPLE_MM, 2 * _SAMPLE_MM)
    # The posterior normal is the caudal tangent turned by 90 degrees: (y, z) -> (-z, y).
    depth = delta[:, 0] * -tangent[:, 1] + delta[:, 1] * tangent[:, 0]
    arc = curve.arc[nearest] + along
    shape = z.shape
    return WallCoordinates(
        arc.reshape(shape).astype(np.float32),
        depth.reshape(shape).astype(np.float32),
        curve.level(arc).reshape(shape).astype(np.float32),
        curve.lateral(grid.z).astype(np.float32),
    )
