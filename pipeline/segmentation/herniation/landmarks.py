"""Where endplates, pedicles and facets lie at one level, read from the labels or taken from the literature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation, Structure
from pipeline.segmentation.wall import PosteriorWall, WallCoordinates
from pipeline.volume import Points

HALF_DISC_MM = 4.0
BODY_MM = 27.0
"""Height of a lumbar body, where its other endplate is out of view."""
PEDICLE_SPAN = (0.12, 0.65)
"""Upper and lower border of the pedicle as a share of the body's height: it is 14 to 15 mm high and starts just below
the upper endplate (Zindrick et al., Spine 1987;12:160)."""
HALF_INTERPEDICULAR_MM = {"L1": 11.0, "L2": 11.3, "L3": 11.7, "L4": 12.2, "L5": 13.8, "S1": 15.5}
"""Half of the interpedicular distance, which grows from about 22 mm at L1 to 28 mm at L5 in adults."""
PEDICLE_WIDTH_MM = {"L1": 8.7, "L2": 8.9, "L3": 10.3, "L4": 12.9, "L5": 18.0, "S1": 18.0}
"""Mean transverse width of the pedicle (Zindrick et al., Spine 1987;12:160)."""
CENTRAL_SHARE = (0.5, 0.75)
"""Half of the distance between the facets' medial edges, as a share of that between the pedicles: its limits."""
PEDICLE_BEHIND_MM = (1.5, 6.0)
"""Just behind the body only the pedicle is bone: facets lie behind the foramen."""
PEDICLE_LATERAL_MM = (6.0, 28.0)
SMALLEST_PEDICLE_MM2 = 25.0
CENTRAL_MM = 10.0
EDGE_BEHIND_MM = (-12.0, -1.5)
ENDPLATE_MM = 1.0
"""The labels of a body end where its endplate begins."""
MOST_POINTS = 20_000
"""More voxels of a structure than this are thinned out: borders are no sharper for it."""


@dataclass(frozen=True)
class Pedicle:
    """Borders of a vertebra's pedicles, mm: from side to side (of either side, both positive), and along the wall."""

    medial_mm: float
    lateral_mm: float
    upper_mm: float
    lower_mm: float


@dataclass(frozen=True)
class Landmarks:
    """Borders at one disc; ``along`` is measured from the disc's mid-plane, caudal positive, mm.

    Attributes
    ----------
    upper_mm, lower_mm
        Endplates above (negative) and below the disc at its posterior margin.
    above, below
        Names of the two vertebrae.
    pedicle_above, pedicle_below
        Their pedicles.
    facet_mm
        Half of the distance between the facets' medial edges: where the central zone ends.
    pedicle_medial_mm, pedicle_lateral_mm
        Where the subarticular, and the foraminal zone end.
    circumference_mm
        Of the disc.
    """

    upper_mm: float
    lower_mm: float
    above: str
    below: str
    pedicle_above: Pedicle
    pedicle_below: Pedicle
    facet_mm: float
    pedicle_medial_mm: float
    pedicle_lateral_mm: float
    circumference_mm: float

    @property
    def height_mm(self) -> float:
        """Height of the disc space at its posterior margin."""
        return self.lower_mm - self.upper_mm


@dataclass(frozen=True, eq=False)
class _Labelled:
    """The labels of the series that names the levels, with what is needed to look places up in it."""

    one: SeriesSegmentation
    anatomy: Anatomy
    wall: PosteriorWall
    level: Level

    def near(self, instance: int, reach_mm: float) -> tuple[WallCoordinates, float]:
        """Places of the voxels of one instance within reach of the posterior margin, and the mm³ of each."""
        points, each_mm3 = _points(self.one, instance, self.level.posterior_margin_lps_mm, reach_mm)
        place = self.wall.coordinates(points)
        own = self.wall.positions_mm[self.level.name]
        return WallCoordinates(place.along - own, place.behind, place.lateral), each_mm3


def landmarks(anatomy: Anatomy, level: Level) -> Landmarks:
    """Landmarks around one disc, from the series that names the levels.

    The central zone ends at the medial edge of the facets, which thick sagittal slices do not show reliably. The
    thecal sac lies between them, so that half of its width stands for it, kept within 50 and 75 % of the distance to
    the pedicles, because a narrow sac may be squeezed by the very material that is described.
    """
    wall = PosteriorWall(anatomy.levels.values())
    seen = _Labelled(anatomy.segmentations[anatomy.reference], anatomy, wall, level)
    above, _, below = level.name.partition("/")
    upper, lower = _endplate(seen, above, -1), _endplate(seen, below, +1)
    far_above, far_below = _far_endplates(seen, upper, lower)
    pedicle_above = _pedicle(seen, above, far_above, upper)
    pedicle_below = _pedicle(seen, below, lower, far_below)
    medial = (pedicle_above.medial_mm + pedicle_below.medial_mm) / 2
    # The foramen of a level lies under the pedicles of the vertebra above it.
    lateral = max(pedicle_above.lateral_mm, medial + 6.0)
    sac = _sac_half_width(seen)
    facet = float(np.clip(0.6 * medial if sac is None else sac, CENTRAL_SHARE[0] * medial, CENTRAL_SHARE[1] * medial))
    return Landmarks(
        upper, lower, above, below, pedicle_above, pedicle_below, facet, medial, lateral, _circumference(seen)
    )


def _points(one: SeriesSegmentation, instance: int, centre_lps: Points, reach_mm: float) -> tuple[Points, float]:
    """LPS of the voxels of an instance within a box around a point, thinned out, and the mm³ that each stands for."""
    grid = one.instances
    centre, reach = grid.to_index(centre_lps), reach_mm / np.array(grid.spacing_mm)
    low = np.clip(np.floor(centre - reach), 0, grid.shape).astype(int)
    high = np.clip(np.ceil(centre + reach) + 1, 0, grid.shape).astype(int)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    index = np.argwhere(grid.array[box] == instance)
    fewer = _thinned(index)
    return grid.to_lps((fewer + low).astype(np.float64)), grid.voxel_volume_mm3 * len(index) / max(1, len(fewer))


def _thinned(index: NDArray[np.intp]) -> NDArray[np.intp]:
    """At most about 20 000 of the voxels, spread evenly."""
    return index[:: max(1, len(index) // MOST_POINTS)]


def _endplate(seen: _Labelled, name: str, side: int) -> float:
    """Place of the endplate of one neighbour at the posterior margin; ``side`` is +1 below the disc."""
    vertebra = seen.anatomy.vertebrae.get(name)
    if vertebra is not None:
        place, _ = seen.near(vertebra.instance, 30.0)
        use = (np.abs(place.lateral) < CENTRAL_MM) & (place.behind > EDGE_BEHIND_MM[0])
        use &= place.behind < EDGE_BEHIND_MM[1]
        away = side * place.along[use]
        away = away[(away > 0.5) & (away < 20.0)]
        if away.size >= 10:
            return side * float(np.clip(np.quantile(away, 0.04) - ENDPLATE_MM, 1.5, 8.0))
    return side * HALF_DISC_MM


def _far_endplates(seen: _Labelled, upper: float, lower: float) -> tuple[float, float]:
    """Upper endplate of the vertebra above, lower endplate of the one below."""
    names = list(seen.wall.positions_mm)
    own = names.index(seen.level.name)
    positions = list(seen.wall.positions_mm.values())
    above, below = upper - BODY_MM, lower + BODY_MM
    if own > 0:
        above = positions[own - 1] - positions[own] + HALF_DISC_MM
    if own + 1 < len(names):
        below = positions[own + 1] - positions[own] - HALF_DISC_MM
    return above, below


def _pedicle(seen: _Labelled, name: str, upper: float, lower: float) -> Pedicle:
    """Pedicles of one vertebra whose body reaches from ``upper`` to ``lower``."""
    height = lower - upper
    expected = upper + PEDICLE_SPAN[0] * height, upper + PEDICLE_SPAN[1] * height
    medial = HALF_INTERPEDICULAR_MM.get(name, 12.0)
    wide = PEDICLE_WIDTH_MM.get(name, 10.0)
    assumed = Pedicle(medial, medial + wide, *expected)
    vertebra = seen.anatomy.vertebrae.get(name)
    if vertebra is None or name.startswith("S"):  # the sacral ala has no pedicle of its own outline
        return assumed
    place, each_mm3 = seen.near(vertebra.instance, 45.0)
    across = np.abs(place.lateral)
    use = (place.behind > PEDICLE_BEHIND_MM[0]) & (place.behind < PEDICLE_BEHIND_MM[1])
    use &= (across > PEDICLE_LATERAL_MM[0]) & (across < PEDICLE_LATERAL_MM[1])
    use &= (place.along > upper - 2.0) & (place.along < lower + 2.0)
    if not use.any():
        return assumed
    pitch = seen.one.labels.spacing_mm[0]
    return _measured_pedicle(place.of(use), pitch, each_mm3 / pitch, assumed)


def _measured_pedicle(place: WallCoordinates, pitch: float, pixel: float, assumed: Pedicle) -> Pedicle:
    """Borders where the section of the pedicle falls to half, between slices; the assumed ones where it is unseen."""
    borders = [found for side in (-1.0, 1.0) if (found := _borders(side * place.lateral, pitch, pixel)) is not None]
    if not borders:
        return assumed
    medial = float(np.clip(np.mean([one[0] for one in borders]), 0.7 * assumed.medial_mm, 1.3 * assumed.medial_mm))
    seen = [one[1] - one[0] for one in borders if one[1] is not None]
    wide = float(np.clip(np.mean(seen), 6.0, 20.0)) if seen else assumed.lateral_mm - assumed.medial_mm
    upper, lower = np.quantile(place.along, (0.05, 0.95))
    if not 8.0 < lower - upper < 22.0:
        upper, lower = assumed.upper_mm, assumed.lower_mm
    return Pedicle(medial, medial + wide, float(upper), float(lower))


def _borders(lateral: NDArray[np.float64], pitch: float, pixel_mm2: float) -> tuple[float, float | None] | None:
    """Medial and lateral border of one pedicle, mm; the latter None where the stack ends before it."""
    bins = np.arange(0.0, PEDICLE_LATERAL_MM[1] + 2 * pitch, pitch)
    area = np.histogram(lateral, bins)[0] * pixel_mm2
    middle, half, peak = (bins[:-1] + bins[1:]) / 2, area.max() / 2, int(np.argmax(area))
    if area.max() < SMALLEST_PEDICLE_MM2:
        return None
    first = int(np.argmax(area >= half))
    if first == 0:
        return None
    medial = float(np.interp(half, [area[first - 1], area[first]], [middle[first - 1], middle[first]]))
    less = np.flatnonzero(area[peak:] < half)
    if less.size == 0 or lateral.max() < middle[peak] + pitch:
        return medial, None
    last = peak + int(less[0])
    return medial, float(np.interp(half, [area[last], area[last - 1]], [middle[last], middle[last - 1]]))


def _sac_half_width(seen: _Labelled) -> float | None:
    """Half width of the thecal sac away from the disc: its median over heights 8 to 20 mm above and below it."""
    points = _thinned(np.argwhere(seen.one.labels.array == Structure.CANAL))
    lps = seen.one.labels.to_lps(points.astype(np.float64))
    lps = lps[np.linalg.norm(lps - seen.level.posterior_margin_lps_mm, axis=1) < 40.0]
    place = seen.wall.coordinates(lps)
    along = place.along - seen.wall.positions_mm[seen.level.name]
    widths = []
    for low in (-20, -16, -12, 8, 12, 16):
        across = place.lateral[(along >= low) & (along < low + 4)]
        if across.size >= 20:
            pitch = seen.one.labels.spacing_mm[0]
            widths.append(float(np.quantile(across, 0.98) - np.quantile(across, 0.02)) + 0.5 * pitch)
    return float(np.median(widths)) / 2 if widths else None


def _circumference(seen: _Labelled) -> float:
    """Circumference of the disc as an ellipse (Ramanujan), of usual proportions where the stack cuts it off."""
    points, _ = _points(seen.one, seen.level.instance, seen.level.centre_lps_mm, 40.0)
    offset = (points - seen.level.centre_lps_mm) @ seen.level.axes_lps
    depth = 34.0
    if len(offset) >= 50:
        middle = offset[np.abs(offset[:, 0]) < CENTRAL_MM]
        if len(middle) >= 50:
            depth = float(np.clip(np.quantile(middle[:, 1], 0.98) - np.quantile(middle[:, 1], 0.02), 24.0, 44.0))
    # Sagittal stacks rarely reach the sides of a disc: it is about 1.4 times as wide as deep.
    a, b = 0.7 * depth, 0.5 * depth
    return float(np.pi * (3 * (a + b) - np.sqrt((3 * a + b) * (a + 3 * b))))
