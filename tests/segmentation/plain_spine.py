"""A spine of boxes and cylinders whose structure is known at every point, to be cut into stacks of any plane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.dicom.visit import Role
from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation, Structure, Vertebra
from pipeline.volume import Volume

DISCS = {"L3/L4": 38.0, "L4/L5": 0.0, "L5/S1": -38.0}
"""Height of the discs' mid-planes, LPS mm."""
HALF_DISC_MM = 5.0
FRAGMENT_MM = np.array([4.0, 5.0, -6.0])
RADIUS_MM = 6.5
FRAGMENT_MM3 = 4 / 3 * np.pi * RADIUS_MM**3
BODIES = {"L3": (22, 57.0), "L4": (23, 19.0), "L5": (24, -19.0), "S1": (26, -57.0)}


def structure_at(lps: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Structure at points (…, 3): bodies in front, canal around y = 10, spinous processes behind."""
    x, y, z = np.moveaxis(lps, -1, 0)
    result = np.zeros(x.shape, dtype=np.uint8)
    bone = (np.abs(x) < 22) & (y > -30) & (y < 0) | (np.abs(x) < 4) & (y > 21) & (y < 42)
    result[bone] = Structure.VERTEBRA
    result[bone & (z < DISCS["L5/S1"])] = Structure.SACRUM
    for height in DISCS.values():
        result[(np.abs(x) < 22) & (y > -30) & (y < 0) & (np.abs(z - height) < HALF_DISC_MM)] = Structure.DISC
    result[np.hypot(x, y - 10) < 8] = Structure.CANAL
    result[(np.linalg.norm(lps - FRAGMENT_MM, axis=-1) < RADIUS_MM) & (y > 0)] = Structure.FRAGMENT
    result[np.abs(z) > 75] = Structure.BACKGROUND
    return result


def instance_at(lps: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Named instance at points (…, 3)."""
    structure, z = structure_at(lps), lps[..., 2]
    result = np.zeros(structure.shape, dtype=np.uint8)
    for value, height in BODIES.values():
        near = np.abs(z - height) < 19.0
        result[near & np.isin(structure, (Structure.VERTEBRA, Structure.SACRUM))] = value
    for name, height in DISCS.items():
        value = 100 + BODIES[name.partition("/")[0]][0]
        result[(structure == Structure.DISC) & (np.abs(z - height) < 19.0)] = value
    return result


def grid(
    slices: tuple[float, float, float],
    rows: tuple[float, float, float],
    columns: tuple[float, float, float],
    shape: tuple[int, int, int],
    centre: tuple[float, float, float],
) -> Volume:
    """An empty stack with these steps along its axes (LPS mm), centred on a point."""
    affine = np.eye(4)
    affine[:3, :3] = np.array([slices, rows, columns]).T
    affine[:3, 3] = np.array(centre) - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Volume(np.zeros(shape, dtype=np.uint8), affine)


def points(of: Volume) -> NDArray[np.float64]:
    """LPS of all voxel centres, shape (slices, rows, columns, 3)."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in of.shape), indexing="ij"), axis=-1)
    return of.to_lps(index.astype(np.float64))


def sagittal_grid() -> Volume:
    """13 slices of 4.4 mm."""
    return grid((4.4, 0, 0), (0, 0, -0.9), (0, 0.9, 0), (13, 170, 100), (0, 5, 0))


def axial_grid(height: float = 0.0, tilt_deg: float = 0.0, slices: int = 9, pitch: float = 4.4) -> Volume:
    """Slices across the spine, tilted around the left-right axis."""
    c, s = np.cos(np.deg2rad(tilt_deg)), np.sin(np.deg2rad(tilt_deg))
    return grid((0, pitch * s, -pitch * c), (0, 0.7 * c, 0.7 * s), (0.7, 0, 0), (slices, 190, 190), (0, 8, height))


def averages(of: Volume, wanted: Structure, shift: NDArray[np.float64] | None = None) -> NDArray[np.float32]:
    """Share of each voxel that a structure fills, averaged over the slice pitch."""
    total = np.zeros(of.shape, dtype=np.float32)
    offset = np.zeros(3) if shift is None else shift
    for part in (np.arange(9) + 0.5) / 9 - 0.5:
        at = points(of) + part * of.affine[:3, 0] - offset
        total += structure_at(at) == wanted
    return total / np.float32(9)


def segmentation_on(of: Volume, role: Role) -> SeriesSegmentation:
    """What a perfect network and naming would give."""
    labels = structure_at(points(of))
    probabilities = np.stack([averages(of, structure) for structure in Structure])
    probabilities = np.stack([ndimage.gaussian_filter(one, (0, 0.5, 0.5)) for one in probabilities])
    return SeriesSegmentation(
        role=role,
        labels=of.with_array(labels),
        instances=of.with_array(instance_at(points(of))),
        probabilities=probabilities,
        fragment_variants=np.repeat(probabilities[Structure.FRAGMENT][None], 2, axis=0),
    )


def anatomy(of: Volume | None = None) -> Anatomy:
    """The sagittal T2 series alone, with its levels; on a grid of 13 slices where none is given."""
    levels = {
        name: Level(
            name=name,
            instance=100 + BODIES[name.partition("/")[0]][0],
            centre_lps_mm=np.array([0.0, -15.0, height]),
            axes_lps=np.eye(3),
            posterior_margin_lps_mm=np.array([0.0, 0.0, height]),
            confidence=1.0,
        )
        for name, height in DISCS.items()
    }
    vertebrae = {name: Vertebra(name, value, np.array([0.0, -15.0, z])) for name, (value, z) in BODIES.items()}
    one = segmentation_on(of or sagittal_grid(), Role.SAGITTAL_T2)
    return Anatomy({one.role: one}, one.role, levels, vertebrae, "sacrum", False, ())


def image_of(structures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """An image whose brightness tells the structures apart."""
    return np.asarray(2.0**structures, dtype=np.float32)


def seeing(slices: NDArray[np.float32]) -> NDArray[np.float32]:
    """A network that recognises :func:`image_of` where it is not normalised, contrast a little changed or not."""
    found = np.clip(np.rint(np.log2(np.maximum(slices[:, 1], 1.0))), 0, 5)
    found = ndimage.median_filter(found, size=(1, 3, 3))
    soft = np.stack([ndimage.uniform_filter((found == k).astype(np.float32), (0, 2, 2)) for k in range(6)], axis=1)
    return np.asarray(soft / soft.sum(axis=1, keepdims=True), dtype=np.float32)
