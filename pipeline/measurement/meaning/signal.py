"""Signal of the fragment against cerebrospinal fluid and muscle, from voxels that hold nothing else.

MR images have no absolute scale, so that only ratios within one image mean something. The sensitivity of surface coils
falls off towards the front, and muscle lies nearer to them than the canal: ratios against muscle carry that, those
against fluid hardly do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.dicom.visit import Plane, Role, Visit
from pipeline.measurement.change import FragmentMeasurement
from pipeline.measurement.meaning.contents import box_around
from pipeline.measurement.meaning.meaning import Signal, Tissue
from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation, Structure
from pipeline.segmentation.wall import PosteriorWall
from pipeline.volume import Volume

FEWEST = 12
"""Fewer voxels than this give no level."""
PURE = 0.9
NEAR_MM = 45.0
CLEAR_MM = 4.0
"""Fluid is taken this far from the fragment, whose surroundings are neither."""
EDGE_PIXELS = 2
MUSCLE_LATERAL_MM = (8.0, 26.0)
MUSCLE_BEHIND_MM = (34.0, 56.0)
MUSCLE_ALONG_MM = 25.0
"""Beside the spinous processes and behind the laminae lie multifidus and erector spinae."""
MUSCLE_EVERY = 3
FLUID_BRIGHT = (Role.SAGITTAL_T2, Role.SAGITTAL_STIR)


@dataclass(frozen=True, eq=False)
class _Crop:
    """One series around the level: pixels, probabilities and the grid of the crop."""

    pixels: NDArray[np.float64]
    probability: NDArray[np.float32]
    grid: Volume
    share: NDArray[np.float64]

    def of(self, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        return self.pixels[mask]


def signals(visit: Visit, anatomy: Anatomy, level: Level, measured: FragmentMeasurement) -> dict[Role, Signal]:
    """Levels and ratios in every sagittal series that was segmented by itself, by role.

    Parameters
    ----------
    measured
        Where the fragment lies; its pure voxels are those it fills to at least 90 %, without their outermost pixels
        where enough are left.
    """
    found = {}
    for role, one in anatomy.segmentations.items():
        if role.plane is not Plane.SAGITTAL or one.carried or role not in visit.series:
            continue
        image = visit.series[role].volume
        if image.shape == one.labels.shape:
            found[role] = _signal(role, _crop(image, one, level, measured, role), anatomy, level)
    return found


def _crop(image: Volume, one: SeriesSegmentation, level: Level, measured: FragmentMeasurement, role: Role) -> _Crop:
    box = box_around(image, level.posterior_margin_lps_mm, NEAR_MM + 15.0)
    affine = image.affine.copy()
    affine[:3, 3] = image.to_lps(np.array([part.start for part in box], dtype=np.float64))
    pixels = np.asarray(image.array[box], dtype=np.float64)
    probability = np.asarray(one.probabilities[(slice(None), *box)], dtype=np.float32)
    grid = Volume(np.zeros(pixels.shape, dtype=np.uint8), affine)
    same = measured.occupancy.shape == image.shape and np.allclose(measured.occupancy.affine, image.affine, atol=1e-4)
    if role is measured.role and same:
        share = np.asarray(measured.occupancy.array[box], dtype=np.float64)
    else:
        share = np.where(_measured_there(measured, grid), probability[Structure.FRAGMENT], 0.0).astype(np.float64)
    return _Crop(pixels, probability, grid, share if measured.present else np.zeros_like(share))


def _measured_there(measured: FragmentMeasurement, grid: Volume) -> NDArray[np.bool_]:
    """Where the measured fragment lies on the grid of another series."""
    result = np.zeros(grid.shape, dtype=bool)
    held = np.argwhere(measured.occupancy.array > 0.5)
    if not len(held):
        return result
    index = grid.to_index(measured.occupancy.to_lps(held.astype(np.float64)))
    low = np.clip(np.floor(index.min(axis=0)).astype(int) - 1, 0, grid.shape)
    high = np.clip(np.ceil(index.max(axis=0)).astype(int) + 2, 0, grid.shape)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    axes = np.meshgrid(*(np.arange(part.start, part.stop) for part in box), indexing="ij")
    lps = grid.to_lps(np.stack(axes, axis=-1).reshape(-1, 3).astype(np.float64))
    share = ndimage.map_coordinates(measured.occupancy.array, measured.occupancy.to_index(lps).T, order=1)
    result[box] = (share > 0.5).reshape(axes[0].shape)
    return result


def _signal(role: Role, crop: _Crop, anatomy: Anatomy, level: Level) -> Signal:
    fragment = _median(crop.of(_fragment(crop)))
    csf = _fluid(crop, role)
    muscle = _muscle(crop, anatomy, level)
    missing = [
        f"only {tissue.voxels} pure voxels of {name}" if tissue.voxels else f"no pure voxel of {name}"
        for name, tissue in (("fragment", fragment), ("fluid", csf), ("muscle", muscle))
        if tissue.level is None
    ]
    return Signal(role, fragment, csf, muscle, "; ".join(missing))


def _fragment(crop: _Crop) -> NDArray[np.bool_]:
    pure = crop.share >= PURE
    inner = _eroded(pure, 1)
    return inner if np.count_nonzero(inner) >= FEWEST else pure


def _fluid(crop: _Crop, role: Role) -> Tissue:
    """Level of the half of the thecal sac that is fluid rather than root: the brighter one on T2, the darker on T1."""
    sac = _eroded(crop.probability[Structure.CANAL] >= PURE, EDGE_PIXELS)
    if (crop.share > 0.5).any():
        sac &= ndimage.distance_transform_edt(crop.share <= 0.5, sampling=crop.grid.spacing_mm) > CLEAR_MM
    values = np.sort(crop.of(sac))
    half = values[len(values) // 2 :] if role in FLUID_BRIGHT else values[: (len(values) + 1) // 2]
    return _median(half)


def _muscle(crop: _Crop, anatomy: Anatomy, level: Level) -> Tissue:
    """Level of the muscle of the back: the densest half of its values, which streaks of fat stay out of."""
    every = (slice(None), slice(None, None, MUSCLE_EVERY), slice(None, None, MUSCLE_EVERY))
    background = crop.probability[Structure.BACKGROUND][every] >= PURE
    index = np.argwhere(_eroded(background, 1)) * (1, MUSCLE_EVERY, MUSCLE_EVERY)
    lps = crop.grid.to_lps(index.astype(np.float64))
    behind = (lps - level.posterior_margin_lps_mm) @ level.axes_lps[:, 1] > MUSCLE_BEHIND_MM[0] / 2
    index, lps = index[behind], lps[behind]
    wall = PosteriorWall(anatomy.levels.values())
    place = wall.coordinates(lps)
    use = np.abs(place.along - wall.positions_mm[level.name]) < MUSCLE_ALONG_MM
    use &= (np.abs(place.lateral) > MUSCLE_LATERAL_MM[0]) & (np.abs(place.lateral) < MUSCLE_LATERAL_MM[1])
    use &= (place.behind > MUSCLE_BEHIND_MM[0]) & (place.behind < MUSCLE_BEHIND_MM[1])
    return _median(shortest_half(crop.pixels[tuple(index[use].T)]))


def shortest_half(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The half of the values that lies closest together (Rousseeuw's shortest half), sorted.

    What contaminates less than half of a sample, on either side, is left out.
    """
    ordered = np.sort(values)
    count = len(ordered) // 2 + 1
    if len(ordered) < 3:
        return ordered
    spans = ordered[count - 1 :] - ordered[: len(ordered) - count + 1]
    start = int(np.argmin(spans))
    return ordered[start : start + count]


def _median(values: NDArray[np.float64]) -> Tissue:
    if len(values) < FEWEST:
        return Tissue(None, len(values))
    return Tissue(float(np.median(values)), len(values))


def _eroded(mask: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    """Without the outermost pixels of each slice."""
    cross = np.zeros((1, 3, 3), dtype=bool)
    cross[0, 1, :] = cross[0, :, 1] = True
    return np.asarray(ndimage.binary_erosion(mask, cross, iterations=pixels))
