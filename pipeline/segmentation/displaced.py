"""Displaced disc material of one level: which probability belongs to it, and which is false."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.dicom.visit import Role
from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation, Structure
from pipeline.segmentation.margin import disc_share_beyond_margin, fragment_share_beyond_margin, margins_of
from pipeline.segmentation.steady import in_reference
from pipeline.segmentation.stray import is_stray, too_bright
from pipeline.segmentation.wall import PosteriorWall, WallCoordinates
from pipeline.volume import Volume

T = TypeVar("T", bound=np.generic)

MIGRATION_MM = 25.0
"""Displaced material is looked for this far along the canal from its disc."""
LATERAL_MM = 20.0
"""Half width of canal and foramina: beyond it there is psoas and root, not fragment."""
CANAL_DEPTH_MM = 24.0
NEAR_MM = MIGRATION_MM + LATERAL_MM + CANAL_DEPTH_MM
"""Farther from the disc's posterior margin than this nothing is looked at."""
FLUID_BRIGHT = (Role.SAGITTAL_T2, Role.AXIAL_T2)
"""Where brightness tells fluid and fat from disc. After contrast medium a fragment may outshine suppressed fat."""
SEED_PROBABILITY = 0.5
GROWTH_PROBABILITY = 0.15
CONTACT_MM = 7.0
"""Material within this distance along the wall lies at the disc itself."""
SHARED_FRACTION = 0.15
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


@dataclass(frozen=True, eq=False)
class _Candidates:
    """Voxels that hold some displaced material: flat indices, their mass and where they lie along the wall.

    ``image`` is the series itself where brightness tells, else None.
    """

    flat: NDArray[np.int64]
    fragment_share: NDArray[np.float64]
    disc_share: NDArray[np.float64]
    mass: NDArray[np.float64]
    place: WallCoordinates
    image: Volume | None = None


def displaced_probability(
    segmentation: SeriesSegmentation, level: Level, anatomy: Anatomy, image: Volume | None = None
) -> DisplacedMaterial:
    """Displaced disc material of ``level`` as seen in one series.

    Counted is the FRAGMENT class behind the posterior margin of the disc space, and the DISC class that stands out
    2.5 mm behind that margin; inside canal and foramina; at most 25 mm up or down along the posterior wall.
    A connected component belongs to the disc that it touches, else to the nearest one along the wall; a component
    that touches two discs is divided half-way. Components that cannot be disc material by their place, or by their
    brightness in a T2 image, are left out.

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
    candidates = _candidates(segmentation, level, anatomy, wall)
    if segmentation.role in FLUID_BRIGHT:
        candidates = replace(candidates, image=image)
    # Candidates take a small part of a series: whatever is done with neighbours is done in a box around them.
    box, at = _box_of(candidates.flat, native.shape)
    mass = np.zeros(tuple(b.stop - b.start for b in box), dtype=np.float32)
    mass[at] = candidates.mass
    grown, _ = ndimage.label(mass > GROWTH_PROBABILITY, structure=np.ones((3, 3, 3)))
    own, rejected = _sorted_out(segmentation, grown[at], candidates, level, wall)
    kept = np.zeros(mass.shape, dtype=bool)
    kept[at] = own
    region = _dilated(kept, segmentation.labels)
    region &= mass > 0
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


def _candidates(segmentation: SeriesSegmentation, level: Level, anatomy: Anatomy, wall: PosteriorWall) -> _Candidates:
    """Voxels near the level with some fragment or outstanding disc, inside canal and foramina."""
    fragment = segmentation.probabilities[Structure.FRAGMENT]
    disc = segmentation.probabilities[Structure.DISC]
    index = _some_near(fragment, disc, segmentation.labels, level)
    lps = segmentation.labels.to_lps(index.astype(np.float64))
    near = np.linalg.norm(lps - level.posterior_margin_lps_mm, axis=1) < NEAR_MM
    flat, lps = np.ravel_multi_index(tuple(index[near].T), fragment.shape), lps[near]
    margins = margins_of(segmentation, anatomy)
    fragment_share = fragment_share_beyond_margin(margins, lps)
    disc_share = disc_share_beyond_margin(margins, lps)
    mass = _at(fragment, flat) * fragment_share + _at(disc, flat) * disc_share
    some = np.flatnonzero(mass > 0.01)
    place = wall.coordinates(lps[some])
    canal = _in_canal(place)
    some = some[canal]
    return _Candidates(
        flat=flat[some],
        fragment_share=fragment_share[some],
        disc_share=disc_share[some],
        mass=np.minimum(mass[some], 1.0),
        place=place.of(canal),
    )


def _some_near(
    fragment: NDArray[np.floating], disc: NDArray[np.floating], grid: Volume, level: Level
) -> NDArray[np.intp]:
    """Indices (n, 3) of the voxels with some fragment or disc, in a box that reaches :data:`NEAR_MM` from the level."""
    centre = grid.to_index(level.posterior_margin_lps_mm)
    reach = NEAR_MM * np.linalg.norm(np.linalg.inv(grid.affine[:3, :3]), axis=1) + 1.0
    low = np.clip(np.floor(centre - reach), 0, grid.shape).astype(np.intp)
    high = np.clip(np.ceil(centre + reach) + 1, 0, grid.shape).astype(np.intp)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    return np.asarray(np.argwhere((fragment[box] > 0.02) | (disc[box] > 0.3)) + low, dtype=np.intp)


def _at(values: NDArray[np.floating], flat: NDArray[np.intp]) -> NDArray[np.float32]:
    return values.ravel()[flat].astype(np.float32)


def _in_canal(place: WallCoordinates) -> NDArray[np.bool_]:
    """Canal and foramina: behind the wall, not deeper than the laminae, not further aside than the foramina."""
    return (np.abs(place.lateral) <= LATERAL_MM) & (place.behind > -6.0) & (place.behind < CANAL_DEPTH_MM)


def _sorted_out(
    segmentation: SeriesSegmentation,
    number: NDArray[np.integer],
    candidates: _Candidates,
    level: Level,
    wall: PosteriorWall,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which candidates are this level's material, and which near it are taken for noise.

    ``number`` tells the connected component of each, 0 for none.
    """
    image = candidates.image
    voxel_mm3 = segmentation.labels.voxel_volume_mm3
    positions = np.array(list(wall.positions_mm.values()))
    own = list(wall.positions_mm).index(level.name)
    accepted, rejected = np.zeros((2, number.size), dtype=bool)
    for component in np.unique(number[number > 0]):
        member = number == component
        share = candidates.mass[member]
        distance = np.abs(candidates.place.along[member][:, None] - positions)
        contact = np.where(distance <= CONTACT_MM, share[:, None], 0.0).sum(axis=0) / share.sum()
        false = is_stray(
            candidates.place.of(member),
            share,
            float(share.sum()) * voxel_mm3,
            lowest_mm=float(positions.max()),
            touches=contact.max() > 0.0,
        )
        if (
            false
            or share.max() < SEED_PROBABILITY
            or (image is not None and too_bright(segmentation, image, candidates.flat[member], share))
        ):
            rejected[member] = True
        else:
            accepted[member] = _members_of(own, contact, distance)
    near = np.abs(candidates.place.along - positions[own]) <= MIGRATION_MM
    return accepted & near, rejected & near


def _members_of(own: int, contact: NDArray[np.float64], distance: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which voxels of one component belong to disc ``own``, given the distances (n, discs) along the wall."""
    touched = np.flatnonzero(contact >= SHARED_FRACTION)
    if touched.size > 1:
        return np.asarray(touched[np.argmin(distance[:, touched], axis=1)] == own)
    parent = int(np.argmax(contact)) if contact.max() > 0 else int(np.argmin(distance.min(axis=0)))
    return np.full(distance.shape[0], parent == own)


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
    segmentation: SeriesSegmentation, candidates: _Candidates, inside: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """The fragment of each variant, plus the outstanding disc, which only the mean knows."""
    given = segmentation.fragment_variants
    result = np.zeros(given.shape, dtype=np.float32)
    flat = candidates.flat[inside]
    disc = _at(segmentation.probabilities[Structure.DISC], flat) * candidates.disc_share[inside]
    for source, target in zip(given, result, strict=True):
        target.flat[flat] = np.minimum(_at(source, flat) * candidates.fragment_share[inside] + disc, 1.0)
    return result
