"""Axial slices of real SPIDER T2 SPACE volumes: narrow strips, set into generated slices of the same look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.phantom.anatomy import NetworkClass
from training.oblique import PIXEL_MM, Frame
from training.paste import Pasted, paste_fragment
from training.sample import Floats, soft_classes
from training.spider import RealVolume, other_gains, t1_like

_SEAM = 3
"""Columns on each side of a strip's border that count nowhere."""

_CANAL_DEPTH_MM = 6.0


@dataclass(frozen=True, eq=False)
class Strip:
    """Three neighbouring slices (3, H, W) of a real volume, as wide as it reaches, with the canal in the middle row.

    Attributes
    ----------
    slices, occupancy, unsure
        (3, H, W), (6, H, W), (H, W).
    canal
        Row and column of the canal's middle.
    wet
        Whether fluid is bright.
    """

    slices: Floats
    occupancy: Floats
    unsure: Floats
    canal: tuple[float, float]
    wet: bool


def paste(rng: np.random.Generator, volume: RealVolume) -> Pasted:
    """A fragment at one of the lower discs."""
    return paste_fragment(rng, volume, disc=int(rng.choice(3, p=[0.4, 0.4, 0.2])))


def _target(rng: np.random.Generator, volume: RealVolume, pasted: Pasted | None) -> tuple[int, int]:
    """Row and column in the middle of the canal that a slice is to cross."""
    arc = volume.discs[min(int(rng.integers(3)), len(volume.discs) - 1)] + rng.normal(0, 6)
    if rng.random() < 0.25:
        arc = rng.uniform(volume.discs[min(2, len(volume.discs) - 1)] - 32, volume.discs[0] + 30)
    if pasted is not None and pasted.volume_mm3 > 0 and rng.random() < 0.85:
        arc = float(np.median(volume.arc[pasted.mask.any(axis=0)])) + rng.normal(0, 4)
    away = np.abs(volume.arc - arc) + np.abs(volume.depth - _CANAL_DEPTH_MM)
    row, column = np.unravel_index(int(away.argmin()), away.shape)
    return int(row), int(column)


def _tilt(volume: RealVolume, row: int, column: int) -> float:
    """Direction of the canal there: the angle by which its way down points to posterior."""
    box = tuple(slice(max(0, k - 6), k + 7) for k in (row, column))
    down, back = np.gradient(volume.arc[box])
    return float(np.arctan2(np.median(back), np.median(down)))


def cut_across(
    rng: np.random.Generator, volume: RealVolume, pasted: Pasted | None, slab: tuple[float, float], rows: int
) -> Strip:
    """Cut slices across a volume, nearly at right angles to its canal.

    Parameters
    ----------
    rng
        Source of chance.
    volume, pasted
        The volume, and the copy with a fragment that stands for it.
    slab
        Thickness and distance of slices, mm.
    rows
        Rows of the strip.
    """
    row, column = _target(rng, volume, pasted)
    image, classes = (volume.image, volume.classes) if pasted is None else (pasted.image, pasted.classes)
    width = int((len(image) - 1) * volume.pitch_mm / PIXEL_MM)
    frame = _frame(rng, volume, (row, column), slab, (rows, width))
    centres, count = frame.planes(rng)
    scale = np.diag([volume.pitch_mm, volume.spacing_mm, volume.spacing_mm, 1.0])
    index = np.stack(frame.index(centres, scale))
    value = ndimage.map_coordinates(image, index, order=1, mode="nearest")
    nearest = [np.clip(np.rint(a).astype(np.int32), 0, n - 1) for a, n in zip(index, image.shape, strict=True)]
    middle = slice(count, 2 * count)
    labels = classes[nearest[0][middle], nearest[1][middle], nearest[2][middle]]
    occupancy = soft_classes(labels, np.full(count, 1 / count, dtype=np.float32))
    unsure = volume.unsure[nearest[1][middle], nearest[2][middle]].mean(axis=0)
    # Rows beyond the volume, top and bottom, show nothing.
    inside = [(a[middle] > -0.5) & (a[middle] < n - 0.5) for a, n in zip(index, image.shape, strict=True)]
    occupancy *= np.all(inside, axis=(0, 1))
    slices = value.reshape(3, count, rows, width).mean(axis=1).astype(np.float32)
    slices, wet = _look(rng, slices, occupancy.argmax(axis=0).astype(np.uint8))
    away = np.array([volume.middle * volume.pitch_mm - frame.centre[0]]) / PIXEL_MM
    place = (rows - 1) / 2, (width - 1) / 2 + float(away[0]) * float(np.sign(frame.column[0]))
    return Strip(slices, occupancy, unsure.astype(np.float32), place, wet)


def _look(rng: np.random.Generator, slices: Floats, hard: NDArray[np.uint8]) -> tuple[Floats, bool]:
    """The slices as they are, like T1, or with other gains; and whether fluid is bright in them."""
    kind, state = float(rng.random()), int(rng.integers(2**31))
    if kind < 0.4:
        return slices, True
    if kind < 0.75:
        dark = np.stack([t1_like(np.random.default_rng(state), plane, hard) for plane in slices])
        canal = ndimage.gaussian_filter((hard == NetworkClass.CANAL).astype(np.float32), 0.6)
        lift = canal * np.float32(np.percentile(dark, 99) * rng.uniform(0.04, 0.28))
        return (dark + lift).astype(np.float32), False
    fatless = kind > 0.88
    return np.stack([other_gains(np.random.default_rng(state), p, hard, fatless=fatless) for p in slices]), True


def _frame(
    rng: np.random.Generator,
    volume: RealVolume,
    at: tuple[int, int],
    slab: tuple[float, float],
    size: tuple[int, int],
) -> Frame:
    """Slices in mm along the axes of the volume's array (slice, row, column)."""
    tilt = _tilt(volume, *at) + np.deg2rad(rng.normal(0, 8))
    down = np.array([0.0, np.cos(tilt), np.sin(tilt)])
    back = np.array([0.0, -np.sin(tilt), np.cos(tilt)])
    side = np.array([1.0 if rng.random() < 0.5 else -1.0, 0.0, 0.0])
    centre = np.array(
        [(len(volume.image) - 1) / 2 * volume.pitch_mm, at[0] * volume.spacing_mm, at[1] * volume.spacing_mm]
    )
    pixel = PIXEL_MM * float(np.exp(rng.normal(0, 0.05)))
    turn = 1 if rng.random() < 0.5 else -1
    return Frame(centre, back * pixel, side * PIXEL_MM, down * slab[1] * turn, slab[0], size)


def in_front(occupancy: Floats, canal: tuple[float, float]) -> int:
    """The class (vertebra, sacrum or disc) that lies in front of the canal of a slice (6, H, W)."""
    row, column = (max(0, round(value)) for value in canal)
    part = occupancy[1:4, max(0, row - 48) : max(1, row - 14), max(0, column - 8) : column + 9]
    return 1 + int(part.sum(axis=(1, 2)).argmax())


def set_into(
    strip: Strip, slices: Floats, occupancy: Floats, canal: tuple[float, float]
) -> tuple[Floats, Floats, Floats]:
    """Replace the middle of generated slices by a strip, canal upon canal; its border counts nowhere.

    Returns
    -------
    slices, occupancy, unsure
        (3, H, W), (6, H, W), (H, W) copies.
    """
    rows, width = strip.slices.shape[1:]
    left = int(np.clip(round(canal[1] - strip.canal[1]), 0, slices.shape[2] - width))
    shift = round(canal[0] - strip.canal[0])
    source = np.clip(np.arange(rows) - shift, 0, rows - 1)
    shown = (np.arange(rows) - shift == source).astype(np.float32)[:, None]
    inside = slice(left, left + width)
    own, other = strip.slices[:, source], slices[:, :, inside]
    gain = (other.std() + 1e-6) / (own.std() + 1e-6)
    own = np.clip((own - own.mean()) * gain + other.mean(), 0, None)
    ramp = np.clip((np.minimum(np.arange(width), np.arange(width)[::-1]) + 0.5) / 2.5, 0, 1).astype(np.float32)
    images, shares = slices.copy(), occupancy.copy()
    images[:, :, inside] = own * ramp + other * (1 - ramp)
    shares[:, :, inside] = strip.occupancy[:, source] * shown
    for border in (left, left + width):
        shares[:, :, max(0, border - _SEAM) : border + _SEAM] = 0
    unsure = np.zeros(slices.shape[1:], dtype=np.float32)
    unsure[:, inside] = strip.unsure[source]
    return images, shares, unsure
