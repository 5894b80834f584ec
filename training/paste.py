"""Displaced disc material of a known volume, drawn into the canal of a real volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from pipeline.phantom.anatomy import NetworkClass
from training.effects import smooth_field
from training.sample import Floats

if TYPE_CHECKING:
    from training.spider import RealVolume

_REACH_MM = 36.0
_SMALLEST_VOXELS = 20
_LARGEST_SHARE = 0.75
"""A fragment takes at most this share of the room around it."""
_FARTHEST_MM = 18.0
"""Small fragments migrate as far as large ones do, lest a network believe that far from a disc there are none."""


@dataclass(frozen=True)
class _Piece:
    """A superellipsoid: centre and semi-axes (mm) along the canal, behind its front, and sideways; its exponent.

    ``turn`` (3, 3) takes offsets from the centre to its own axes; None where these are those of the canal.
    """

    centre: tuple[float, float, float]
    semi: tuple[float, float, float]
    power: float
    turn: NDArray[np.float64] | None = None

    def scale_at(self, s: Floats, d: Floats, x: Floats) -> Floats:
        """By how much it must grow to reach places: `s` and `d` of (rows, columns), `x` of (slices,)."""
        offsets = [a - c for a, c in zip((s, d, x), self.centre, strict=True)]
        if self.turn is None:
            axes = [np.abs(offset / r) ** self.power for offset, r in zip(offsets, self.semi, strict=True)]
            total = (axes[0] + axes[1])[None] + axes[2][:, None, None]
        else:
            total = np.zeros((len(x), *s.shape), dtype=np.float32)
            for row, r in zip(self.turn.astype(np.float32), self.semi, strict=True):
                own = (row[0] * offsets[0] + row[1] * offsets[1])[None] + (row[2] * offsets[2])[:, None, None]
                total += np.abs(own / r) ** self.power
        return np.asarray(total ** (1 / self.power), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Pasted:
    """A volume with a fragment.

    Attributes
    ----------
    image, classes
        Copies of the volume's, with the fragment.
    mask
        Where the fragment lies.
    rim
        0 … 1: share of a voxel that is a bright rim around it, granulation tissue or fat; all 0 without one.
    volume_mm3
        What it holds; 0 where there was no room.
    """

    image: Floats
    classes: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    rim: Floats
    volume_mm3: float


def paste_fragment(
    rng: np.random.Generator, volume: RealVolume, volume_mm3: float | None = None, disc: int | None = None
) -> Pasted:
    """Draw displaced material into the canal of a copy.

    Parameters
    ----------
    rng
        Source of chance.
    volume
        Where to.
    volume_mm3
        Wanted volume; random when None.
    disc
        Parent disc, 0 the lowest; random when None.
    """
    index = disc if disc is not None else int(rng.choice(5, p=[0.30, 0.30, 0.18, 0.13, 0.09]))
    at = volume.discs[min(index, len(volume.discs) - 1)]
    wanted = volume_mm3 or float(np.exp(rng.uniform(np.log(70), np.log(2400))))
    near = (np.abs(volume.arc - at) < _REACH_MM) & (np.abs(volume.depth - 5) < 14)
    box = ndimage.find_objects(near.astype(np.uint8))[0]
    needed = _scale_needed(rng, volume, box, at, wanted)
    needed[~(_allowed(volume, box) & near[box])] = np.inf
    voxel = volume.spacing_mm**2 * volume.pitch_mm
    finite = np.isfinite(needed)
    count = min(round(wanted / voxel), int(finite.sum() * _LARGEST_SHARE))
    mask = np.zeros(volume.classes.shape, dtype=bool)
    if count < _SMALLEST_VOXELS:
        return Pasted(volume.image, volume.classes, mask, mask.astype(np.float32), 0.0)
    mask[(slice(None), *box)] = needed < np.partition(needed[finite], count)[count]
    image, rim = _blend(rng, volume, mask)
    classes = np.where(mask, np.uint8(NetworkClass.FRAGMENT), volume.classes)
    return Pasted(image, classes, mask, rim, float(mask.sum() * voxel))


def _allowed(volume: RealVolume, box: tuple[slice, slice]) -> NDArray[np.bool_]:
    """Canal, epidural space, recess and foramen; a disc has its back at about 2 mm in front of the canal."""
    here, depth = volume.classes[(slice(None), *box)], volume.depth[box]
    epidural = (here == NetworkClass.BACKGROUND) & (depth > -4) & (depth < 8)
    return np.asarray((here == NetworkClass.CANAL) | epidural)


def _scale_needed(
    rng: np.random.Generator, volume: RealVolume, box: tuple[slice, slice], at: float, wanted: float
) -> Floats:
    """By how much the pieces must grow until they reach each voxel of the box."""
    s, d = volume.arc[box] - at, volume.depth[box] + 1.5
    half = len(volume.image) * volume.pitch_mm / 2
    aside = rng.normal(0, 2.5) if rng.random() < 0.6 else rng.uniform(-half, half)
    x = (np.arange(len(volume.image)) - volume.middle) * volume.pitch_mm - aside
    needed = np.full((len(x), *s.shape), np.inf, dtype=np.float32)
    for piece in _pieces(rng, wanted):
        np.minimum(needed, piece.scale_at(s, d, x), out=needed)
    rough = rng.uniform(0.02, 0.14) if rng.random() < 0.7 else rng.uniform(0.14, 0.26)
    needed *= 1 + rough * _field(rng, needed.shape, volume, rng.uniform(2.5, 7))
    return needed


def _way(rng: np.random.Generator, wanted: float) -> float:
    """How far along the canal a fragment reaches from its disc, feet positive (mm)."""
    farthest = 4 + 12 * min(1.0, wanted / 900) if rng.random() < 0.5 else _FARTHEST_MM
    return float(rng.uniform(-1, 1)) * farthest


def _pieces(rng: np.random.Generator, wanted: float) -> list[_Piece]:
    """A chain, a flat plaque, a mushroom, a lump, or two lumps."""
    size = (wanted / 3.6) ** (1 / 3)
    way = _way(rng, wanted)
    lift = float(rng.uniform(0.0, 0.35)) * size + (float(rng.uniform(0, 10)) if rng.random() < 0.35 else 0.0)
    power = float(rng.uniform(1.8, 3.2)) if rng.random() < 0.8 else float(rng.uniform(3.2, 7.0))
    kind = rng.choice(["chain", "flat", "mushroom", "lump", "pair"], p=[0.33, 0.17, 0.15, 0.25, 0.1])
    if kind == "flat":
        return [_Piece((way, 0.2 * lift, 0.0), (1.5 * size, 0.55 * size, 1.4 * size), power, _turn(rng, 0.4))]
    if kind == "mushroom":
        neck = _Piece((0.0, 0.0, 0.0), (0.35 * size, 0.6 * size, 0.5 * size), 2.0)
        return [neck, _Piece((0.5 * way, lift + 0.4 * size, 0.0), _semi(rng, size), power)]
    if kind == "lump":
        return [_Piece((way, lift, 0.0), _semi(rng, size), power, _turn(rng, 0.6))]
    if kind == "pair":
        other = way - float(np.sign(way)) * size * rng.uniform(1.2, 2.2)
        return [_Piece((p, lift, rng.normal(0, 0.4 * size)), _semi(rng, 0.8 * size), power) for p in (way, other)]
    # What lies farther off than it is large has mostly lost its way back to the disc.
    loose = 0.8 if abs(way) > 2 * size else 0.25
    start = float(rng.uniform(0.5, 1.0)) * way if rng.random() < loose else 0.0
    return [_Piece((p, lift, 0.0), _semi(rng, size), power) for p in np.linspace(start, way, 4)]


def _turn(rng: np.random.Generator, share: float) -> NDArray[np.float64] | None:
    """A random direction for a `share` of the pieces."""
    return np.asarray(Rotation.random(random_state=rng).as_matrix()) if rng.random() < share else None


def _semi(rng: np.random.Generator, size: float) -> tuple[float, float, float]:
    a, b, c = size * rng.uniform(0.75, 1.3, 3)
    return float(a), float(b), float(c)


def _field(rng: np.random.Generator, shape: tuple[int, ...], volume: RealVolume, cell_mm: float) -> Floats:
    """Smooth noise in space, of about unit variance."""
    spacing = (volume.pitch_mm, volume.spacing_mm, volume.spacing_mm)
    small = [int(np.ceil(n * s / cell_mm)) + 2 for n, s in zip(shape, spacing, strict=True)]
    zoom = [n / k for n, k in zip(shape, small, strict=True)]
    coarse = rng.standard_normal(small).astype(np.float32)
    return np.asarray(ndimage.zoom(coarse, zoom, order=1, grid_mode=True, mode="nearest") * 1.4, dtype=np.float32)


def _level(rng: np.random.Generator, volume: RealVolume) -> float:
    """Intensity: like the patient's discs most of the time, from nearly black to nearly CSF else."""
    bright = volume.canal_level
    if rng.random() < 0.68:
        return float(bright * rng.uniform(0.06, 0.92))
    return float(np.clip(volume.disc_levels[1] * np.exp(rng.normal(0.15, 0.4)), 0.02 * bright, 0.85 * bright))


def _blend(rng: np.random.Generator, volume: RealVolume, whole_mask: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """The image with the mask filled by disc-like texture, often a rim and a sac without its fluid; the bright rim."""
    found = ndimage.find_objects(whole_mask.astype(np.uint8))[0]
    margin = (4, round(7 / volume.spacing_mm), round(7 / volume.spacing_mm))
    box = tuple(slice(max(0, part.start - m), part.stop + m) for part, m in zip(found, margin, strict=True))
    whole, mask, classes = volume.image.copy(), whole_mask[box], volume.classes[box]
    image = _effaced(rng, volume, whole[box], mask, classes)
    image, shell = _rimmed(rng, volume, image, mask, classes)
    low, _, high = volume.disc_levels
    level = _level(rng, volume)
    grain = max(high - low, level * rng.uniform(0, 0.5))
    fill = level + grain * _texture(rng, volume, mask.shape)
    soft = rng.uniform(0.25, 0.65) / volume.spacing_mm
    alpha = ndimage.gaussian_filter(mask.astype(np.float32), (rng.uniform(0.3, 0.5), soft, soft), truncate=3.0)
    whole[box] = np.clip(image * (1 - alpha) + fill * alpha, 0, None)
    rim = np.zeros(whole.shape, dtype=np.float32)
    rim[box] = shell * (1 - alpha)
    return whole, rim


def _texture(rng: np.random.Generator, volume: RealVolume, shape: tuple[int, ...]) -> Floats:
    """Smooth noise with grain, or what some other place of the same image looks like; mean about 0."""
    own = rng.uniform(0.1, 0.5) * _field(rng, shape, volume, rng.uniform(1.0, 4.0))
    if rng.random() < 0.35:
        starts = [int(rng.integers(n - m + 1)) for n, m in zip(volume.image.shape, shape, strict=True)]
        place = tuple(slice(a, a + m) for a, m in zip(starts, shape, strict=True))
        other = volume.image[place].astype(np.float32)
        flat = other - ndimage.gaussian_filter(other, (1, 8, 8))
        own = rng.uniform(0.3, 0.8) * flat / (float(flat.std()) + 1e-3)
    return np.asarray(own + rng.uniform(0.05, 0.2) * rng.standard_normal(shape), dtype=np.float32)


def _effaced(
    rng: np.random.Generator, volume: RealVolume, image: Floats, mask: NDArray[np.bool_], classes: NDArray[np.uint8]
) -> Floats:
    """A pressed sac holds roots and little fluid: it is darker beside the fragment."""
    if rng.random() < 0.45:
        return image
    spacing = (volume.pitch_mm, volume.spacing_mm, volume.spacing_mm)
    distance = ndimage.distance_transform_edt(~mask, sampling=spacing)
    dark = rng.uniform(0.2, 0.75) * np.exp(-((distance / rng.uniform(2.0, 6.0)) ** 2))
    return np.asarray(np.where(classes == NetworkClass.CANAL, image * (1 - dark), image), dtype=np.float32)


def _rimmed(
    rng: np.random.Generator, volume: RealVolume, image: Floats, mask: NDArray[np.bool_], classes: NDArray[np.uint8]
) -> tuple[Floats, Floats]:
    """A dark line (dura, posterior ligament) or a bright rim (granulation tissue, epidural fat), in places."""
    kind = rng.random()
    if kind > 0.58:
        return image, np.zeros_like(image)
    spacing = (volume.pitch_mm, volume.spacing_mm, volume.spacing_mm)
    thick = rng.uniform(0.5, 1.2) if kind < 0.38 else rng.uniform(0.7, 2.2)
    outside = ndimage.distance_transform_edt(~mask, sampling=spacing)
    shell = np.clip((thick - outside) / 0.5 + 0.5, 0, 1) * rng.uniform(0.5, 1)
    shell *= np.clip(0.7 + _field(rng, mask.shape, volume, 8.0), 0, 1)
    colour = 0.3 * volume.disc_levels[0] if kind < 0.38 else volume.canal_level * rng.uniform(0.35, 0.85)
    tissue = np.isin(classes, (NetworkClass.VERTEBRA, NetworkClass.SACRUM, NetworkClass.DISC))
    shell = np.where(tissue, 0, shell)
    grain = 1 + 0.1 * smooth_field(rng, mask.shape[1:], 3.0)[None]
    lined = np.asarray(image * (1 - shell) + colour * grain * shell, dtype=np.float32)
    return lined, np.asarray(shell if kind >= 0.38 else 0 * shell, dtype=np.float32)
