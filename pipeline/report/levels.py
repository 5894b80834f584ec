"""The picture that shows how the levels were named: the reader must be able to count along."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dicom.visit import Plane
from pipeline.report.picture import coarser, data_uri, to_grey, window
from pipeline.report.plane import Side, hanging_axes, main_series
from pipeline.report.resample import Grid, resample
from pipeline.report.views import ROLE_NAMES, Encoding
from pipeline.segmentation.anatomy import Anatomy
from pipeline.volume import Volume

MARGIN_MM = {"above": 28.0, "below": 34.0, "front": 38.0, "behind": 50.0}
PIXEL_MM = 0.7
BESIDE_MM = 35.0


def naming_grid(
    anatomy: Anatomy, volume: Volume, through: NDArray[np.float64] | None, pixel_mm: float = PIXEL_MM
) -> Grid:
    """One native sagittal slice, the one nearest to ``through`` (LPS mm, else the middle), cropped to the named spine.

    The slice is not interpolated across slices: names are judged on what the scanner gave.
    """
    axes = hanging_axes(volume, Plane.SAGITTAL)
    points = [v.centre_lps_mm for v in anatomy.vertebrae.values()]
    points += [v.centre_lps_mm for v in anatomy.levels.values()]
    half = (np.array(volume.shape) - 1) / 2
    if through is None:
        through = volume.to_lps(half)
    along = int(np.argmax(np.abs(volume.axes_lps.T @ axes[:, 0])))
    index = half.copy()
    index[along] = np.clip(np.rint(volume.to_index(through)[along]), 0, volume.shape[along] - 1)
    centre = volume.to_lps(index)
    extent = (np.abs(axes[:, 1:].T @ volume.affine[:3, :3]) * half).max(1)
    seen = (np.array(points) - centre) @ axes[:, 1:] if points else np.zeros((1, 2))
    low = np.maximum(seen.min(0) - np.array([MARGIN_MM["above"], MARGIN_MM["front"]]), -extent)
    high = np.minimum(np.array([MARGIN_MM["below"], MARGIN_MM["behind"]]) + seen.max(0), extent)
    rows, columns = (max(int(n), 8) for n in (high - low) / pixel_mm)
    affine = np.eye(4)
    affine[:3, :3] = axes * np.array([1.0, pixel_mm, pixel_mm])
    affine[:3, 3] = centre + axes[:, 1:] @ low
    return Grid(affine, (1, rows, columns))


def beside_spine(anatomy: Anatomy, grid: Grid) -> NDArray[np.bool_] | None:
    """Pixels up to :data:`BESIDE_MM` in front of or behind the named vertebrae; None when none is named."""
    places = [grid.to_index(v.centre_lps_mm)[1:].tolist() for v in anatomy.vertebrae.values()]
    if not places:
        return None
    rows, columns = grid.shape[1:]
    spine = np.interp(np.arange(rows), *np.array(sorted(places)).T)
    return np.asarray(np.abs(np.arange(columns) - spine[:, None]) < BESIDE_MM / float(grid.spacing_mm[2]))


class Naming:
    """One visit's naming picture, resampled but not yet packed."""

    def __init__(self, side: Side, level: str) -> None:
        series = main_series(side, Plane.SAGITTAL)
        self.side, self.level, self.series = side, level, series
        if series is None:
            return
        named = side.anatomy.levels.get(level)
        self.grid = naming_grid(side.anatomy, series.volume, None if named is None else named.centre_lps_mm)
        values = resample(series.volume, np.eye(4), self.grid)
        self.grey = to_grey(values, window(values, beside_spine(side.anatomy, self.grid)))[0]

    def packed(self, encoding: Encoding) -> dict[str, Any] | None:
        """Plain values for the page's template; None when the visit has no sagittal series."""
        if self.series is None:
            return None
        height, width = (n * PIXEL_MM for n in self.grid.shape[1:])
        levels = [
            {
                "name": level.name,
                "confidence": level.confidence,
                "measured": level.name == self.level,
                "at": self._place(level.posterior_margin_lps_mm),
            }
            for level in self.side.anatomy.levels.values()
        ]
        vertebrae = [{"name": v.name, "at": self._place(v.centre_lps_mm)} for v in self.side.anatomy.vertebrae.values()]
        return {
            "name": self.side.name,
            "series": ROLE_NAMES.get(self.series.role, self.series.role.value),
            "picture": data_uri(coarser(self.grey, encoding.coarsen), encoding.quality),
            "width": round(width, 2),
            "height": round(height, 2),
            "levels": [v for v in levels if self._within(v["at"])],
            "vertebrae": [v for v in vertebrae if self._within(v["at"])],
        }

    def _place(self, lps: Any) -> tuple[float, float]:
        """Millimetres from the left and the upper edge of the picture."""
        _, row, column = self.grid.to_index(np.asarray(lps, float))
        return round(float(column + 0.5) * PIXEL_MM, 2), round(float(row + 0.5) * PIXEL_MM, 2)

    def _within(self, at: Any) -> bool:
        return bool(0 <= at[0] <= self.grid.shape[2] * PIXEL_MM and 0 <= at[1] <= self.grid.shape[1] * PIXEL_MM)
