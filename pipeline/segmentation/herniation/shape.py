"""Base and extent: whether material is anywhere wider than where it leaves its disc space.

Widths are sums of shares along a line and not distances between voxels: partial volume then gives them a finer step
than the pitch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.segmentation.herniation.landmarks import Landmarks
from pipeline.segmentation.herniation.material import Material
from pipeline.segmentation.herniation.terms import Plane

STEP_MM = 1.0
BASE_DEPTH_MM = 2.0
"""The base is the widest place within this distance behind the material's own front."""
SAGITTAL_TOLERANCE_MM = 3.0
"""By so much the extent must exceed the base in the sagittal plane: the error of two endplates."""
AXIAL_TOLERANCE_MM = 2.0
SLICE_TOLERANCE = 0.5
"""The same in the axial plane in slices, where they are thick."""
LEAST_WIDTH_MM = 2.0
PLANE_CELLS = 3
"""An axial plane is an average over this many cells: the rim of a shape cuts single ones obliquely."""


@dataclass(frozen=True)
class Shape:
    """Base and greatest extent in the plane where the extent exceeds the base most, against its tolerance.

    Attributes
    ----------
    plane, base_mm, extent_mm
        What decides.
    excess
        (extent − base) / tolerance: above 1.5 surely wider, below 0.5 surely not.
    width_mm
        Width from side to side at the disc's level.
    """

    plane: Plane
    base_mm: float
    extent_mm: float
    excess: float
    width_mm: float


def shape_of(material: Material, marks: Landmarks) -> Shape:
    """Measure base and extent in every sagittal plane, and in every axial plane through the disc space."""
    table = _Table.of(material)
    base, extent = _sagittal(table, marks)
    sagittal = Shape(Plane.SAGITTAL, base, extent, (extent - base) / SAGITTAL_TOLERANCE_MM, 0.0)
    base, extent, width = _axial(table, marks)
    tolerance = max(AXIAL_TOLERANCE_MM, SLICE_TOLERANCE * material.width_mm)
    axial = Shape(Plane.AXIAL, base, extent, (extent - base) / tolerance, 0.0)
    best = max(sagittal, axial, key=lambda one: one.excess)
    return Shape(best.plane, best.base_mm, best.extent_mm, best.excess, width)


@dataclass(frozen=True, eq=False)
class _Table:
    """Filled volume per cell of 1 mm along and behind the wall and one voxel's width from side to side, mm³.

    Shape (along, behind, lateral); ``along_mm`` are the middles of the first axis.
    """

    volume: NDArray[np.float64]
    along_mm: NDArray[np.float64]
    cell_mm: float

    @classmethod
    def of(cls, material: Material) -> _Table:
        cell = max(STEP_MM, material.width_mm)
        along, behind, lateral = material.place.along, material.place.behind, material.place.lateral
        edges = [_edges(along, STEP_MM), _edges(behind, STEP_MM), _edges(lateral, cell)]
        # A voxel is spread over the cells that it covers: rows of tilted voxels would else fall between those.
        third = material.pixel_mm / 3
        total = np.zeros(tuple(len(e) - 1 for e in edges))
        for da in (-third, 0.0, third):
            for db in (-third, 0.0, third):
                places = np.stack([along + da, behind + db, lateral], axis=1)
                total += np.histogramdd(places, edges, weights=material.share * material.voxel_mm3 / 9)[0]
        return cls(total, (edges[0][:-1] + edges[0][1:]) / 2, cell)

    def sagittal_mm(self) -> NDArray[np.float64]:
        """Length along the wall, shape (behind, lateral)."""
        return np.asarray(self.volume.sum(axis=0) / (STEP_MM * self.cell_mm))

    def axial_mm(self) -> NDArray[np.float64]:
        """Width from side to side, shape (along, behind)."""
        return np.asarray(self.volume.sum(axis=2) / STEP_MM**2)


def _edges(values: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    low, high = np.floor(values.min() / step) - 1, np.ceil(values.max() / step) + 1
    return np.arange(low, high + 1) * step


def _sagittal(table: _Table, marks: Landmarks) -> tuple[float, float]:
    """Base and extent in the sagittal plane that exceeds its base most; a base is never higher than the disc space."""
    inside = (table.along_mm >= marks.upper_mm - STEP_MM) & (table.along_mm <= marks.lower_mm + STEP_MM)
    lengths = table.sagittal_mm()
    at_disc = table.volume[inside].sum(axis=0) / (STEP_MM * table.cell_mm)
    best = (0.0, 0.0)
    for column, disc in zip(lengths.T, at_disc.T, strict=True):
        if column.max() < LEAST_WIDTH_MM or disc.max() < LEAST_WIDTH_MM:
            continue
        base = min(float(disc[_front(disc)].max()), marks.height_mm)
        extent = float(column.max())
        if best == (0.0, 0.0) or extent - base > best[1] - best[0]:
            best = (base, extent)
    return best if best != (0.0, 0.0) else (0.0, float(lengths.max()))


def _axial(table: _Table, marks: Landmarks) -> tuple[float, float, float]:
    """Base and extent in the axial plane that exceeds its base most, and the greatest width at the disc's level."""
    inside = (table.along_mm >= marks.upper_mm) & (table.along_mm <= marks.lower_mm)
    rows = ndimage.uniform_filter1d(table.axial_mm(), size=PLANE_CELLS, axis=0, mode="constant")[inside]
    best = (0.0, 0.0)
    for row in rows:
        if row.max() < LEAST_WIDTH_MM:
            continue
        base, extent = float(row[_front(row)].max()), float(row.max())
        if best == (0.0, 0.0) or extent - base > best[1] - best[0]:
            best = (base, extent)
    return (*best, float(rows.max()) if rows.size else 0.0)


def _front(profile: NDArray[np.float64]) -> slice:
    """The cells just behind the place where a profile from front to back begins."""
    start = int(np.argmax(profile >= 0.5 * LEAST_WIDTH_MM))
    return slice(start, start + int(BASE_DEPTH_MM / STEP_MM) + 1)
