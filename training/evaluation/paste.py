"""Fragments of known volume drawn into real canals, by a generator that training does not know."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from training.evaluation.canal_room import CanalRoom
from training.evaluation.real import Patient
from training.evaluation.shapes import Form, disc_like, lobed, superellipsoid
from training.evaluation.texture import disc_patch

FINER = (3, 2, 2)
"""Sub-voxels by axis: the border of a fragment is drawn with steps of a twelfth of a voxel."""
SMALLEST_MM3 = 120.0
LARGEST_GROWTH = 1.7
BLUR = (0.0, 0.45, 0.45)
"""Pixels: the scanner's own sharpness in-plane."""


@dataclass(frozen=True)
class Wanted:
    """One fragment to draw.

    Attributes
    ----------
    level
        Parent disc.
    volume_mm3
        What it is to hold; less where the canal has no room.
    lateral_mm, migration_mm
        Of its centre; migration caudal positive.
    form
        ``"superellipsoid"``, ``"lobed"`` or ``"disc"``.
    brightness
        Mean as a share of the CSF beside it.
    line_mm
        Thickness of a dark line around it; 0 for none.
    seed
        Of everything else.
    """

    level: str
    volume_mm3: float
    lateral_mm: float
    migration_mm: float
    form: str
    brightness: float
    line_mm: float
    seed: int


@dataclass(frozen=True, eq=False)
class Pasted:
    """An image with a fragment in it.

    Attributes
    ----------
    image
        float32 (slices, rows, columns).
    occupancy
        float32, same shape: share of each voxel that the fragment fills.
    volume_mm3
        Its sum.
    sac_share
        How much of the sac it fills, at its widest.
    """

    image: NDArray[np.float32]
    occupancy: NDArray[np.float32]
    volume_mm3: float
    sac_share: float


def paste(patient: Patient, room: CanalRoom, wanted: Wanted) -> Pasted | None:
    """Draw one fragment; None where the canal has no room for it."""
    rng = np.random.default_rng((patient.number, wanted.seed))
    radius = (3 * wanted.volume_mm3 / (4 * np.pi)) ** (1 / 3)
    box, fine, points = _around(patient, room, wanted, 2.2 * radius + 3.0)
    if not fine.any():
        return None
    form = _form(rng, patient, wanted, radius)
    growth = np.full(fine.shape, np.inf)
    growth[fine] = form(points - np.array([0.0, rng.uniform(0.35, 0.8) * radius, 0.0]))
    inside = _grown(growth, wanted.volume_mm3 / patient.image.voxel_volume_mm3 * np.prod(FINER))
    occupancy = np.zeros(patient.image.shape, dtype=np.float32)
    occupancy[box] = _coarse(inside)
    volume = float(occupancy.sum()) * patient.image.voxel_volume_mm3
    if volume < SMALLEST_MM3:
        return None
    # The line lies outside the fragment: what grows further by its thickness.
    limit = float(growth[inside].max()) + wanted.line_mm / radius
    shell = np.zeros_like(occupancy)
    shell[box] = _coarse(ndimage.binary_dilation(inside, iterations=4) & (growth <= limit)) - occupancy[box]
    ink = _Ink(wanted.brightness, box, occupancy[box], np.clip(shell[box], 0, 1) if wanted.line_mm else None)
    image = _drawn(rng, patient, room, ink)
    filled = (occupancy * room.sac).sum(axis=(0, 2)) / np.maximum(room.sac.sum(axis=(0, 2)), 1)
    return Pasted(image, occupancy, volume, float(filled.max()))


def _around(
    patient: Patient, room: CanalRoom, wanted: Wanted, reach_mm: float
) -> tuple[tuple[slice, slice, slice], NDArray[np.bool_], NDArray[np.float64]]:
    """A box around the fragment's place, its free sub-voxels, and these as mm (n, 3) along, behind and lateral."""
    pitch, row_mm, column_mm = patient.image.spacing_mm
    row = room.back + wanted.migration_mm / row_mm
    row = float(np.clip(row, 4, len(room.wall) - 5))
    column = float(np.interp(row, np.arange(len(room.wall)), room.wall))
    slope = np.gradient(ndimage.gaussian_filter1d(room.wall, 8, mode="nearest"))[int(row)] * column_mm / row_mm
    tangent = np.array([1.0, slope]) / np.hypot(1.0, slope)
    centre = (room.middle + wanted.lateral_mm / pitch, row, column)
    box = tuple(
        slice(max(0, round(at - reach_mm / step)), max(1, min(n, round(at + reach_mm / step) + 1)))
        for at, step, n in zip(centre, patient.image.spacing_mm, patient.image.shape, strict=True)
    )
    box = (box[0], box[1], box[2])
    free = room.free[box]
    parts, _ = ndimage.label(free)
    # Pockets that the canal's own room does not reach are none of it.
    free = free & (parts == np.bincount(parts[free], minlength=1).argmax()) if free.any() else free
    fine = np.repeat(np.repeat(np.repeat(free, FINER[0], 0), FINER[1], 1), FINER[2], 2)
    start = np.array([part.start for part in box])
    at = start + (np.argwhere(fine) + 0.5) / FINER - 0.5
    z, r, c = ((at - centre) * patient.image.spacing_mm).T
    along, behind = r * tangent[0] + c * tangent[1], c * tangent[0] - r * tangent[1]
    return box, fine, np.stack([along, behind, z], axis=-1)


def _form(rng: np.random.Generator, patient: Patient, wanted: Wanted, radius: float) -> Form:
    stretch = 1.0 + min(abs(wanted.migration_mm), 10.0) / 20.0
    if wanted.form == "disc":
        names = [name for name in patient.names if name != wanted.level]
        # The disc is stored (slice, row, column); the form turns any way, so the order of axes does not matter.
        chosen = patient.disc(names[int(rng.integers(len(names)))])
        return disc_like(rng, radius, chosen, np.array(patient.image.spacing_mm))
    return (superellipsoid if wanted.form == "superellipsoid" else lobed)(rng, radius, stretch)


def _grown(growth: NDArray[np.float64], count: float) -> NDArray[np.bool_]:
    """The connected part that grows first to ``count`` sub-voxels."""
    start = np.unravel_index(int(np.argmin(growth)), growth.shape)
    low, high = float(growth[start]), LARGEST_GROWTH
    best = np.zeros(growth.shape, dtype=bool)
    for _ in range(14):
        middle = (low + high) / 2
        parts, _ = ndimage.label(growth <= middle)
        inside = parts == parts[start] if parts[start] else np.zeros_like(best)
        if inside.sum() <= count:
            low, best = middle, inside
        else:
            high = middle
    return best


def _coarse(inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Share of every voxel that its sub-voxels fill."""
    a, b, c = (n // f for n, f in zip(inside.shape, FINER, strict=True))
    return np.asarray(inside.reshape(a, FINER[0], b, FINER[1], c, FINER[2]).mean(axis=(1, 3, 5), dtype=np.float32))


@dataclass(frozen=True, eq=False)
class _Ink:
    """What is to be drawn: brightness against CSF; where; shares of fragment and of its dark line there."""

    brightness: float
    box: tuple[slice, slice, slice]
    occupancy: NDArray[np.float32]
    line: NDArray[np.float32] | None


def _drawn(rng: np.random.Generator, patient: Patient, room: CanalRoom, ink: _Ink) -> NDArray[np.float32]:
    image = patient.image.array.copy()
    part, sac = image[ink.box], room.sac[ink.box]
    # The coil falls off: the CSF near the fragment is the measure, and of that the part without nerve roots.
    csf = float(np.percentile(part[sac], 80)) if sac.any() else 255.0
    names = patient.names
    disc = patient.disc(names[int(rng.integers(min(5, len(names))))])
    fill = disc_patch(rng, image, disc, part.shape, ink.brightness * csf)
    if ink.line is not None:
        dark = ndimage.gaussian_filter(ink.line, BLUR)
        part = part * (1 - dark) + float(rng.uniform(0.08, 0.25)) * csf * dark
    share = ndimage.gaussian_filter(ink.occupancy, BLUR)
    image[ink.box] = np.clip(part * (1 - share) + fill * share, 0, 255)
    return np.asarray(image, dtype=np.float32)
