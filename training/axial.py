"""Samples for the axial network: generated anatomy, and real volumes cut across and set into it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from pipeline.phantom.anatomy import NETWORK_CLASS, AnatomyMap, NetworkClass, Tissue
from pipeline.phantom.anatomy.curve import SpineCurve, make_curve
from pipeline.segmentation.normalise import normalise
from training.axial_real import Strip, cut_across, in_front, paste, set_into
from training.bank import load
from training.contrast import draw_means, intensity_table
from training.effects import acquire, smooth_field
from training.oblique import PIXEL_MM, Frame, draw_frame
from training.paste import Pasted
from training.sample import Floats, draw_slab, soft_classes
from training.spider import RealVolume, load_volume
from training.split import TRAINING
from training.stream import Batch, StreamConfig
from training.synthetic import TEXTURED

_MARGIN_MM = 12.0
_PASTED_AT_ONCE = 24
_PASTE_AGAIN = 0.25
"""Drawing a fragment into a volume takes longer than cutting it: each is used about four times."""


_TRIES = 5
_NO_FAT = 0.5
"""Share of samples without fat between disc and sac."""


@dataclass(frozen=True, eq=False)
class LocalMap:
    """A generated anatomy with the curve that it was made along."""

    anatomy: AnatomyMap
    curve: SpineCurve

    def place(self, rng: np.random.Generator) -> tuple[NDArray[np.float64], float, float]:
        """Where a slice is to lie: a point in the canal (LPS mm), its tilt (degrees), and its level (body index)."""
        curve, volume = self.curve, self.anatomy.tissue
        last = self.anatomy.spine.names.index("S1") - 1
        height = volume.affine[2, 3] - volume.shape[1] * volume.spacing_mm[1] * np.array([0.0, 1.0])
        low = max(curve.disc_arc[last - 2] - 32, curve.arc[curve.wall[:, 1] < height[0] - _MARGIN_MM][0])
        high = min(curve.disc_arc[last] + 44, curve.arc[curve.wall[:, 1] > height[1] + _MARGIN_MM][-1])
        centroids = list(self.anatomy.fragment_centroid_lps.values())
        if centroids and rng.random() < 0.4:
            _, y, z = centroids[int(rng.integers(len(centroids)))]
            nearest = np.argmin(((curve.wall - np.array([y, z])) ** 2).sum(axis=1))
            arc = curve.arc[nearest] + rng.normal(0, 4.5)
        elif rng.random() < 0.5:
            arc = curve.disc_arc[last - int(rng.integers(3))] + rng.normal(0, 4)
        else:
            arc = rng.uniform(low, high)
        arc = float(np.clip(arc, low, high))
        at = int(np.clip(np.searchsorted(curve.arc, arc), 0, len(curve.arc) - 1))
        tangent = curve.wall_tangent[at]
        point = curve.wall[at] + 0.5 * self.anatomy.spine.canal_depth_mm * np.array([-tangent[1], tangent[0]])
        down = curve.disc_down[last - int(np.argmin(np.abs(curve.disc_arc[last - 2 : last + 1][::-1] - arc)))]
        tilt = float(np.rad2deg(np.arctan2(down[0], -down[1]))) + rng.normal(0, 7)
        if rng.random() < 0.3:
            # One block of parallel slices across all discs.
            tilt = rng.normal(3, 7)
        return np.array(curve.point_lps(point)), tilt, float(curve.level(np.array(arc)))


@dataclass(frozen=True, eq=False)
class Picture:
    """Three neighbouring slices (3, H, W), the occupancies (6, H, W) of the middle one, and the canal's place there."""

    slices: Floats
    occupancy: Floats
    unsure: Floats
    canal: tuple[float, float]


def _pulsation(rng: np.random.Generator, csf: Floats) -> Floats:
    """Factor (3, H, W) that darkens some of the fluid of each slice, as its pulsation does."""
    depth = rng.uniform(0.2, 0.9)
    factors = []
    for share in csf:
        blob = 1 / (
            1
            + np.exp(
                -4 * (smooth_field(rng, (share.shape[0], share.shape[1]), rng.uniform(4, 9)) - rng.uniform(0.2, 1.4))
            )
        )
        factors.append(1 - depth * blob * share)
    return np.stack(factors).astype(np.float32)


def _add_ilium(rng: np.random.Generator, picture: Picture, means: Floats) -> Floats:
    """Iliac wings beside the lowest discs, where the generator has muscle: slices (3, H, W)."""
    rows, columns = np.indices(picture.slices.shape[1:]).astype(np.float32)
    y, x = (rows - picture.canal[0]) * PIXEL_MM, (columns - picture.canal[1]) * PIXEL_MM
    slices = picture.slices.copy()
    start = np.array([rng.uniform(46, 62), rng.uniform(-18, 4)])
    end = np.array([rng.uniform(30, 44), rng.uniform(22, 48)])
    half, level = rng.uniform(4, 11), means[Tissue.SACRUM] * np.exp(rng.normal(0, 0.1))
    bend = 0.12 * smooth_field(rng, picture.slices.shape[1:], 30.0)
    for side in (-1, 1):
        along = end - start
        part = np.clip(((side * x - start[0]) * along[0] + (y - start[1]) * along[1]) / (along @ along), 0, 1)
        away = np.hypot(side * x - start[0] - part * along[0], y - start[1] - part * along[1]) / (1 + bend)
        bone = np.clip(half - away + 0.5, 0, 1) * picture.occupancy[NetworkClass.BACKGROUND]
        marrow = np.clip(half - 1.6 - away + 0.5, 0, 1)
        value = marrow * level + (1 - marrow) * means[Tissue.SACRUM_CORTEX]
        slices = slices * (1 - bone) + value * bone
    return slices.astype(np.float32)


def render(rng: np.random.Generator, chosen: LocalMap, size: tuple[int, int], wet: bool | None = None) -> Picture:
    """Slices across a generated anatomy in a random contrast; `wet` asks for bright (or dark) fluid."""
    anatomy = chosen.anatomy
    point, tilt, level = chosen.place(rng)
    frame = draw_frame(rng, point, tilt, draw_slab(rng), size)
    kind, means = draw_means(rng)
    while wet is not None and (kind == "random" or kind.startswith("t1") == wet):
        kind, means = draw_means(rng)
    if kind.startswith("t1"):
        # In thick axial slices fluid and roots are often as bright as discs.
        means[Tissue.CSF] *= np.exp(rng.uniform(0.25, 1.15))
        if rng.random() < 0.7:
            # … and roots cannot be told from it.
            means[Tissue.CAUDA_EQUINA] = means[Tissue.CSF] * rng.uniform(0.95, 1.2)
            means[Tissue.DURA] = means[Tissue.CSF] * rng.uniform(0.6, 1.1)
    table = intensity_table(rng, anatomy, means)
    centres, count = frame.planes(rng)
    index = frame.index(centres, anatomy.tissue.affine)
    shape = anatomy.tissue.shape
    at = np.zeros(index[0].shape, dtype=np.int32)
    for axis, n in zip(index, shape, strict=True):
        at = at * n + np.clip(np.rint(axis).astype(np.int32), 0, n - 1)
    tissue, instance = anatomy.tissue.array.ravel()[at], anatomy.instance.array.ravel()[at]
    classes = NETWORK_CLASS[tissue[count : 2 * count]]
    if rng.random() < _NO_FAT:
        tissue = _without_fat(rng, tissue, _pixel_of(frame, point))
    texture = 1 + rng.uniform(0.03, 0.15) * smooth_field(rng, size, float(rng.choice([3, 6, 14])))
    texture = texture + rng.uniform(0, 0.06) * rng.standard_normal(size)
    value = table.ravel()[instance.astype(np.int32) * table.shape[1] + tissue]
    value *= (1 + TEXTURED[tissue] * (texture - 1)).astype(np.float32)
    slices = value.reshape(3, count, *size).mean(axis=1)
    if means[Tissue.CSF] > 1.6 * means[Tissue.DISC_ANNULUS] and rng.random() < 0.4:
        csf = (tissue == Tissue.CSF).reshape(3, count, *size).mean(axis=1, dtype=np.float32)
        slices = slices * _pulsation(rng, csf)
    weights = np.full(count, 1 / count, dtype=np.float32)
    occupancy = soft_classes(classes, weights)
    picture = Picture(slices, occupancy, np.zeros(size, dtype=np.float32), _pixel_of(frame, point))
    if level > anatomy.spine.names.index("S1") - 1.2 and rng.random() < 0.75:
        picture = Picture(_add_ilium(rng, picture, means), occupancy, picture.unsure, picture.canal)
    return picture


def _without_fat(rng: np.random.Generator, tissue: NDArray[np.uint8], canal: tuple[float, float]) -> NDArray[np.uint8]:
    """Planes where the sac touches the disc, as it mostly does: no fat is seen between them."""
    row, column = (round(value) for value in canal)
    box = (slice(None), slice(max(0, row - 36), max(1, row + 8)), slice(max(0, column - 24), max(1, column + 25)))
    part = tissue[box]
    disc = (part == Tissue.DISC_ANNULUS) | (part == Tissue.DISC_NUCLEUS)
    near = ndimage.binary_dilation(disc, np.ones((1, 3, 3), dtype=bool), iterations=int(rng.integers(2, 6)))
    seen = tissue.copy()
    thin = (part == Tissue.EPIDURAL_FAT) | (part == Tissue.LIGAMENT)
    seen[box][near & thin] = rng.choice([Tissue.CSF, Tissue.DURA, Tissue.DISC_ANNULUS, Tissue.LIGAMENT])
    return seen


def _pixel_of(frame: Frame, point: NDArray[np.float64]) -> tuple[float, float]:
    """Row and column nearest to a point in LPS mm."""
    away = point - frame.centre
    row, column = (float(away @ axis / (axis @ axis)) for axis in (frame.row, frame.column))
    return row + (frame.size[0] - 1) / 2, column + (frame.size[1] - 1) / 2


class AxialMaker:
    """Makes axial samples; see :class:`training.stream.Maker`."""

    def __init__(self, config: StreamConfig, patients: tuple[int, ...] = TRAINING) -> None:
        self.config = config
        self.known: set[Path] = set()
        self.bank: list[LocalMap] = []
        self.refresh()
        self.real: list[RealVolume] = [load_volume(config.spider / f"{n}_t2space.npz") for n in patients]
        self.pasted: list[tuple[RealVolume, Pasted]] = []

    def refresh(self) -> None:
        """Read what was added to the bank since."""
        self.bank += [LocalMap(item, make_curve(item.spine)) for item in load(self.config.local, self.known)]

    def _strip(self, rng: np.random.Generator) -> Strip:
        """Slices across a real volume, half of them with a fragment."""
        slab = draw_slab(rng)
        if rng.random() < 0.4:
            volume = self.real[int(rng.integers(len(self.real)))]
            return cut_across(rng, volume, None, slab, self.config.size[0])
        if len(self.pasted) < _PASTED_AT_ONCE or rng.random() < _PASTE_AGAIN:
            volume = self.real[int(rng.integers(len(self.real)))]
            self.pasted = [*self.pasted[-_PASTED_AT_ONCE + 1 :], (volume, paste(rng, volume))]
            volume, pasted = self.pasted[-1]
        else:
            volume, pasted = self.pasted[int(rng.integers(len(self.pasted)))]
        return cut_across(rng, volume, pasted, slab, self.config.size[0])

    def _around(self, rng: np.random.Generator, chosen: LocalMap, strip: Strip) -> Picture:
        """A generated slice to set a strip into: through a disc if the strip is, with fluid as bright."""
        picture = render(rng, chosen, self.config.size, strip.wet)
        for _ in range(_TRIES):
            if in_front(picture.occupancy, picture.canal) == in_front(strip.occupancy, strip.canal):
                break
            picture = render(rng, chosen, self.config.size, strip.wet)
        return picture

    def make(self, rng: np.random.Generator) -> Batch:
        """One sample."""
        chosen = self.bank[int(rng.integers(len(self.bank)))]
        if rng.random() < self.config.real_share:
            strip = self._strip(rng)
            picture = self._around(rng, chosen, strip)
            arrays = set_into(strip, picture.slices, picture.occupancy, picture.canal)
            picture = Picture(*arrays, picture.canal)
        else:
            picture = render(rng, chosen, self.config.size)
        # Scanner effects know the back of the patient as the last column: there the coil lies.
        seen = acquire(rng, picture.slices.transpose(0, 2, 1)).transpose(0, 2, 1)
        images = normalise(seen) * np.float32(np.exp(rng.normal(0, 0.10))) + np.float32(rng.normal(0, 0.15))
        return _tensor(images), _tensor(picture.occupancy), _tensor(picture.unsure)


def _tensor(array: Floats) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
