"""Samples for the fine pass: all sagittal series of a visit together, around one disc, in 0.75 mm pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.phantom.anatomy import NETWORK_CLASS, AnatomyMap
from pipeline.segmentation.normalise import normalise
from training.bank import Carousel
from training.contrast import draw_means, intensity_table
from training.dataset import resampled, warp
from training.effects import acquire, smooth_field
from training.paste import paste_fragment
from training.sample import Floats, Sample, draw_slab, slice_weights, soft_classes
from training.spider import RealVolume, load_volume, other_gains, relit, t1_like
from training.split import TRAINING
from training.stream import Batch, StreamConfig
from training.synthetic import TEXTURED

PIXEL_MM = 0.75
SLOTS = ("t2", "t1", "t1gd", "stir")
"""Order of the series in the network's input, three slices each."""
_SETS: tuple[tuple[tuple[int, ...], float], ...] = (
    ((0,), 0.40),
    ((0, 1), 0.17),
    ((0, 1, 2), 0.15),
    ((0, 1, 2, 3), 0.10),
    ((0, 1, 3), 0.06),
    ((0, 3), 0.02),
    ((1,), 0.03),
    ((1, 2), 0.04),
    ((3,), 0.01),
    ((2,), 0.02),
)
_POOL = 48
_RENEW = 0.4
"""Share of real samples after which one volume of the pool gets another fragment."""
_RELIT = 0.6
"""Share of real samples whose tissues get other gains, lest the network know the patients by heart."""
_BENT = 0.8
"""Share of samples whose tissue yields."""
_CROP_MM = ((-82.0, 72.0), (-70.0, 56.0))


@dataclass(frozen=True, eq=False)
class _Local:
    """Part of a real volume, perhaps with a fragment, and that fragment's bright rim."""

    volume: RealVolume
    rim: Floats
    where: float | None


def _draw_set(rng: np.random.Generator) -> tuple[int, ...]:
    return _SETS[int(rng.choice(len(_SETS), p=[share for _, share in _SETS]))][0]


def generated_sample(rng: np.random.Generator, anatomy: AnatomyMap, present: tuple[int, ...]) -> Sample:
    """A generated anatomy in several contrasts: slices (12, rows, columns), zero where a series is missing."""
    volume = anatomy.tissue
    positions = (volume.affine[0, 3] + volume.spacing_mm[0] * np.arange(volume.shape[0])).astype(np.float32)
    focus, middle = _generated_focus(rng, anatomy)
    thickness, pitch = draw_slab(rng)
    flip = 1 if rng.random() < 0.5 else -1
    rows, columns = volume.shape[1:]
    texture = rng.uniform(0.03, 0.15) * smooth_field(rng, (rows, columns), float(rng.choice([3, 6, 14])))
    texture = texture + rng.uniform(0, 0.06) * rng.standard_normal((rows, columns))
    slices = np.zeros((3 * len(SLOTS), rows, columns), dtype=np.float32)
    for slot in present:
        contrast = "t2fs" if slot in (0, 3) and rng.random() < 0.1 else SLOTS[slot]
        table = intensity_table(rng, anatomy, draw_means(rng, contrast)[1])
        # Other series of a visit lie a little elsewhere, for patients move and slices are planned anew.
        beside = 0.0 if slot == present[0] else rng.normal(0, 0.7)
        for k, step in enumerate((-1, 0, 1)):
            weights = slice_weights(positions, middle + beside + flip * step * pitch, thickness)
            slices[3 * slot + k] = _rendered(anatomy, table, weights, rng.uniform(-1, 1.5) * texture)
    weights = slice_weights(positions, middle, thickness)
    chosen = np.nonzero(weights)[0]
    occupancy = soft_classes(NETWORK_CLASS[volume.array[chosen]], weights[chosen])
    sure = np.zeros((rows, columns), dtype=np.float32)
    return Sample(slices, occupancy, sure, volume.spacing_mm[1], focus)


def _generated_focus(rng: np.random.Generator, anatomy: AnatomyMap) -> tuple[tuple[float, float], float]:
    """(row, column) that the crop lies around and position (x) of the middle slice."""
    volume = anatomy.tissue
    discs = [name for name in anatomy.spine.disc_names if name[0] == "L"][-3:]
    x, y, z = anatomy.landmarks[str(rng.choice(discs))]
    x += rng.normal(0, 6) if rng.random() < 0.6 else rng.uniform(-26, 26)
    if anatomy.fragment_centroid_lps and rng.random() < 0.7:
        centroids = list(anatomy.fragment_centroid_lps.values())
        x, _, z = centroids[int(rng.integers(len(centroids)))]
        x += rng.normal(0, 4.5)
    index = volume.to_index(np.array([x, y + 14, z]))
    return (float(index[1]), float(index[2])), float(x)


def _rendered(anatomy: AnatomyMap, table: Floats, weights: Floats, texture: NDArray[np.float64]) -> Floats:
    plane: Floats = np.zeros(anatomy.tissue.shape[1:], dtype=np.float32)
    for k in np.nonzero(weights)[0]:
        tissue = anatomy.tissue.array[k]
        plane += weights[k] * table[anatomy.instance.array[k], tissue] * (1 + TEXTURED[tissue] * texture)
    return plane


def cropped(volume: RealVolume, disc: int) -> RealVolume:
    """The part of a volume around the back of one of its discs."""
    near = np.abs(volume.arc - volume.discs[disc]) + 2 * np.abs(volume.depth)
    row, column = np.unravel_index(int(near.argmin()), near.shape)
    ranges = []
    for centre, (low, high), size in zip((row, column), _CROP_MM, near.shape, strict=True):
        start = max(0, int(centre + low / volume.spacing_mm))
        ranges.append(slice(start, min(size, int(centre + high / volume.spacing_mm))))
    box = tuple(ranges)
    return replace(
        volume,
        image=volume.image[(slice(None), *box)],
        classes=volume.classes[(slice(None), *box)],
        unsure=volume.unsure[box],
        arc=volume.arc[box],
        depth=volume.depth[box],
        focus=(float(row - box[0].start), float(column - box[1].start)),
    )


def _local(rng: np.random.Generator, volumes: list[RealVolume]) -> _Local:
    """One real volume around one of its lowest discs, four times in five with a fragment."""
    whole = volumes[int(rng.integers(len(volumes)))]
    disc = min(int(rng.choice(5, p=[0.26, 0.30, 0.18, 0.15, 0.11])), len(whole.discs) - 1)
    volume = cropped(whole, disc)
    drawn = paste_fragment(rng, volume, disc=disc) if rng.random() < 0.8 else None
    if drawn is None or drawn.volume_mm3 == 0:
        return _Local(volume, np.zeros(volume.classes.shape, dtype=np.float16), None)
    where = float(np.average(np.arange(len(drawn.mask)), weights=drawn.mask.sum(axis=(1, 2))))
    pasted = replace(volume, image=drawn.image, classes=drawn.classes)
    return _Local(pasted, drawn.rim.astype(np.float16), where * volume.pitch_mm)


def real_planes(rng: np.random.Generator, local: _Local) -> Sample:
    """Three slices of a real T2 volume, and then the share of bright rim in each of them."""
    volume = local.volume
    positions = (np.arange(len(volume.image)) * volume.pitch_mm).astype(np.float32)
    thickness, pitch = draw_slab(rng)
    reach = float(positions[-1])
    middle = volume.middle * volume.pitch_mm + rng.normal(0, 4.5)
    if local.where is not None and rng.random() < 0.75:
        middle = local.where + rng.normal(0, 3.5)
    middle = float(np.clip(middle, 0.1 * reach, 0.9 * reach))
    flip = 1 if rng.random() < 0.5 else -1
    weights = slice_weights(positions, middle, thickness)
    chosen = np.nonzero(weights)[0]
    occupancy = soft_classes(volume.classes[chosen], weights[chosen])
    planes = np.zeros((6, *occupancy.shape[1:]), dtype=np.float32)
    for k, step in enumerate((-1, 0, 1)):
        w = slice_weights(positions, float(np.clip(middle + flip * step * pitch, 0, reach)), thickness)
        used = slice(int(np.nonzero(w)[0][0]), int(np.nonzero(w)[0][-1]) + 1)
        planes[k] = np.tensordot(w[used], volume.image[used], axes=1)
        if local.where is not None:
            planes[3 + k] = np.tensordot(w[used], local.rim[used].astype(np.float32), axes=1)
    return Sample(planes, occupancy, volume.unsure.astype(np.float32), volume.spacing_mm, volume.focus)


def dressed(rng: np.random.Generator, planes: Tensor, occupancy: Tensor, present: tuple[int, ...]) -> Tensor:
    """What :func:`real_planes` gives, warped, as slices (12, H, W) of all series that are present."""
    hard = occupancy.numpy().argmax(axis=0).astype(np.uint8)
    slices = torch.zeros((3 * len(SLOTS), *hard.shape))
    state = int(rng.integers(2**31))
    if rng.random() < _RELIT:
        planes = torch.from_numpy(np.concatenate([relit(rng, planes[:3].numpy(), hard), planes[3:].numpy()]))
    for slot in present:
        for k in range(3):
            looks = np.random.default_rng(state)
            seen = _looking_like(looks, slot, planes[k].numpy(), hard, planes[3 + k].numpy())
            slices[3 * slot + k] = torch.from_numpy(seen)
    return slices


def _looking_like(
    rng: np.random.Generator, slot: int, plane: Floats, classes: NDArray[np.uint8], rim: Floats
) -> Floats:
    """A T2 plane as it might look in another series of the same patient; one seed gives one patient's looks."""
    if slot == 0:
        return plane
    if SLOTS[slot] == "stir":
        return other_gains(rng, plane, classes, fatless=True)
    image = t1_like(rng, plane, classes)
    granulation, uptake = rng.random() < 0.6, rng.uniform(1.4, 3.0)
    if not granulation or not rim.any():
        return image
    # Granulation tissue looks like soft tissue before contrast medium, and lights up after it.
    tissue = float(np.median(image[classes == 3])) if (classes == 3).any() else float(np.median(image))
    return np.asarray(image * (1 - rim) + rim * tissue * (uptake if SLOTS[slot] == "t1gd" else 1.0), dtype=np.float32)


class FineMaker:
    """Makes samples (16, H, W): three slices in each of four series, then four planes that tell which exist."""

    def __init__(self, config: StreamConfig) -> None:
        self.config = config
        self.bank = Carousel(config.local)
        self.volumes = [load_volume(config.spider / f"{n}_t2space.npz", halved=False) for n in TRAINING]
        if config.further is not None:
            self.volumes += [load_volume(path, halved=False) for path in sorted(config.further.glob("*.npz"))]
        self.pool: list[_Local] = []

    def _real(self, rng: np.random.Generator) -> _Local:
        if len(self.pool) < _POOL or rng.random() < _RENEW:
            fresh = _local(rng, self.volumes)
            self.pool = [*self.pool[-_POOL + 1 :], fresh]
            return fresh
        return self.pool[int(rng.integers(len(self.pool)))]

    def make(self, rng: np.random.Generator) -> Batch:
        """One sample."""
        real = rng.random() < self.config.real_share or not self.bank
        present = _draw_set(rng)
        sample = real_planes(rng, self._real(rng)) if real else generated_sample(rng, self.bank.draw(rng), present)
        bent = rng.random() < _BENT
        slices, occupancy, unsure = warp(
            rng, sample, self.config.size, pixel_mm=PIXEL_MM, wander=0.7, part=True, bent=bent
        )
        if real:
            slices = dressed(rng, slices, occupancy, present)
        images = torch.zeros((len(slices) + len(SLOTS), *self.config.size))
        for slot in present:
            part = slice(3 * slot, 3 * slot + 3)
            seen = slices[part] if slot == present[0] else _displaced(rng, slices[part])
            own = normalise(acquire(rng, seen.numpy()))
            images[part] = torch.from_numpy(own * np.float32(np.exp(rng.normal(0, 0.1))) + rng.normal(0, 0.15))
            images[len(slices) + slot] = 1.0
        return images, occupancy, unsure

    def refresh(self) -> None:
        """Look for anatomies made meanwhile."""
        self.bank.refresh()


def _displaced(rng: np.random.Generator, slices: Tensor) -> Tensor:
    """Slices of a series between which and the first one the patient moved a little."""
    angle = np.deg2rad(rng.normal(0, 0.4))
    linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    rows, columns = slices.shape[1:]
    shift = rng.normal(0, 0.45, 2) / PIXEL_MM
    return resampled(slices, linear, ((rows - 1) / 2 + shift[0], (columns - 1) / 2 + shift[1]), (rows, columns))
