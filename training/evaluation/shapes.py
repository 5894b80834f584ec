"""Forms of pasted fragments, as functions that grow outwards from a centre.

Training draws chains of superellipsoids; the single ones here come near to that, the other two forms do not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

Floats = NDArray[np.float64]
Form = Callable[[Floats], Floats]
"""Takes points (n, 3) in mm from the centre (along, behind, lateral); the fragment is where the value is small."""


def superellipsoid(rng: np.random.Generator, radius_mm: float, stretch: float) -> Form:
    """Between a double cone and a box, turned by up to 35 degrees."""
    power = float(rng.uniform(1.5, 4.0))
    axes = _axes(rng, radius_mm, stretch)
    turn = _turn(rng)

    def form(points: Floats) -> Floats:
        scaled = np.abs(turn.apply(points)) / axes
        return np.asarray((scaled**power).sum(axis=1) ** (1 / power))

    return form


def lobed(rng: np.random.Generator, radius_mm: float, stretch: float) -> Form:
    """A level set of a smooth random field: lobes, waists and dents of about the fragment's own size."""
    axes, turn = _axes(rng, radius_mm, stretch), _turn(rng)
    waves = rng.normal(size=(24, 3)) / (0.75 * radius_mm)
    phases, sizes = rng.uniform(0, 2 * np.pi, 24), rng.normal(size=24) / np.sqrt(12)

    def form(points: Floats) -> Floats:
        noise = np.cos(points @ waves.T + phases) @ sizes
        return np.asarray(np.linalg.norm(turn.apply(points) / axes, axis=1) * np.exp(0.28 * noise))

    return form


def disc_like(rng: np.random.Generator, radius_mm: float, disc: NDArray[np.bool_], spacing_mm: Floats) -> Form:
    """The form of a real disc of the same patient, shrunk and turned any way."""
    box = ndimage.find_objects(disc.astype(np.uint8))[0]
    padded = np.pad(disc[box], 6)
    inside = ndimage.distance_transform_edt(padded, sampling=spacing_mm)
    outside = ndimage.distance_transform_edt(~padded, sampling=spacing_mm)
    signed = (outside - inside).astype(np.float32)
    own = (3 * disc.sum() * float(np.prod(spacing_mm)) / (4 * np.pi)) ** (1 / 3)
    scale, turn = own / radius_mm, Rotation.random(random_state=int(rng.integers(2**31)))
    centre = np.array(ndimage.center_of_mass(padded)) * spacing_mm

    def form(points: Floats) -> Floats:
        at = (turn.apply(points) * scale + centre) / spacing_mm
        limit = np.array(signed.shape) - 1
        beyond = np.linalg.norm((at - np.clip(at, 0, limit)) * spacing_mm, axis=1)
        distance = ndimage.map_coordinates(signed, np.clip(at, 0, limit).T, order=1) + beyond
        return np.asarray(1.0 + distance / own)

    return form


def _axes(rng: np.random.Generator, radius_mm: float, stretch: float) -> Floats:
    """Half axes along, behind, lateral whose product is the radius cubed."""
    shape = np.exp(rng.normal(0, 0.18, 3)) * np.array([stretch, 0.85, 1.0])
    return np.asarray(radius_mm * shape / np.prod(shape) ** (1 / 3))


def _turn(rng: np.random.Generator) -> Rotation:
    return Rotation.from_rotvec(rng.normal(0, 0.25, 3).clip(-0.6, 0.6))
