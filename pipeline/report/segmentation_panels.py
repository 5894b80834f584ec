"""Which native slices the picture of a segmentation shows, with their outlines and names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from pipeline.dicom.visit import Plane, Role
from pipeline.report.levels import beside_spine, naming_grid
from pipeline.report.outline import outline_rings
from pipeline.report.picture import central, to_grey, window
from pipeline.report.plane import MARKS, hanging_axes
from pipeline.report.resample import Grid
from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation, Structure
from pipeline.segmentation.blocks import from_middle_mm, labelled_blocks
from pipeline.segmented import SegmentedVisit
from pipeline.volume import Volume

PIXEL_MM = 0.36
ASIDE_MM = 9.0
"""How far from the middle the slices lie that show recesses and foramina."""
AXIAL_FIELD_MM = (92.0, 104.0)
AXIAL_PANELS = 3
AXIAL_WHITE_PERCENTILE = 95.0
"""Cerebrospinal fluid and fat are much of an axial picture, and would leave its disc black."""
SMOOTH_MM = 0.45
SMALLEST_MM2 = 2.0

Rings = tuple[NDArray[np.float64], ...]


@dataclass(frozen=True, eq=False)
class Panel:
    """One native slice.

    Attributes
    ----------
    grey
        uint8, shape (rows, columns), at :data:`PIXEL_MM`.
    outlines
        By structure: closed curves of (row, column). Empty where the image is shown alone.
    caption
        Where the slice lies.
    discs
        By level: row and column of the disc's front edge. Empty where names are not written.
    bodies
        By vertebra: row and column of the body's centre. Likewise.
    marks
        Directions in the patient by ``"left"``, ``"right"``, ``"top"``, ``"bottom"``.
    """

    grey: NDArray[np.uint8]
    outlines: Mapping[Structure, Rings]
    caption: str
    discs: Mapping[str, tuple[float, float]]
    bodies: Mapping[str, tuple[float, float]]
    marks: Mapping[str, str]


@dataclass(frozen=True)
class _Focus:
    """The level that the picture is about: that of the largest fragment, else the one asked for."""

    level: Level
    fragment: NDArray[np.float64] | None

    @property
    def point(self) -> NDArray[np.float64]:
        return self.level.posterior_margin_lps_mm if self.fragment is None else self.fragment


def _focus(result: SegmentedVisit) -> _Focus:
    present = {name: one.measurement for name, one in result.fragments.items() if one.measurement.present}
    largest = max(present, key=lambda name: present[name].volume_mm3, default=None)
    if largest is None or present[largest].centroid_lps_mm is None:
        return _Focus(result.anatomy.levels[result.level], None)
    return _Focus(result.anatomy.levels[largest], _fullest(present[largest].occupancy))


def _fullest(share: Volume) -> NDArray[np.float64]:
    """Middle, LPS in mm, of the slice that holds most; the centre of parts that lie apart may be in none of them."""
    number = int(share.array.sum(axis=(1, 2), dtype=np.float64).argmax())
    section = share.array[number].astype(np.float64)
    index = np.argwhere(section > 0)
    middle = np.average(index, axis=0, weights=section[tuple(index.T)])
    return np.asarray(share.to_lps(np.array([number, *middle])))


def panels(result: SegmentedVisit, role: Role) -> tuple[Panel, ...]:
    """The slices of one series that are shown, from left to right; none where it shows nothing of the levels."""
    blocks = labelled_blocks(result.visit.series[role], result.anatomy.segmentations[role])
    several = [_Slices(volume, labels, result.anatomy, role.plane) for volume, labels in blocks]
    focus = _focus(result)
    return _sagittal(several[0], focus) if role.plane is Plane.SAGITTAL else _axial(several, focus)


def _sagittal(slices: _Slices, focus: _Focus) -> tuple[Panel, ...]:
    """Middle, fragment and a recess; without a fragment the middle, plain and outlined, and both sides."""
    margin, left = focus.level.posterior_margin_lps_mm, focus.level.axes_lps[:, 0]
    middle = slices.nearest(margin)
    right_side, left_side = (slices.nearest(margin + sign * ASIDE_MM * left) for sign in (-1.0, 1.0))

    def where(number: int) -> str:
        if number == middle:
            return "midsagittal"
        mm = float((slices.centre(number) - slices.centre(middle)) @ left)
        return f"{abs(mm):.0f} mm {'left' if mm > 0 else 'right'}"

    through = middle if focus.fragment is None else slices.nearest(focus.point)
    if through == middle:
        wanted = [(middle, "plain"), (middle, "named"), (right_side, ""), (left_side, "")]
    else:
        other = left_side if (slices.centre(through) - slices.centre(middle)) @ left < 0 else right_side
        wanted = [(middle, "named"), (through, "plain"), (through, ""), (other, "")]
    return tuple(
        slices.panel(number, where(number), outlined=how != "plain", named=how == "named") for number, how in wanted
    )


def _axial(blocks: Sequence[_Slices], focus: _Focus) -> tuple[Panel, ...]:
    """The slice through the fragment or the disc, plain and outlined, and the nearest discs that the series reaches.

    Where blocks overlap, the place is shown in that to whose middle it lies nearest.
    """
    through = "fragment at " if focus.fragment is not None else ""
    here = focus.level.centre_lps_mm
    others = (one for one in blocks[0].anatomy.levels.values() if one is not focus.level)
    near = sorted(others, key=lambda one: float(np.linalg.norm(one.centre_lps_mm - here)))
    places = [(through + focus.level.name, focus.fragment if focus.fragment is not None else here)]
    places += [(one.name, one.centre_lps_mm) for one in near]
    shown: list[tuple[_Slices, int, str]] = []
    for name, place in places:
        reaching = [(number, one) for number, one in enumerate(blocks, start=1) if one.reaches(place)]
        if reaching and len(shown) < AXIAL_PANELS:
            number, best = min(reaching, key=lambda one: float(from_middle_mm(one[1].volume, place)[0]))
            shown.append((best, best.nearest(place), name if len(blocks) == 1 else f"{name}, block {number}"))
    if not shown:
        return ()
    slices, number, name = shown[0]
    first = slices.panel(number, name, outlined=False, named=False)
    return (first, *(one.panel(number, name, outlined=True, named=False) for one, number, name in shown))


class _Slices:
    """The native slices of one series with its label map."""

    def __init__(self, volume: Volume, segmentation: SeriesSegmentation, anatomy: Anatomy, plane: Plane) -> None:
        self.volume, self.anatomy, self.plane = volume, anatomy, plane
        self.labels = segmentation.labels
        self.axes = hanging_axes(volume, plane)
        self.along = int(np.argmax(np.abs(volume.axes_lps.T @ self.axes[:, 0])))

    def nearest(self, lps: NDArray[np.float64]) -> int:
        """Index of the slice nearest to a point."""
        index = float(self.volume.to_index(lps)[self.along])
        return int(np.clip(np.rint(index), 0, self.volume.shape[self.along] - 1))

    def reaches(self, lps: NDArray[np.float64]) -> bool:
        """Whether a point lies within the stack."""
        index = self.volume.to_index(lps)
        return bool(np.all((index > -1.0) & (index < self.volume.shape)))

    def centre(self, number: int) -> NDArray[np.float64]:
        """Middle of a slice in LPS mm."""
        index = (np.array(self.volume.shape, dtype=np.float64) - 1) / 2
        index[self.along] = number
        return self.volume.to_lps(index)

    def panel(self, number: int, where: str, *, outlined: bool, named: bool) -> Panel:
        """One slice as it is shown."""
        grid = self._grid(number)
        values = self._sampled(self.volume.array, number, grid)
        if self.plane is Plane.SAGITTAL:
            black_white = window(values, beside_spine(self.anatomy, grid))
        else:
            black_white = window(values, central(*grid.shape[1:]), AXIAL_WHITE_PERCENTILE)
        return Panel(
            grey=to_grey(values, black_white),
            outlines=self._outlines(number, grid) if outlined else {},
            caption=f"{where}, slice {number + 1} of {self.volume.shape[self.along]}",
            discs=self._front_edges(grid) if named else {},
            bodies=self._bodies(grid) if named else {},
            marks=MARKS[self.plane],
        )

    def _grid(self, number: int) -> Grid:
        if self.plane is Plane.SAGITTAL:
            return naming_grid(self.anatomy, self.volume, self.centre(number), PIXEL_MM)
        rows, columns = (round(mm / PIXEL_MM) for mm in AXIAL_FIELD_MM)
        centre = self.centre(number)
        levels = self.anatomy.levels.values()
        margin = min(
            (level.posterior_margin_lps_mm for level in levels),
            key=lambda point: abs(float((point - centre) @ self.axes[:, 0])),
        )
        middle = margin + self.axes[:, 0] * float((centre - margin) @ self.axes[:, 0])
        affine = np.eye(4)
        affine[:3, :3] = self.axes * np.array([1.0, PIXEL_MM, PIXEL_MM])
        affine[:3, 3] = middle - affine[:3, :3] @ np.array([0.0, (rows - 1) / 2, (columns - 1) / 2])
        return Grid(affine, (1, rows, columns))

    def _sampled(self, array: NDArray[np.generic], number: int, grid: Grid) -> NDArray[np.float32]:
        """Values of one native slice at the picture's pixels, linear within it; NaN beyond it."""
        steps = np.indices(grid.shape[1:]).astype(np.float64)
        lps = grid.affine[:3, 1:3] @ steps.reshape(2, -1) + grid.affine[:3, 3:]
        index = self.volume.to_index(lps.T).T
        outside = ((index < -0.5) | (index > np.array(self.volume.shape)[:, None] - 0.5)).any(axis=0)
        index[self.along] = 0.0
        slab = np.take(array, [number], axis=self.along).astype(np.float32)
        values = map_coordinates(slab, index, order=1, mode="nearest")
        values[outside] = np.nan
        return np.asarray(values.reshape(grid.shape[1:]), dtype=np.float32)

    def _outlines(self, number: int, grid: Grid) -> dict[Structure, Rings]:
        """Outlines found on the native pixels, where they are cheap, and laid on the picture's."""
        labels = np.take(self.labels.array, number, axis=self.along)
        across = [axis for axis in range(3) if axis != self.along]
        pixels = np.array(self.volume.spacing_mm)[across]
        found: dict[Structure, Rings] = {}
        for structure in Structure:
            if structure is Structure.BACKGROUND or not (labels == structure).any():
                continue
            soft = gaussian_filter((labels == structure).astype(np.float32), SMOOTH_MM / pixels)
            rings = outline_rings(soft, 0.5, SMALLEST_MM2 / float(pixels.prod()))
            found[structure] = tuple(self._on_picture(ring, number, across, grid) for ring in rings)
        return found

    def _on_picture(self, ring: NDArray[np.float64], number: int, across: list[int], grid: Grid) -> NDArray[np.float64]:
        """Points (n, 2) of a native slice as row and column of the picture."""
        index = np.full((len(ring), 3), float(number))
        index[:, across] = ring
        offset = self.volume.to_lps(index) - grid.affine[:3, 3]
        return np.asarray(np.linalg.solve(grid.affine[:3, :3], offset.T).T[:, 1:])

    def _front_edges(self, grid: Grid) -> dict[str, tuple[float, float]]:
        """Where each disc begins in front: as far before its centre as its posterior margin lies behind."""
        edges = {}
        for name, level in self.anatomy.levels.items():
            depth = float((level.posterior_margin_lps_mm - level.centre_lps_mm) @ level.axes_lps[:, 1])
            place = _place(level.centre_lps_mm - depth * level.axes_lps[:, 1], grid)
            if _within(place, grid):
                edges[name] = place
        return edges

    def _bodies(self, grid: Grid) -> dict[str, tuple[float, float]]:
        places = {name: _place(one.centre_lps_mm, grid) for name, one in self.anatomy.vertebrae.items()}
        return {name: place for name, place in places.items() if _within(place, grid)}


def _place(lps: NDArray[np.float64], grid: Grid) -> tuple[float, float]:
    _, row, column = grid.to_index(lps)
    return float(row), float(column)


def _within(place: tuple[float, float], grid: Grid) -> bool:
    return 0 <= place[0] < grid.shape[1] and 0 <= place[1] < grid.shape[2]
