"""Pairs of visits whose true alignment is known: one real volume, moved, with fresh noise and shading."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from pipeline import rigid
from pipeline.dicom.visit import PatientIdentity, Role, Series, SeriesFacts, Stack, Visit
from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation, Structure, Vertebra
from pipeline.volume import Volume

DISCS = ("L5/S1", "L4/L5", "L3/L4", "L2/L3", "L1/L2")
BODIES = ("L5", "L4", "L3", "L2")
CANONICAL = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])


@dataclass(frozen=True, eq=False)
class Pair:
    baseline: Visit
    baseline_anatomy: Anatomy
    followup: Visit
    followup_anatomy: Anatomy
    truth: np.ndarray
    targets: np.ndarray
    """LPS points (n, 3) of L4–S1 bone at baseline."""

    def error_mm(self, transform: np.ndarray) -> np.ndarray:
        """Distance of each target from where it should be."""
        return np.linalg.norm(rigid.apply(transform, self.targets) - rigid.apply(self.truth, self.targets), axis=1)


def visit(role: Role, volume: Volume) -> Visit:
    """A visit with one series."""
    series = Series(role, SeriesFacts("1.2.3"), (Stack(volume, None),))
    return Visit(PatientIdentity(), None, None, None, {role: series}, (), (), "simulated")


def spider(file: Path, every: int = 1) -> tuple[Volume, np.ndarray]:
    """Image (float32) and named instances of one SPIDER volume; the sacral body is drawn as a box below L5/S1.

    So many rows and columns are averaged to one.
    """
    data = np.load(file)
    spacing = data["spacing"].astype(float) * (1, every, every)
    pixels, mask = _thinned(data["I"], data["M"], every)
    shape = np.array(mask.shape)
    affine = np.eye(4)
    affine[:3, :3] = CANONICAL * spacing
    affine[:3, 3] = -affine[:3, :3] @ ((shape - 1) / 2)
    parts, count = ndimage.label(ndimage.binary_opening(mask == 29, np.ones((1, 3, 3))))
    sizes = ndimage.sum_labels(mask == 29, parts, np.arange(1, count + 1))
    good = [i + 1 for i in np.flatnonzero(sizes > 0.25 * np.sort(sizes)[-3])]
    centres = {i: np.array(ndimage.center_of_mass(parts == i)) for i in good}
    order = sorted(good, key=lambda i: -centres[i][1])[:5]
    instances = np.zeros(mask.shape, np.uint8)
    for n, i in enumerate(order):
        instances[parts == i] = 101 + n
    index = np.moveaxis(np.indices(mask.shape), 0, -1)
    step = centres[order[0]] - centres[order[1]]
    tops = [centres[i] for i in order[1:]]
    for n, (top, bottom) in enumerate(zip(tops, [centres[i] for i in order[:-1]], strict=True)):
        axis = (bottom - top) * spacing**2
        along = (index - top) @ axis / ((bottom - top) @ axis)
        across = np.abs((index - (top + bottom) / 2)[..., 2]) * spacing[2]
        instances[(mask == 76) & (instances == 0) & (along > 0) & (along < 1) & (across < 26)] = 51 + n
    low = (index - centres[order[0]] - 0.17 * step) * spacing
    tilt = np.array([0, np.cos(0.6), np.sin(0.6)])
    depth, front = low @ tilt, low @ np.array([0, -np.sin(0.6), np.cos(0.6)])
    instances[(depth > 4) & (depth < 24) & (np.abs(front) < 13) & (mask == 0)] = 50
    instances[mask == 150] = 200
    near = np.isin(instances, np.arange(50, 110))
    box = tuple(
        slice(max(0, low - 30), high + 30) if n else slice(None)
        for n, (low, high) in enumerate(zip(np.argwhere(near).min(0), np.argwhere(near).max(0), strict=True))
    )
    corner = np.array([part.start or 0 for part in box], float)
    affine[:3, 3] = affine[:3, :3] @ corner + affine[:3, 3]
    return Volume(pixels[box].astype(np.float32), affine), instances[box]


def _thinned(image: np.ndarray, mask: np.ndarray, every: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels averaged and labels taken, of so many rows and columns one."""
    if every == 1:
        return image, mask
    slices, rows, columns = (n // step for n, step in zip(image.shape, (1, every, every), strict=True))
    whole = image[:, : rows * every, : columns * every].astype(np.float32)
    averaged = whole.reshape(slices, rows, every, columns, every).mean(axis=(2, 4))
    return averaged, mask[:, ::every, ::every][:, :rows, :columns]


def drawn_spine(seed: int = 0, slices: int = 44) -> tuple[Volume, np.ndarray]:
    """A small curved column of bodies and discs with texture, 1 mm voxels, so that tests need no real data."""
    rng = np.random.default_rng(seed)
    shape = (slices, 150, 90)
    affine = np.eye(4)
    affine[:3, :3] = CANONICAL
    affine[:3, 3] = -CANONICAL @ ((np.array(shape) - 1) / 2)
    x, y, z = np.meshgrid(*[np.arange(n, dtype=float) for n in shape], indexing="ij")
    side, front = x - (slices - 1) / 2, z - 42 - 10 * np.sin(y / 45)
    inside = (side / (slices / 2 - 4)) ** 4 + (front / 16) ** 4 < 1
    image = 60 + 25 * ndimage.gaussian_filter(rng.normal(size=shape), 3) / 0.05
    image = np.clip(image, 20, 110)
    instances = np.zeros(shape, np.uint8)
    for n, bottom in enumerate(range(148, 30, -30)):
        body = inside & (y > bottom - 20) & (y <= bottom)
        disc = inside & (y > bottom - 30) & (y <= bottom - 22)
        image[body] = 120 + 40 * ndimage.gaussian_filter(rng.normal(size=shape), 2)[body] / 0.06
        image[disc] = 45
        instances[body] = 50 + n
        instances[disc] = 101 + n
    canal = (side / 10) ** 2 + ((front - 26) / 7) ** 2 < 1
    image[canal], instances[canal] = 200, 200
    return Volume(ndimage.gaussian_filter(image, 0.6).astype(np.float32), affine), instances


def bent(source: tuple[Volume, np.ndarray], flexion_deg: float) -> tuple[Volume, np.ndarray]:
    """L4 and what lies above it bent forwards about the centre of the disc L4/L5, which takes the bend."""
    image, instances = source
    index = np.stack(np.meshgrid(*[np.arange(n, dtype=float) for n in image.shape], indexing="ij"), -1)
    disc = np.argwhere(instances == 102)
    centre = disc.mean(axis=0)
    top, bottom = np.percentile(disc[:, 1], (10, 90))
    angle = np.radians(flexion_deg) * np.clip((bottom - index[..., 1]) / (bottom - top), 0, 1)
    pixel = image.spacing_mm[1:]
    down, back = (index[..., 1] - centre[1]) * pixel[0], (index[..., 2] - centre[2]) * pixel[1]
    # Where a bent point comes from: turned back about the left-right axis (rows run downwards, columns backwards).
    place = index.copy()
    place[..., 1] = centre[1] + (np.cos(angle) * down + np.sin(angle) * back) / pixel[0]
    place[..., 2] = centre[2] + (np.cos(angle) * back - np.sin(angle) * down) / pixel[1]
    place = np.moveaxis(place, -1, 0)
    pixels = ndimage.map_coordinates(image.array, place, order=3, mode="nearest").astype(np.float32)
    return image.with_array(pixels), ndimage.map_coordinates(instances, place, order=0, mode="nearest")


def anatomy(role: Role, instances: Volume) -> Anatomy:
    """What a faultless segmentation would give."""
    array = instances.array
    labels = np.zeros(array.shape, np.uint8)
    labels[(array >= 101) & (array < 200)] = Structure.DISC
    labels[array == 200] = Structure.CANAL
    labels[(array > 50) & (array < 101)] = Structure.VERTEBRA
    labels[array == 50] = Structure.SACRUM
    centre = {int(i): instances.to_lps(np.array(ndimage.center_of_mass(array == i))) for i in np.unique(array) if i}
    left, caudal, back = instances.axes_lps.T
    axes = np.stack([left, back, -caudal], axis=1)
    levels = {
        n: Level(n, 101 + i, centre[101 + i], axes, centre[101 + i] + 17 * back, 1.0)
        for i, n in enumerate(DISCS)
        if 101 + i in centre
    }
    vertebrae = {n: Vertebra(n, 51 + i, centre[51 + i]) for i, n in enumerate(BODIES) if 51 + i in centre}
    vertebrae["S1"] = Vertebra("S1", 50, centre[50])
    empty = np.zeros((6, *array.shape), np.float32)
    segmentation = SeriesSegmentation(role, instances.with_array(labels), instances, empty, empty[:1])
    return Anatomy({role: segmentation}, role, levels, vertebrae, "sacrum", False, ())


def motion(rng: np.random.Generator, angle_deg: float, shift_mm: float) -> np.ndarray:
    """A rigid motion about the origin, by up to that angle and distance."""
    axis = rng.normal(size=3)
    rotation = Rotation.from_rotvec(np.radians(rng.uniform(0, angle_deg)) * axis / np.linalg.norm(axis))
    direction = rng.normal(size=3)
    return rigid.compose(rotation.as_matrix(), rng.uniform(0, shift_mm) * direction / np.linalg.norm(direction))


def _sample(
    source: Volume, grid: np.ndarray, shape: tuple[int, int, int], motion_: np.ndarray, order: int, subslices: int
) -> tuple[np.ndarray, np.ndarray]:
    """``source`` moved by ``motion_`` as a scanner with this grid sees it, slices averaged, and where it reaches."""
    index = np.stack(np.meshgrid(*[np.arange(n, dtype=np.float32) for n in shape], indexing="ij"))
    to_source = (np.linalg.inv(source.affine) @ rigid.inverse(motion_) @ grid).astype(np.float32)
    if subslices == 1 and shape == source.shape and np.allclose(to_source, np.eye(4), atol=1e-6):
        return source.array.astype(np.float32), np.ones(shape, bool)
    prepared = ndimage.spline_filter(source.array.astype(np.float32), 3) if order > 1 else source.array
    total, seen = np.zeros(shape, np.float32), np.ones(shape, bool)
    last = np.array(source.shape, np.float32).reshape(3, 1, 1, 1) - 1
    for offset in (np.arange(subslices) + 0.5) / subslices - 0.5:
        shift = to_source[:3, 3] + to_source[:3, 0] * np.float32(offset)
        place = np.tensordot(to_source[:3, :3], index, axes=1) + shift.reshape(3, 1, 1, 1)
        total += ndimage.map_coordinates(prepared, place, order=order, prefilter=False, mode="constant")
        seen &= np.all((place >= -0.01) & (place <= last + 0.01), axis=0)
    return total / subslices, seen


def _coil(rng: np.random.Generator, volume: np.ndarray, noise: float) -> np.ndarray:
    """Fresh smooth shading of ±25 % and Rician noise."""
    coarse = rng.uniform(-0.25, 0.25, size=(2, 4, 4))
    zoom = np.array(volume.shape) / coarse.shape
    shading = 1 + ndimage.zoom(coarse, zoom, order=1, mode="nearest", grid_mode=True)
    shading = ndimage.gaussian_filter(shading, (1, 40, 40))
    clean = volume * shading
    real, imaginary = rng.normal(0, noise, (2, *volume.shape))
    return np.asarray(np.hypot(clean + real, imaginary), np.float32)


def moved_pair(
    source: tuple[Volume, np.ndarray],
    seed: int,
    *,
    angle_deg: float = 15,
    shift_mm: float = 30,
    pitch_mm: float | None = None,
    replanned: tuple[float, float] = (3.0, 3.0),
    noise: float = 4.0,
    jitter_mm: float = 0.0,
    flexion_deg: float = 0.0,
) -> Pair:
    """Two visits of one patient (image, named instances): moved by ``truth``, the stack planned anew.

    At the second, L4 and all above it may be bent forwards about the disc L4/L5.
    """
    rng = np.random.default_rng(seed)
    image, instances = source
    truth = motion(rng, angle_deg, shift_mm)
    plan = truth @ motion(rng, *replanned)
    base = image.affine
    shape = image.shape
    subslices = 1
    if pitch_mm is not None:
        factor = pitch_mm / image.spacing_mm[0]
        shape = (int(image.shape[0] // factor), *shape[1:])
        base = base @ np.array([[factor, 0, 0, (factor - 1) / 2], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
        subslices = 5
    role = Role.SAGITTAL_T2
    out = []
    for n, (transform, grid) in enumerate(((np.eye(4), base), (truth, plan @ base))):
        if n and flexion_deg:
            image, instances = bent(source, flexion_deg)
        pixels, seen = _sample(image, grid, shape, transform, 3, subslices)
        pixels = _coil(rng, np.clip(pixels, 0, None) * seen, noise)
        named = _sample(Volume(instances, image.affine), grid, shape, transform, 0, 1)[0].astype(np.uint8)
        out += [visit(role, Volume(pixels, grid)), displaced(anatomy(role, Volume(named, grid)), rng, jitter_mm)]
    image, instances = source
    inside = np.argwhere(np.isin(instances, (50, 51, 52)))
    targets = image.to_lps(inside[:: max(1, len(inside) // 2000)].astype(float))
    return Pair(out[0], out[1], out[2], out[3], truth, targets)


def displaced(anatomy_: Anatomy, rng: np.random.Generator, size: float) -> Anatomy:
    """Landmarks displaced at random, as a real segmentation's are."""
    import dataclasses

    def moved(item: Level | Vertebra) -> dict[str, object]:
        return {"centre_lps_mm": item.centre_lps_mm + rng.normal(0, size, 3)}

    levels = {n: dataclasses.replace(x, **moved(x)) for n, x in anatomy_.levels.items()}
    vertebrae = {n: dataclasses.replace(x, **moved(x)) for n, x in anatomy_.vertebrae.items()}
    return dataclasses.replace(anatomy_, levels=levels, vertebrae=vertebrae)


def empty_at_the_ends(pair: Pair, baseline: tuple[int, int], followup: tuple[int, int], noise: float) -> Pair:
    """So many slices at either end of each visit show Rician noise only, or zeros without noise; nothing is named in
    them."""
    rng = np.random.default_rng(11)
    made = []
    for shown, named, (before, after) in (
        (pair.baseline, pair.baseline_anatomy, baseline),
        (pair.followup, pair.followup_anatomy, followup),
    ):
        volume, segmentation = shown.series[Role.SAGITTAL_T2].volume, named.segmentations[Role.SAGITTAL_T2]
        empty = np.ones(len(volume.array), bool)
        empty[before : len(empty) - after] = False
        pixels = volume.array.copy()
        pixels[empty] = np.hypot(*rng.normal(0, noise, (2, *pixels[empty].shape)))
        kept = ~empty[:, None, None]
        labels = segmentation.labels.with_array(segmentation.labels.array * kept)
        instances = segmentation.instances.with_array(segmentation.instances.array * kept)
        own = replace(segmentation, labels=labels, instances=instances)
        made += [visit(Role.SAGITTAL_T2, volume.with_array(pixels)), replace(named, segmentations={own.role: own})]
    return Pair(*made, pair.truth, pair.targets)
