"""The picture by which a reader judges the alignment: both visits on one slice, one over the other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.comparison import Comparison
from pipeline.dicom.visit import Plane
from pipeline.report.outline import outline_path
from pipeline.report.picture import central, checkerboard, coarser, data_uri, to_grey, window
from pipeline.report.plane import MARKS, Side, grid_through, main_series, sides
from pipeline.report.resample import resample
from pipeline.report.views import ROLE_NAMES, Encoding
from pipeline.segmentation.anatomy import Structure

FIELD_MM = (170.0, 130.0)
SQUARE_MM = 14.0
PIXEL_MM = 0.6
BEHIND_WALL_MM = 6.0
SACRUM_MM = 100.0


class Check:
    """Both visits' leading sagittal series on one slice of the half-way space."""

    def __init__(self, comparison: Comparison) -> None:
        both = sides(comparison)
        self.both = both
        self.series = [main_series(side, Plane.SAGITTAL) for side in both]
        self.complete = all(series is not None for series in self.series)
        if not self.complete:
            return
        whole, key = grid_through(comparison, both, Plane.SAGITTAL, FIELD_MM, PIXEL_MM)
        self.grid = whole.slice_only(key)
        self.grey = []
        for side, series in zip(both, self.series, strict=True):
            if series is not None:
                values = resample(series.volume, side.to_halfway, self.grid)
                self.grey.append(to_grey(values, window(values, central(*self.grid.shape[1:])))[0])
        self.bones = [self._bone(side) for side in both]

    def _bone(self, side: Side) -> str:
        series = main_series(side, Plane.SAGITTAL)
        segmentations = side.anatomy.segmentations
        role = series.role if series is not None and series.role in segmentations else side.anatomy.reference
        if role not in segmentations:
            return ""
        labels = segmentations[role].labels
        bone = np.isin(labels.array, (Structure.VERTEBRA, Structure.SACRUM))
        drawn = resample(labels.with_array(bone.astype(np.float32)), side.to_halfway, self.grid, outside=0.0)
        return outline_path(drawn[0] * self._before_canal(side), PIXEL_MM)

    def _before_canal(self, side: Side) -> NDArray[np.bool_]:
        """Pixels up to :data:`BEHIND_WALL_MM` behind the line through the discs' posterior margins.

        Bodies lie before it, spinous processes and the sacral crest behind: these are labelled less surely and would
        blur the judgement. Below the lowest disc the line runs on at right angles to that disc, along the sacrum.
        """
        levels = sorted(side.anatomy.levels.values(), key=lambda level: float(level.centre_lps_mm[2]))
        if not levels:
            return np.ones(self.grid.shape[1:], dtype=bool)
        below = levels[0].posterior_margin_lps_mm - SACRUM_MM * levels[0].axes_lps[:, 2]
        wall = [side.halfway(place) for place in (below, *(level.posterior_margin_lps_mm for level in levels))]
        places = np.array(sorted(self.grid.to_index(place)[1:].tolist() for place in wall))
        rows, columns = self.grid.shape[1:]
        edge = np.interp(np.arange(rows), *places.T) + BEHIND_WALL_MM / PIXEL_MM
        return np.asarray(np.arange(columns) < edge[:, None])

    def _corners(self) -> str:
        """Small crosses where squares meet: well-aligned visits give a picture in which no square is seen."""
        square = round(SQUARE_MM / PIXEL_MM) * PIXEL_MM
        rows, columns = (int(n * PIXEL_MM / square) for n in self.grid.shape[1:])
        return "".join(
            f"M{c * square - 1:.1f} {r * square:.1f}h2M{c * square:.1f} {r * square - 1:.1f}v2"
            for r in range(1, rows + 1)
            for c in range(1, columns + 1)
        )

    def packed(self, encoding: Encoding) -> dict[str, Any] | None:
        """Plain values for the page's template; None when a visit has no sagittal series."""
        if not self.complete:
            return None
        first, second = self.grey
        pictures = {
            "baseline": first,
            "followup": second,
            "checkerboard": checkerboard(first, second, round(SQUARE_MM / PIXEL_MM)),
        }
        return {
            "series": [ROLE_NAMES.get(s.role, s.role.value) for s in self.series if s is not None],
            "marks": MARKS[Plane.SAGITTAL],
            "width": round(self.grid.shape[2] * PIXEL_MM, 2),
            "height": round(self.grid.shape[1] * PIXEL_MM, 2),
            "pictures": {
                name: data_uri(coarser(grey, encoding.coarsen), encoding.quality) for name, grey in pictures.items()
            },
            "corners": self._corners(),
            "bones": {side.name: bone for side, bone in zip(self.both, self.bones, strict=True)},
        }
