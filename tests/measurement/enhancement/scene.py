"""A visit with one fragment in a plain spine, before and after contrast medium; every length in it is written down.

The fragment is a rod along the slices' normal, so that each slice shows the same ring. The images are averages over
pixels of tissues that are told apart by coordinates: nothing of the phantom or of the network takes part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.dicom.visit import PatientIdentity, Role, Series, SeriesFacts, Stack, Visit
from pipeline.measurement.change import FragmentMeasurement, Interval
from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation, Structure
from pipeline.volume import Volume

LEVEL = "L4/L5"
PRE, POST = Role.SAGITTAL_T1, Role.SAGITTAL_T1_POST
CENTRE = np.array([0.0, 8.5, -3.0])
"""Of the fragment, behind the disc's posterior margin at the origin."""
RADIUS_MM = 6.0
SLICES = 7
PITCH_MM = 4.0
FIELD_MM = 84.0
PIXEL_MM = 0.7
FINE = 3
NOISE = 2.0
TISSUES = ("fat", "bone", "disc", "csf", "fragment", "rim")
NATIVE = dict(zip(TISSUES, (320.0, 210.0, 110.0, 50.0, 100.0, 100.0), strict=True))
GAIN = dict(zip(TISSUES, (1.0, 1.1, 1.0, 1.0, 1.02, 2.2), strict=True))
SUPPRESSED = {"fat": 0.12, "bone": 0.6}


@dataclass(frozen=True)
class Scene:
    """What is imaged.

    Attributes
    ----------
    rim_mm, covered
        Thickness of the rim, and the share of the round that it covers.
    fat
        Whether fat is suppressed before and after.
    moved_mm
        How the patient moved before the series after contrast medium, LPS.
    pixel_mm
        Of both series.
    """

    rim_mm: float = 1.6
    covered: float = 1.0
    fat: tuple[bool, bool] = (False, False)
    moved_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    pixel_mm: float = PIXEL_MM


def grid(pixel_mm: float) -> Volume:
    """An empty canonical sagittal series around the disc's posterior margin."""
    count = 2 * round(FIELD_MM / 2 / pixel_mm)
    affine = np.eye(4)
    affine[:3, :3] = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]]) * np.array([PITCH_MM, pixel_mm, pixel_mm])
    affine[:3, 3] = -affine[:3, :3] @ ((np.array([SLICES, count, count]) - 1) / 2)
    return Volume(np.zeros((SLICES, count, count), dtype=np.float32), affine)


def _places(series: Volume, moved_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """LPS of nine points in every pixel, in the anatomy's own coordinates; shape (slices, rows * 3, columns * 3, 3)."""
    slices, rows, columns = series.shape
    at = [np.arange(slices)] + [(np.arange(n * FINE) + 0.5) / FINE - 0.5 for n in (rows, columns)]
    index = np.stack(np.meshgrid(*at, indexing="ij"), axis=-1)
    return np.asarray(series.to_lps(index.reshape(-1, 3)).reshape(*index.shape) - moved_mm)


def _tissue(points: NDArray[np.float64], scene: Scene) -> NDArray[np.intp]:
    """Index into :data:`TISSUES` at every point."""
    y, z = points[..., 1], points[..., 2]
    dy, dz = y - CENTRE[1], z - CENTRE[2]
    radius, angle = np.hypot(dy, dz), (np.arctan2(dz, dy) + np.pi) / (2 * np.pi)
    column = (y > -34) & (y < 0)
    disc = column & (np.abs(z) < 5)
    bone = column & (np.abs(z) > 6) & (np.abs(z) < 34)
    canal = (y > 2) & (y < 22)
    rim = (radius < RADIUS_MM + scene.rim_mm) & (angle < scene.covered) & (y > 0.5)
    chosen = np.select([radius < RADIUS_MM, rim, disc, bone, canal], [4, 5, 2, 1, 3], default=0)
    return np.asarray(chosen, dtype=np.intp)


@cache
def image(scene: Scene, *, after: bool, scale: float = 1.0) -> Volume:
    """One series."""
    series = grid(scene.pixel_mm)
    moved = np.array(scene.moved_mm) if after else np.zeros(3)
    points = _places(series, moved)
    levels = np.array([NATIVE[t] * (GAIN[t] if after else 1.0) for t in TISSUES])
    if scene.fat[after]:
        levels *= np.array([SUPPRESSED.get(t, 1.0) for t in TISSUES])
    tissue = _tissue(points, scene)
    # Marrow is uneven in all directions: by it the movement is found, through the slices too.
    uneven = 1.0 + 0.25 * np.prod([np.sin(points[..., n] / k) for n, k in ((0, 4.1), (1, 2.3), (2, 2.9))], axis=0)
    values = levels[tissue] * np.where(tissue == 1, uneven, 1.0)
    # About the point spread of a fully measured k-space.
    values = ndimage.gaussian_filter(values, (0.0, 0.36 * FINE, 0.36 * FINE))
    slices, rows, columns = series.shape
    pixels = values.reshape(slices, rows, FINE, columns, FINE).mean(axis=(2, 4))
    noise = np.random.default_rng(int(after)).normal(0.0, NOISE, pixels.shape)
    return series.with_array((scale * (pixels + noise)).astype(np.float32))


@cache
def labels(scene: Scene, *, after: bool) -> Volume:
    """Perfect labels; the rim belongs to the canal, as the network often has it."""
    series = grid(scene.pixel_mm)
    points = _places(series, np.array(scene.moved_mm) if after else np.zeros(3))
    centre = _tissue(points[:, FINE // 2 :: FINE, FINE // 2 :: FINE], scene)
    kinds = np.array([0, Structure.VERTEBRA, Structure.DISC, Structure.CANAL, Structure.FRAGMENT, Structure.CANAL])
    return series.with_array(kinds[centre].astype(np.uint8))


@cache
def outline(scene: Scene, *, after: bool) -> Volume:
    """Share of every pixel that the fragment fills."""
    series = grid(scene.pixel_mm)
    inside = _tissue(_places(series, np.array(scene.moved_mm) if after else np.zeros(3)), scene) == 4
    slices, rows, columns = series.shape
    share = inside.reshape(slices, rows, FINE, columns, FINE).mean(axis=(2, 4))
    return series.with_array(share.astype(np.float32))


def visit_of(
    scene: Scene, shifts_mm: Mapping[Role, NDArray[np.float64]] | None = None
) -> tuple[Visit, Anatomy, FragmentMeasurement]:
    """The visit with its anatomy and the fragment as measured in the series before contrast medium."""
    series, segmentations = {}, {}
    for role, after in ((PRE, False), (POST, True)):
        volume = image(scene, after=after, scale=0.8 if after else 1.0)
        facts = SeriesFacts(f"1.2.{int(after)}", fat_suppressed=scene.fat[after], contrast_enhanced=after)
        series[role] = Series(role, facts, (Stack(volume, PITCH_MM),))
        segmentations[role] = _segmentation(role, labels(scene, after=after))
    level = Level(LEVEL, 122, np.array([0.0, -17.0, 0.0]), np.eye(3), np.zeros(3), 1.0)
    anatomy = Anatomy(segmentations, PRE, {LEVEL: level}, {}, "sacrum", False, (), shifts_mm or {})
    return Visit(PatientIdentity(), None, None, None, series, (), (), "drawn"), anatomy, _fragment(scene)


def _segmentation(role: Role, found: Volume) -> SeriesSegmentation:
    nothing = np.zeros((6, 1, 1, 1), dtype=np.float32)
    return SeriesSegmentation(role, found, found.with_array(np.zeros_like(found.array)), nothing, nothing[:1])


def _fragment(scene: Scene) -> FragmentMeasurement:
    share = outline(scene, after=False)
    volume = float(share.array.sum()) * share.voxel_volume_mm3
    centre = (float(CENTRE[0]), float(CENTRE[1]), float(CENTRE[2]))
    return FragmentMeasurement(True, volume, Interval(0.8 * volume, 1.2 * volume), 60.0, centre, PRE, share, {})


def without(visit: Visit, role: Role) -> Visit:
    """The visit with one series less."""
    return replace(visit, series={key: one for key, one in visit.series.items() if key is not role})
