"""Displaced disc material of one level: which probability belongs to it, and which is false."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.dicom.visit import Role
from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation, Structure
from pipeline.segmentation.candidates import Candidates, candidates_of, values_at
from pipeline.segmentation.components import fluid_among, numbered, sorted_out, within_reach
from pipeline.segmentation.steady import in_reference
from pipeline.segmentation.wall import PosteriorWall
from pipeline.volume import Volume

T = TypeVar("T", bound=np.generic)

FLUID_BRIGHT = (Role.SAGITTAL_T2, Role.AXIAL_T2)
"""Where brightness tells fluid and fat from disc. After contrast medium a fragment may outshine suppressed fat."""
REACH_MM = 2.0


@dataclass(frozen=True, eq=False)
class DisplacedMaterial:
    """Displaced disc material of one level in one series, on that series' native grid.

    Attributes
    ----------
    level
        Name of the parent disc.
    role
        The series.
    probability
        float32, 0…1, shape (slices, rows, columns): mean over the variants of the probability that the voxel is
        displaced material of this disc; exactly 0 outside :attr:`region`. Its sum times the voxel volume is the
        expected volume; edges carry the partial volume.
    variants
        float32, shape (variants, slices, rows, columns): the same for every test-time variant.
    region
        bool, shape (slices, rows, columns): the accepted components with a margin of 2 mm in-plane and one slice.
        Empty when no material was found.
    components
        uint8, shape (slices, rows, columns): accepted components, 1 the largest; 0 elsewhere.
    suppressed_mm3
        Expected volume within 25 mm of this level that was taken for false (see :mod:`pipeline.segmentation.stray`).
    """

    level: str
    role: Role
    probability: Volume
    variants: NDArray[np.float32]
    region: Volume
    components: Volume
    suppressed_mm3: float


def displaced_probability(
    segmentation: SeriesSegmentation, level: Level, anatomy: Anatomy, image: Volume | None = None
) -> DisplacedMaterial:
    """Displaced disc material of ``level`` as seen in one series.

    Counted is the FRAGMENT class behind the posterior margin of the disc space, and the DISC class that stands out
    2.5 mm behind that margin; inside canal and foramina; at most 25 mm up or down along the posterior wall.
    A connected component belongs to the disc that it touches, else to the nearest one, or to the one that was asked for
    where that is hardly farther; a component that touches two discs is divided half-way. Components that cannot be
    disc material by their place, or by their brightness in a T2 image, are left out.

    Parameters
    ----------
    segmentation
        The series to look at; any role of ``anatomy``.
    level
        The parent disc, one of ``anatomy.levels``.
    anatomy
        The visit's anatomy, for the other levels and the vertebrae.
    image
        The series itself, on the grid of its labels; brightness is not looked at without it.

    Returns
    -------
    DisplacedMaterial
    """
    native, segmentation = segmentation.labels, in_reference(segmentation, anatomy)
    wall = PosteriorWall(anatomy.levels.values())
    candidates = candidates_of(segmentation, level, anatomy, wall)
    if segmentation.role in FLUID_BRIGHT:
        candidates = replace(candidates, image=image)
    # Candidates take a small part of a series: whatever is done with neighbours is done in a box around them.
    box, at = _box_of(candidates.flat, native.shape)
    mass = np.zeros(tuple(b.stop - b.start for b in box), dtype=np.float32)
    mass[at] = candidates.mass
    fluid = fluid_among(segmentation, numbered(mass)[at], candidates)
    solid = mass.copy()
    solid[at] = np.where(fluid, 0.0, solid[at])
    own, rejected = sorted_out(segmentation, numbered(solid)[at], candidates, level, wall=wall, asked=anatomy.asked)
    rejected |= fluid & within_reach(candidates, level, wall)
    kept = np.zeros(mass.shape, dtype=bool)
    kept[at] = own
    region = _dilated(kept, segmentation.labels)
    region &= solid > 0
    probability = np.where(region, mass, np.float32(0.0))

    def whole(part: NDArray[T]) -> Volume:
        values = np.zeros(native.shape, dtype=part.dtype)
        values[box] = part
        return native.with_array(values)

    return DisplacedMaterial(
        level=level.name,
        role=segmentation.role,
        probability=whole(probability),
        variants=_variants(segmentation, candidates, region[at]),
        region=whole(region),
        components=whole(_components_by_size(kept, probability)),
        suppressed_mm3=float(candidates.mass[rejected].sum()) * native.voxel_volume_mm3,
    )


def _box_of(
    flat: NDArray[np.intp], shape: tuple[int, int, int]
) -> tuple[tuple[slice, ...], tuple[NDArray[np.intp], ...]]:
    """The smallest box that holds voxels of a grid, given by their flat indices, and their places in it."""
    index = np.unravel_index(flat, shape)
    if not flat.size:
        return (slice(0, 1),) * 3, index
    box = tuple(slice(int(one.min()), int(one.max()) + 1) for one in index)
    return box, tuple(one - b.start for one, b in zip(index, box, strict=True))


def _dilated(kept: NDArray[np.bool_], grid: Volume) -> NDArray[np.bool_]:
    """The accepted voxels with a margin for their soft edges: 2 mm in-plane, one slice through-plane."""
    if not kept.any():
        return kept
    _, row, column = grid.spacing_mm
    reach = (1, max(1, round(REACH_MM / row)), max(1, round(REACH_MM / column)))
    box = ndimage.find_objects(kept.astype(np.uint8))[0]
    grown = tuple(slice(max(0, b.start - r), b.stop + r) for b, r in zip(box, reach, strict=True))
    result = np.zeros_like(kept)
    result[grown] = ndimage.maximum_filter(kept[grown], size=tuple(2 * r + 1 for r in reach), mode="constant")
    return result


def _components_by_size(kept: NDArray[np.bool_], probability: NDArray[np.float32]) -> NDArray[np.uint8]:
    labels, count = ndimage.label(kept, structure=np.ones((3, 3, 3)))
    result = np.zeros(kept.shape, dtype=np.uint8)
    if not count:
        return result
    sizes = ndimage.sum_labels(probability, labels, range(1, count + 1))
    for rank, component in enumerate(np.argsort(-np.asarray(sizes))[:255], start=1):
        result[labels == component + 1] = rank
    return result


def _variants(
    segmentation: SeriesSegmentation, candidates: Candidates, inside: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """The fragment of each variant, plus the outstanding disc, which only the mean knows."""
    given = segmentation.fragment_variants
    result = np.zeros(given.shape, dtype=np.float32)
    flat = candidates.flat[inside]
    disc = values_at(segmentation.probabilities[Structure.DISC], flat) * candidates.disc_share[inside]
    for source, target in zip(given, result, strict=True):
        target.flat[flat] = np.minimum(values_at(source, flat) * candidates.fragment_share[inside] + disc, 1.0)
    return result
