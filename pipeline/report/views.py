"""The slice viewer's content: both visits on one grid, with outlines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from pipeline.comparison import Comparison
from pipeline.dicom.visit import Plane, Role, Series
from pipeline.report.outline import outline_path
from pipeline.report.picture import central, coarser, data_uri, to_grey, window
from pipeline.report.plane import MARKS, ROLES, Side, grid_through, main_series, sides, volumes_of
from pipeline.report.resample import Grid, resample, resample_stacks
from pipeline.segmentation.anatomy import SeriesSegmentation, Structure

FIELD_MM: Mapping[Plane, tuple[float, float]] = {Plane.SAGITTAL: (130.0, 120.0), Plane.AXIAL: (90.0, 100.0)}
PRINTED_EVERY_MM = 4.0
STAIR_MM = 1.2
ROLE_NAMES: Mapping[Role, str] = {
    Role.SAGITTAL_T2: "Sagittal T2",
    Role.SAGITTAL_T1: "Sagittal T1",
    Role.SAGITTAL_T1_POST: "Sagittal T1 + contrast",
    Role.SAGITTAL_STIR: "Sagittal STIR",
    Role.AXIAL_T2: "Axial T2",
    Role.AXIAL_T1: "Axial T1",
    Role.AXIAL_T1_POST: "Axial T1 + contrast",
}
OUTLINED: Mapping[str, tuple[Structure, ...]] = {
    "disc": (Structure.DISC,),
    "canal": (Structure.CANAL,),
    "bone": (Structure.VERTEBRA, Structure.SACRUM),
}


@dataclass(frozen=True, eq=False)
class Encoding:
    """How pictures are packed: JPEG quality, and how many pixels are averaged each way."""

    quality: int = 90
    coarsen: int = 1
    all_series: bool = True


@dataclass(frozen=True, eq=False)
class View:
    """One plane of both visits, resampled and outlined, not yet packed.

    Attributes
    ----------
    grey
        By role, then by side: uint8 (slices, rows, columns); a side that lacks the role is missing.
    outlines
        By side, per slice: SVG path by ``"fragment"``, ``"disc"``, ``"canal"``, ``"bone"``.
    key
        The slice through the fragment.
    reformatted
        True when no series was acquired in this plane and the sagittal one is shown instead.
    carried_over
        True when disc, canal and bone are outlined by the labels of a series of another plane.
    """

    plane: Plane
    grid: Grid
    key: int
    grey: Mapping[Role, Mapping[str, NDArray[np.uint8]]]
    outlines: Mapping[str, tuple[Mapping[str, str], ...]]
    reformatted: bool
    carried_over: bool

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height."""
        _, row, column = self.grid.spacing_mm
        return float(column * self.grid.shape[2]), float(row * self.grid.shape[1])

    def printed(self) -> tuple[int, ...]:
        """Three slices about the key slice, about 4 mm apart: shown on paper and without scripts."""
        step = max(round(PRINTED_EVERY_MM / float(self.grid.spacing_mm[0])), 1)
        return tuple(i for i in (self.key - step, self.key, self.key + step) if 0 <= i < self.grid.shape[0])


def make_view(comparison: Comparison, plane: Plane) -> View | None:
    """Resample everything that is shown in ``plane``; None when a visit has no image at all to show there."""
    both = sides(comparison)
    roles = [r for r in ROLES[plane] if any(r in side.visit.series for side in both)]
    reformatted = not roles
    if reformatted:
        leading = [main_series(side, Plane.SAGITTAL) for side in both]
        roles = list(dict.fromkeys(series.role for series in leading if series is not None))
    if not roles:
        return None
    first = next((s.role for side in both if (s := main_series(side, plane)) is not None), roles[0])
    roles.sort(key=lambda role: role is not first)
    grid, key = grid_through(comparison, both, plane, FIELD_MM[plane], comparison.config.report.picture_pixel_mm)
    grey = {role: {side.name: _grey(side, role, grid) for side in both if role in side.visit.series} for role in roles}
    own = [_labelled_whole(side, plane) for side in both]
    if None in own:
        own = [None, None]  # both visits alike: labels of the same kind of series on either side
    outlines = {s.name: _outlines(s, _segmentation(s, o), grid) for s, o in zip(both, own, strict=True)}
    carried_over = plane is Plane.AXIAL and (None in own or any(map(_carried_labels, both)))
    return View(plane, grid, key, grey, outlines, reformatted, carried_over)


def _grey(side: Side, role: Role, grid: Grid) -> NDArray[np.uint8]:
    values = resample_stacks(volumes_of(side.visit.series[role]), side.to_halfway, grid)
    return to_grey(values, window(values, central(*grid.shape[1:])))


def _carried_labels(side: Side) -> bool:
    """Whether the labels of axial series were not made on them, but carried over from a sagittal series."""
    return any(finding.code == "axial-labels-carried-over" for finding in side.anatomy.findings)


def _labelled_whole(side: Side, plane: Plane) -> Series | None:
    """The leading series of this plane if its labels cover all of it, every tilted block."""
    series = main_series(side, plane)
    if series is None or series.role not in side.anatomy.segmentations:
        return None
    return series if len(series.stacks) == 1 + len(side.anatomy.segmentations[series.role].blocks) else None


def _segmentation(side: Side, own: Series | None) -> SeriesSegmentation | None:
    """Labels to draw: of the series given, else of the measured one, else of that which named the levels."""
    wanted = (own.role if own is not None else side.measured, side.measured, side.anatomy.reference)
    return next((side.anatomy.segmentations[r] for r in wanted if r in side.anatomy.segmentations), None)


def _outlines(side: Side, segmentation: SeriesSegmentation | None, grid: Grid) -> tuple[Mapping[str, str], ...]:
    masks: dict[str, NDArray[np.float32]] = {}
    # What does not exceed the limit of blank is not a fragment, and is not drawn as one.
    if side.centroid is not None:
        masks["fragment"] = resample(side.occupancy, side.to_halfway, grid, outside=0.0)
    if segmentation is not None:
        blocks = tuple(one.labels for one in (segmentation, *segmentation.blocks))
        for name, structures in OUTLINED.items():
            filled = tuple(one.with_array(np.isin(one.array, structures).astype(np.float32)) for one in blocks)
            mask = np.nan_to_num(resample_stacks(filled, side.to_halfway, grid))
            masks[name] = _smooth(mask, segmentation, grid)
    pixel = float(grid.spacing_mm[1])
    # A fragment thinner than the slices never fills half a voxel; its outline then runs at half its own maximum.
    top = float(masks["fragment"].max()) if "fragment" in masks else 1.0
    levels = {"fragment": min(0.5, max(top / 2, 0.05))}
    return tuple(
        {name: path for name, m in masks.items() if (path := outline_path(m[i], pixel, levels.get(name, 0.5)))}
        for i in range(grid.shape[0])
    )


def _smooth(mask: NDArray[np.float32], segmentation: SeriesSegmentation, grid: Grid) -> NDArray[np.float32]:
    """A mask without the stairs that thick slices leave when they are cut across their own plane."""
    labels = segmentation.labels
    across = abs(labels.axes_lps[:, int(np.argmax(labels.spacing_mm))] @ grid.affine[:3, 0]) / grid.spacing_mm[0]
    if across > 0.8:
        return mask
    sigma = STAIR_MM / float(grid.spacing_mm[1])
    return np.asarray(gaussian_filter(mask, (0.0, sigma, sigma)), dtype=np.float32)


def offset_in_words(view: View, index: int) -> str:
    """``4.4 mm left of the centre`` of the fragment, or of the disc when there is none."""
    mm = (index - view.key) * float(view.grid.spacing_mm[0])
    if abs(mm) < 0.05:
        return "through the centre"
    towards = {Plane.SAGITTAL: ("right", "left"), Plane.AXIAL: ("cranial", "caudal")}[view.plane][mm > 0]
    return f"{abs(mm):.1f} mm {towards} of the centre"


def packed(view: View, encoding: Encoding) -> dict[str, object]:
    """``view`` as plain values for the page's template."""
    roles = list(view.grey) if encoding.all_series else list(view.grey)[:1]
    width, height = view.size_mm
    printed = view.printed()

    def side(name: str, index: int) -> dict[str, object]:
        pictures = {
            role.value: data_uri(coarser(view.grey[role][name][index], encoding.coarsen), encoding.quality)
            for role in roles
            if name in view.grey[role]
        }
        return {"name": name, "pictures": pictures, "outlines": view.outlines[name][index]}

    return {
        "plane": view.plane.value,
        "marks": MARKS[view.plane],
        "width": round(width, 2),
        "height": round(height, 2),
        "roles": [{"key": role.value, "name": ROLE_NAMES[role]} for role in roles],
        "missing": {role.value: [n for n in view.outlines if n not in view.grey[role]] for role in roles},
        "reformatted": view.reformatted,
        "carried_over": view.carried_over,
        "fragment_drawn": any("fragment" in paths for slices in view.outlines.values() for paths in slices),
        "key": view.key,
        "pitch": float(view.grid.spacing_mm[0]),
        "slices": [
            {
                "number": i + 1,
                "where": offset_in_words(view, i),
                "printed": i in printed,
                "sides": [side("baseline", i), side("followup", i)],
            }
            for i in range(view.grid.shape[0])
        ],
    }
