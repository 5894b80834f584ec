"""The same fragment at every visit: parts of displaced material, followed through the visits by where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase

import numpy as np
from scipy import ndimage
from scipy.spatial import KDTree

from pipeline.measurement.change import FragmentMeasurement
from pipeline.rigid import apply
from pipeline.volume import Affine, Points

HELD = 0.5
"""Share of the fullest voxel from which on one holds a part together; what is less filled belongs to the nearest."""
LEAST_MM3 = 25.0
"""Smaller parts are not followed; they stay in the volume."""
REACH_MM = 4.0
"""A part continues one of the visit before if it lies so near to it: alignment, growth and migration leave that."""
SHARED = 0.2
"""… with at least this share of its voxels."""


@dataclass(frozen=True)
class Sighting:
    """One fragment at one visit.

    Attributes
    ----------
    volume_mm3
        Of all its parts there: their share of the visit's volume.
    parts
        Into how many pieces it is divided.
    centroid_lps_mm
        In the coordinates of the first visit.
    """

    volume_mm3: float
    parts: int
    centroid_lps_mm: tuple[float, float, float]


@dataclass(frozen=True)
class Track:
    """One fragment through the visits.

    Attributes
    ----------
    name
        ``"A"``, ``"B"`` … in the order of their first appearance, larger ones first.
    sightings
        One per visit; None where it was not seen.
    joined
        Names of tracks that were seen before and had become part of this one.
    """

    name: str
    sightings: tuple[Sighting | None, ...]
    joined: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Part:
    points: Points
    volume_mm3: float


def track(fragments: Sequence[FragmentMeasurement], to_first: Sequence[Affine]) -> tuple[Track, ...]:
    """Follow the parts of a fragment through the visits.

    Parameters
    ----------
    fragments
        One per visit, in the order of time.
    to_first
        (4, 4) each: maps LPS points of that visit to LPS points of the first one, mm.

    Returns
    -------
    tuple of Track
        Every part of 25 mm³ or more belongs to exactly one track, so that their volumes add up to that of the visit
        but for smaller parts. A part that lies where two tracks were takes the
        name of the one that it shares most with; the other is named in ``joined``.
    """
    visits = [_parts(f, t) if f.present else [] for f, t in zip(fragments, to_first, strict=True)]
    members: list[dict[int, list[_Part]]] = []
    joined: list[set[int]] = []
    for number, parts in enumerate(visits):
        known = {k: _latest(member) for k, member in enumerate(members)}
        for part in parts:
            shares = {k: _share(part.points, tree) for k, tree in known.items()}
            near = sorted((k for k in shares if shares[k] >= SHARED), key=lambda k: -shares[k])
            if near:
                own = near[0]
                joined[own].update(near[1:])
            else:
                own = len(members)
                members.append({})
                joined.append(set())
            members[own].setdefault(number, []).append(part)
    names = [_name(k) for k in range(len(members))]
    return tuple(
        Track(
            name,
            tuple(_sighting(member.get(number)) for number in range(len(fragments))),
            # A track that goes on elsewhere has not become part of another.
            tuple(names[k] for k in sorted(others) if k != own and max(members[k]) < max(member)),
        )
        for own, (name, member, others) in enumerate(zip(names, members, joined, strict=True))
    )


def _parts(fragment: FragmentMeasurement, to_first: Affine) -> list[_Part]:
    """Connected parts, largest first, as points (n, 3) in the first visit's coordinates.

    Each partly filled voxel belongs to the part it lies nearest to. The volume of the visit, of all series together, is
    divided as the occupancy of the drawn one is.
    """
    share = fragment.occupancy
    filled = np.asarray(share.array, dtype=np.float64)
    held = filled > HELD * min(1.0, float(filled.max(initial=0.0)))
    labels, count = ndimage.label(held, structure=np.ones((3, 3, 3)))
    if count == 0:
        return []
    nearest = ndimage.distance_transform_edt(
        ~held, sampling=share.spacing_mm, return_distances=False, return_indices=True
    )
    owner = np.where(filled > 0, labels[tuple(nearest)], 0)
    sums = np.bincount(owner.ravel(), weights=filled.ravel(), minlength=count + 1)[1:]
    parts = []
    for number, volume in enumerate(fragment.volume_mm3 * sums / sums.sum(), start=1):
        if volume >= LEAST_MM3:
            index = np.argwhere(labels == number).astype(np.float64)
            parts.append(_Part(apply(to_first, share.to_lps(index)), float(volume)))
    return sorted(parts, key=lambda part: -part.volume_mm3)


def _latest(member: dict[int, list[_Part]]) -> KDTree:
    return KDTree(np.concatenate([part.points for part in member[max(member)]]))


def _share(points: Points, known: KDTree) -> float:
    """Share of the points that lie near the known ones."""
    distance, _ = known.query(points, distance_upper_bound=REACH_MM)
    return float(np.isfinite(distance).mean())


def _sighting(parts: list[_Part] | None) -> Sighting | None:
    if not parts:
        return None
    weights = [part.volume_mm3 for part in parts]
    x, y, z = np.average([part.points.mean(axis=0) for part in parts], axis=0, weights=weights)
    return Sighting(sum(weights), len(parts), (float(x), float(y), float(z)))


def _name(k: int) -> str:
    """A to Z, then AA and so on."""
    letters = len(ascii_uppercase)
    return ascii_uppercase[k] if k < letters else _name(k // letters - 1) + ascii_uppercase[k % letters]
