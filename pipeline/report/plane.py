"""Which planes to show: grids in the half-way space, laid alike through both visits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from pipeline.comparison import Comparison
from pipeline.dicom.visit import Plane, Role, Series, Visit
from pipeline.report.resample import Grid
from pipeline.segmentation.anatomy import Anatomy
from pipeline.volume import Affine, Volume

Vector = NDArray[np.float64]

# Columns: direction of growing slice, row and column index. Sagittal shows anterior on the left, axial the patient's
# right on the left: the way a radiologist hangs them.
HANGING: Mapping[Plane, NDArray[np.float64]] = {
    Plane.SAGITTAL: np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    Plane.AXIAL: np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]]),
}
MARKS: Mapping[Plane, Mapping[str, str]] = {
    Plane.SAGITTAL: {"left": "A", "right": "P", "top": "H", "bottom": "F"},
    Plane.AXIAL: {"left": "R", "right": "L", "top": "A", "bottom": "P"},
}
ROLES: Mapping[Plane, tuple[Role, ...]] = {
    Plane.SAGITTAL: (Role.SAGITTAL_T2, Role.SAGITTAL_T1, Role.SAGITTAL_T1_POST, Role.SAGITTAL_STIR),
    Plane.AXIAL: (Role.AXIAL_T2, Role.AXIAL_T1, Role.AXIAL_T1_POST),
}
REACH_MM: Mapping[Plane, float] = {Plane.SAGITTAL: 26.0, Plane.AXIAL: 28.0}
FINEST_PITCH_MM = 1.5


@dataclass(frozen=True, eq=False)
class Side:
    """One visit as the report sees it.

    Attributes
    ----------
    name
        ``"baseline"`` or ``"followup"``.
    to_halfway
        (4, 4): maps this visit's LPS mm to the half-way space.
    occupancy
        The fragment on its native grid.
    centroid
        Of the fragment in this visit's LPS mm; None when absent.
    """

    name: str
    visit: Visit
    anatomy: Anatomy
    to_halfway: Affine
    occupancy: Volume
    measured: Role
    centroid: tuple[float, float, float] | None

    def halfway(self, lps: Vector) -> Vector:
        """A point of this visit in the half-way space."""
        return np.asarray(self.to_halfway[:3, :3] @ np.asarray(lps, float) + self.to_halfway[:3, 3])


def sides(comparison: Comparison) -> tuple[Side, Side]:
    """Both visits; from here on no code knows which is which."""
    change, alignment = comparison.change, comparison.alignment
    parts = (
        ("baseline", comparison.baseline, comparison.baseline_anatomy, alignment.baseline_to_halfway, change.baseline),
        ("followup", comparison.followup, comparison.followup_anatomy, alignment.followup_to_halfway, change.followup),
    )
    first, second = (Side(n, v, a, t, m.occupancy, m.role, m.centroid_lps_mm) for n, v, a, t, m in parts)
    return first, second


def main_series(side: Side, plane: Plane) -> Series | None:
    """The series of this plane that leads: the measured one, else the one that named the levels, else the first."""
    wanted = (side.measured, side.anatomy.reference, *ROLES[plane])
    return next((side.visit.series[r] for r in wanted if r.plane is plane and r in side.visit.series), None)


def hanging_axes(volume: Volume, plane: Plane) -> NDArray[np.float64]:
    """The axes of a volume, reordered and turned about so that they come closest to the usual hanging."""
    likeness = HANGING[plane].T @ volume.axes_lps
    _, order = linear_sum_assignment(-np.abs(likeness))
    signs = np.sign(likeness[np.arange(3), order])
    return np.asarray(volume.axes_lps[:, order] * signs)


def mean_axes(axes: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The rotation nearest to several (least squares): the polar factor of their sum."""
    u, _, vt = np.linalg.svd(np.sum(axes, axis=0))
    return np.asarray(u @ vt)


def focus(comparison: Comparison, both: tuple[Side, Side]) -> tuple[Vector, Vector]:
    """Two points of the half-way space: the fragment (else the disc's posterior margin), and that margin.

    When a visit lacks the level, the other speaks for both; when both do, the middle of the image.
    """
    margins = [
        side.halfway(side.anatomy.levels[comparison.level].posterior_margin_lps_mm)
        for side in both
        if comparison.level in side.anatomy.levels
    ]
    if not margins:
        margins = [s.halfway(s.occupancy.to_lps((np.array(s.occupancy.shape) - 1) / 2)) for s in both]
    margin = np.mean(margins, axis=0)
    fragments = [side.halfway(np.array(side.centroid)) for side in both if side.centroid is not None]
    return (fragments[0] if fragments else margin), margin


def volumes_of(series: Series) -> tuple[Volume, ...]:
    """All stacks of a series."""
    return tuple(stack.volume for stack in series.stacks)


def _axes(both: tuple[Side, Side], level: str, plane: Plane) -> NDArray[np.float64]:
    """Mean axes of the series of that plane, else of the disc itself."""
    found = []
    for side in both:
        series, turn = main_series(side, plane), side.to_halfway[:3, :3]
        if series is not None:
            found.append(turn @ hanging_axes(_nearest(side, series, level), plane))
    if not found:
        for side in both:
            if level in side.anatomy.levels:
                left, posterior, cranial = (side.to_halfway[:3, :3] @ side.anatomy.levels[level].axes_lps).T
                found.append(np.stack([left, posterior, cranial], axis=1) @ HANGING[plane])
    return mean_axes(found) if found else HANGING[plane]


def _nearest(side: Side, series: Series, level: str) -> Volume:
    """Of several tilted blocks, the one whose middle lies nearest to the level."""
    if level not in side.anatomy.levels:
        return series.volume
    centre = side.anatomy.levels[level].centre_lps_mm
    return min(volumes_of(series), key=lambda v: float(np.linalg.norm(v.to_lps((np.array(v.shape) - 1) / 2) - centre)))


def _pitch(both: tuple[Side, Side], plane: Plane, axes: NDArray[np.float64]) -> float:
    """Mean distance of slices along the first of ``axes``; 4 mm when no series lies in that plane."""
    pitches = []
    for side in both:
        series = main_series(side, plane)
        if series is not None:
            steps = (side.to_halfway[:3, :3] @ series.volume.affine[:3, :3]).T @ axes[:, 0]
            pitches.append(float(np.abs(steps).max()))
    return max(float(np.mean(pitches)), FINEST_PITCH_MM) if pitches else 4.0


def _reach(both: tuple[Side, Side], plane: Plane, axis: Vector, origin: Vector) -> tuple[float, float]:
    """How far the images of either visit reach along ``axis`` from ``origin`` in mm, at most :data:`REACH_MM`."""
    ends = []
    for side in both:
        series = main_series(side, plane) or main_series(side, Plane.SAGITTAL)
        for volume in volumes_of(series) if series is not None else (side.occupancy,):
            half = (np.array(volume.shape) - 1) / 2
            for axis_number in range(3):
                step = np.zeros(3)
                step[axis_number] = half[axis_number]
                # Only along the array axis that runs with the slices: corners would add the in-plane extent.
                if abs((side.to_halfway[:3, :3] @ volume.axes_lps[:, axis_number]) @ axis) > 0.8:
                    ends += [float((side.halfway(volume.to_lps(half + s * step)) - origin) @ axis) for s in (-1, 1)]
    limit = REACH_MM[plane]
    return (max(min(ends), -limit), min(max(ends), limit)) if ends else (-limit, limit)


def grid_through(
    comparison: Comparison, both: tuple[Side, Side], plane: Plane, field_mm: tuple[float, float], pixel_mm: float
) -> tuple[Grid, int]:
    """A grid through the fragment, in the half-way space.

    Parameters
    ----------
    comparison, both
        What is shown.
    plane
        Sagittal or axial.
    field_mm
        Height and width shown in mm.
    pixel_mm
        Size of a pixel of the picture in mm.

    Returns
    -------
    Grid
        Its slice pitch is the mean of both visits'.
    int
        The slice that runs through the fragment.
    """
    axes = _axes(both, comparison.level, plane)
    centre, margin = focus(comparison, both)
    pitch = _pitch(both, plane, axes)
    low, high = _reach(both, plane, axes[:, 0], centre)
    before, after = int(max(-low, 0) // pitch), int(max(high, 0) // pitch)
    # In-plane the disc's margin is the centre, so that pictures of two comparisons of one patient look alike.
    rows, columns = (max(round(mm / pixel_mm), 8) for mm in field_mm)
    middle = margin + axes[:, 0] * ((centre - margin) @ axes[:, 0])
    if plane is Plane.SAGITTAL:
        middle = middle + axes[:, 2] * -0.08 * field_mm[1]
    affine = np.eye(4)
    affine[:3, :3] = axes * np.array([pitch, pixel_mm, pixel_mm])
    affine[:3, 3] = middle - affine[:3, :3] @ np.array([before, (rows - 1) / 2, (columns - 1) / 2])
    return Grid(affine, (before + after + 1, rows, columns)), before
