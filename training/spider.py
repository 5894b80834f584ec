"""Samples from real SPIDER T2 SPACE volumes (CC BY 4.0), with displaced material drawn into some of their canals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from pipeline.phantom.anatomy import NetworkClass
from training.effects import smooth_field
from training.paste import paste_fragment
from training.sample import Floats, Sample, draw_slab, slice_weights, soft_classes

_CLASS = {29: NetworkClass.DISC, 76: NetworkClass.VERTEBRA, 150: NetworkClass.CANAL}


@dataclass(frozen=True, eq=False)
class RealVolume:
    """One SPIDER volume.

    Attributes
    ----------
    patient
        SPIDER's number.
    image, classes
        (slices, rows, columns) intensities and network classes.
    unsure
        (rows, columns) bool: where nobody drew the sacrum.
    pitch_mm, spacing_mm
        Slice distance; pitch of rows and columns.
    arc, depth
        (rows, columns) mm along and behind the front of the canal.
    discs
        Arc length of each disc's back, from caudal to cranial.
    focus
        (row, column) of the lowest disc's back.
    middle
        Slice index of the canal's middle.
    disc_levels, canal_level
        Quartiles of the discs' intensity; 60th percentile of the canal's.
    """

    patient: int
    image: Floats
    classes: NDArray[np.uint8]
    unsure: NDArray[np.bool_]
    pitch_mm: float
    spacing_mm: float
    arc: Floats
    depth: Floats
    discs: tuple[float, ...]
    focus: tuple[float, float]
    middle: float
    disc_levels: tuple[float, float, float]
    canal_level: float


def _halve(image: Floats) -> Floats:
    rows, columns = image.shape[1] // 2 * 2, image.shape[2] // 2 * 2
    return image[:, :rows, :columns].reshape(len(image), rows // 2, 2, columns // 2, 2).mean(axis=(2, 4))


def _disc_components(plane: NDArray[np.bool_], spacing: float) -> list[NDArray[np.intp]]:
    """Pixel lists of the discs of one plane, from caudal to cranial."""
    labels, count = ndimage.label(plane)
    parts = [np.argwhere(labels == k) for k in range(1, count + 1)]
    parts = [part for part in parts if len(part) * spacing**2 > 53]
    return sorted(parts, key=lambda part: -float(part[:, 0].mean()))


def _sacrum_from_disc(
    part: NDArray[np.intp], shape: tuple[int, int], spacing: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(surely S1, maybe sacrum): below the lowest disc, along its own normal."""
    centre = part.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov((part - centre).T))
    along = vectors[:, 1] * np.sign(vectors[1, 1])
    normal = np.array([along[1], -along[0]])
    normal *= np.sign(normal[0])
    grid = np.stack(np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij"), axis=-1) - centre
    depth, side = grid @ normal * spacing, grid @ along * spacing
    own = (part - centre) @ normal * spacing
    lower = np.quantile(own, 0.97)
    half = (np.quantile((part - centre) @ along, 0.98) - np.quantile((part - centre) @ along, 0.02)) * spacing / 2
    surely = (depth > lower + 3.5) & (depth < lower + 15) & (np.abs(side) < 0.62 * half - 0.12 * (depth - lower))
    return surely, depth > 0


def load_volume(path: Path, *, halved: bool = True) -> RealVolume:
    """Read one volume, at half its in-plane resolution unless told otherwise, and prepare what samples need."""
    with np.load(path) as stored:
        image, mask, spacing = stored["I"], stored["M"], stored["spacing"]
    classes = np.zeros(mask.shape, dtype=np.uint8)
    for value, network_class in _CLASS.items():
        classes[mask == value] = network_class
    pixels, step = image.astype(np.float32), float(spacing[1])
    if halved:
        # Majority of each 2 x 2 block, ties to the structure.
        small = np.stack([_halve((classes == c).astype(np.float32)) for c in NetworkClass])
        small[NetworkClass.BACKGROUND] -= 0.01
        classes = small.argmax(axis=0).astype(np.uint8)
        pixels, step = _halve(pixels), 2 * step
    area = (classes == NetworkClass.CANAL).sum(axis=(1, 2))
    middle = float((np.arange(len(area)) * area).sum() / area.sum())
    plane = classes[int(np.clip(round(middle), 0, len(area) - 1))]
    discs = _disc_components(plane == NetworkClass.DISC, step)
    surely, maybe = _sacrum_from_disc(discs[0], (plane.shape[0], plane.shape[1]), step)
    classes = np.where(surely[None] & (classes == NetworkClass.BACKGROUND), np.uint8(NetworkClass.SACRUM), classes)
    backs = [part[part[:, 1].argmax()] for part in discs]
    arc, depth, at = _canal_coordinates(plane == NetworkClass.CANAL, backs, step)
    focus = float(backs[0][0]), float(backs[0][1])
    patient = int(path.name.split("_")[0])
    low, mid, high = np.percentile(pixels[classes == NetworkClass.DISC], (25, 50, 75))
    bright = float(np.percentile(pixels[classes == NetworkClass.CANAL], 60))
    levels = float(low), float(mid), float(high)
    return RealVolume(
        patient, pixels, classes, maybe, float(spacing[0]), step, arc, depth, at, focus, middle, levels, bright
    )


def _canal_coordinates(
    canal: NDArray[np.bool_], backs: list[NDArray[np.intp]], step: float
) -> tuple[Floats, Floats, tuple[float, ...]]:
    """Arc length along and depth behind the front of the canal, and the arc length of each disc's back (mm)."""
    shape = canal.shape
    rows = np.nonzero(canal.any(axis=1))[0]
    front = ndimage.gaussian_filter1d(canal[rows].argmax(axis=1).astype(float), 2.8 / step, mode="nearest")
    line = np.stack([rows.astype(float), front], axis=1)
    tangent = np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    arc_line = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]) * step
    points = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1).reshape(-1, 2)
    tree = cKDTree(line)
    _, nearest = tree.query(points)
    delta = (points - line[nearest]) * step
    depth = delta[:, 1] * tangent[nearest, 0] - delta[:, 0] * tangent[nearest, 1]
    arc = arc_line[nearest] + (delta * tangent[nearest]).sum(axis=1)
    at = tuple(float(arc_line[tree.query(back)[1]]) for back in backs)
    return arc.reshape(shape).astype(np.float32), depth.reshape(shape).astype(np.float32), at


def remap(rng: np.random.Generator, image: Floats, classes: NDArray[np.uint8]) -> Floats:
    """Give a T2 plane another look: T1-like, fat-suppressed, or with other gains per tissue."""
    kind = rng.random()
    if kind < 0.42:
        return image
    return t1_like(rng, image, classes) if kind < 0.75 else other_gains(rng, image, classes, fatless=kind > 0.88)


def _soft_classes(classes: NDArray[np.uint8]) -> list[Floats]:
    return [ndimage.gaussian_filter((classes == c).astype(np.float32), 0.6) for c in (1, 2, 3, 4, 5)]


def _scaled(image: Floats) -> tuple[Floats, float]:
    top = float(np.percentile(image, 99)) + 1e-6
    return np.clip(image / top, 0, 1.3), top


def t1_like(rng: np.random.Generator, image: Floats, classes: NDArray[np.uint8]) -> Floats:
    """A T2 plane (rows, columns) with dark fluid, and with other gains of bone, disc and fragment."""
    x, top = _scaled(image)
    soft = _soft_classes(classes)
    water = ndimage.binary_dilation(classes == 4, iterations=2) & ~np.isin(classes, (1, 2, 3, 5))
    wet = ndimage.gaussian_filter(water.astype(np.float32), 0.6)
    dark = rng.uniform(0.06, 0.18) + 0.10 * np.clip(0.6 - x, 0, 1) * wet
    body = x ** rng.uniform(0.6, 0.9)
    bone, disc = rng.uniform(1.0, 1.8), rng.uniform(0.8, 1.6)
    gain = 1 + (bone - 1) * (soft[0] + soft[1]) + (disc - 1) * (soft[2] + soft[4])
    return np.asarray((body * gain * (1 - wet) + dark * wet) * top, dtype=np.float32)


def other_gains(rng: np.random.Generator, image: Floats, classes: NDArray[np.uint8], *, fatless: bool) -> Floats:
    """A T2 plane (rows, columns) whose tissues have other gains; ``fatless`` darkens what is none of the classes."""
    x, top = _scaled(image)
    soft = _soft_classes(classes)
    gain = 1 + sum((np.exp(rng.normal(0, 0.35)) - 1) * s for s in soft)
    fat = np.exp(rng.normal(-0.6, 0.5)) if fatless else 1.0
    other = np.clip(1 - sum(soft), 0, 1)
    return np.asarray(x * gain * (1 + (fat - 1) * other) * top, dtype=np.float32)


def relit(rng: np.random.Generator, planes: Floats, classes: NDArray[np.uint8]) -> Floats:
    """T2 planes (n, rows, columns) as another patient's: tissues with other gains, fluid that is not evenly bright.

    Fragments keep their own brightness, which was drawn already.
    """
    soft = np.stack(_soft_classes(classes))
    bone, disc, fluid, other = np.exp(rng.normal(0, (0.25, 0.3, 0.2, 0.25))).astype(np.float32)
    shape = (classes.shape[0], classes.shape[1])
    crowded = rng.uniform(0, 0.35) * np.clip(smooth_field(rng, shape, float(rng.uniform(8, 30))), -0.3, 1.5)
    mottled = np.exp(rng.uniform(0, 0.15) * smooth_field(rng, shape, float(rng.uniform(10, 40))))
    rest = np.clip(1 - soft.sum(axis=0), 0, 1)
    gain = bone * (soft[0] + soft[1]) + disc * soft[2] + fluid * np.exp(-crowded) * soft[3] + soft[4] + other * rest
    return np.asarray(planes * (gain * mottled)[None], dtype=np.float32)


def real_sample(rng: np.random.Generator, volume: RealVolume) -> Sample:
    """One sample of a real volume, half of the time with a fragment pasted in."""
    image, classes = volume.image, volume.classes
    pasted = rng.random() < 0.55
    if pasted:
        drawn = paste_fragment(rng, volume)
        image, classes = drawn.image, drawn.classes
    positions = (np.arange(len(image)) * volume.pitch_mm).astype(np.float32)
    thickness, pitch = draw_slab(rng)
    reach = float(positions[-1])
    middle = float(np.clip(volume.middle * volume.pitch_mm + rng.normal(0, 4.5), 0.2 * reach, 0.8 * reach))
    if pasted and rng.random() < 0.7:
        found = np.nonzero((classes == 5).any(axis=(1, 2)))[0]
        if found.size:
            middle = float(positions[found].mean() + rng.normal(0, 2.5))
    flip = 1 if rng.random() < 0.5 else -1
    weights = slice_weights(positions, middle, thickness)
    chosen = np.nonzero(weights)[0]
    occupancy = soft_classes(classes[chosen], weights[chosen])
    hard = occupancy.argmax(axis=0).astype(np.uint8)
    state = rng.integers(2**31)
    slices = []
    for step in (-1, 0, 1):
        w = slice_weights(positions, float(np.clip(middle + flip * step * pitch, 0, reach)), thickness)
        plane = np.tensordot(w, image, axes=1).astype(np.float32)
        slices.append(remap(np.random.default_rng(state), plane, hard))
    row = volume.focus[0] - rng.uniform(0, 75)
    return Sample(
        np.stack(slices), occupancy, volume.unsure.astype(np.float32), volume.spacing_mm, (row, volume.focus[1] + 8)
    )
