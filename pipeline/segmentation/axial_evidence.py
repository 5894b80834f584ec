"""Axial and sagittal evidence about one axial series, weighed against each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.segmentation.anatomy import Structure

SOLID = (Structure.VERTEBRA, Structure.SACRUM, Structure.DISC)
"""In-plane these look alike where a slice grazes them; the sagittal series tell them apart."""
SOFT = (Structure.BACKGROUND, Structure.CANAL, Structure.FRAGMENT)
"""On T1 the content of the canal is of one grey, and what is displaced shows by its course along the canal."""
UNKNOWN = 0.03
"""The say of the sagittal series is bounded by this: what they show with less than this share counts as unseen."""
NAME_REACH_MM = 14.0
"""A structure takes its name from the nearest named one of its kind within this distance."""
NAMING_STEP_MM = 1.2
CORROBORATED_MM = 6.0
"""Sagittal slices lie so far apart, and patients move between series."""
CORROBORATING = 0.15


def combined(axial: NDArray[np.float32], sagittal: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of an axial series from its own network and from the sagittal series.

    The axial network decides where solid tissue ends in the plane of its slices. What is vertebra, sacrum or disc
    among the solid, and what is canal or displaced among the soft, is decided by both, as by two independent
    witnesses: a slice 4 mm thick that grazes an endplate holds them all, while the sagittal series show that border
    from the side.

    Parameters
    ----------
    axial, sagittal
        float32, shape (6, slices, rows, columns), in the order of :class:`Structure`.

    Returns
    -------
    float32, same shape; the share of solid tissue in each voxel is that of ``axial``.
    """
    result = np.empty_like(axial)
    # Slice by slice, in the processor's cache: whole series would take three times the time, and much memory.
    for n in range(axial.shape[1]):
        for group in (SOLID, SOFT):
            shares = axial[list(group), n]
            weighed = shares * (sagittal[list(group), n] + np.float32(UNKNOWN))
            total = weighed.sum(axis=0)
            scale = np.divide(shares.sum(axis=0), total, out=np.zeros_like(total), where=total > 0)
            result[list(group), n] = weighed * scale
    return result


def followed(
    variants: NDArray[np.float32], before: NDArray[np.float32], after: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Variants (variants, …) of a share, changed as their mean was changed from ``before`` to ``after``."""
    factor = np.divide(after, before, out=np.zeros_like(after), where=before > 0)
    return np.asarray(np.clip(variants * factor, 0.0, 1.0), dtype=np.float32)


def corroborated(
    probabilities: NDArray[np.float32], sagittal_fragment: NDArray[np.float32], spacing_mm: Sequence[float]
) -> NDArray[np.float32]:
    """Leave displaced material only near where the sagittal series show some too; elsewhere it is canal.

    For T1, where sac and disc are nearly alike on axial slices: there the axial series may say how far the fragment
    reaches to the sides, but not that there is one.

    Parameters
    ----------
    probabilities
        float32, shape (6, slices, rows, columns).
    sagittal_fragment
        float32, shape (slices, rows, columns): probability of displaced material carried over.
    spacing_mm
        Pitch of slices, rows and columns.
    """
    size = [2 * max(1, round(CORROBORATED_MM / pitch)) + 1 for pitch in spacing_mm]
    near = ndimage.maximum_filter(sagittal_fragment > CORROBORATING, size=size, mode="constant")
    result = probabilities.copy()
    result[Structure.CANAL] += np.where(near, np.float32(0), probabilities[Structure.FRAGMENT])
    result[Structure.FRAGMENT] *= near
    return result


def tidied(labels: NDArray[np.uint8], carried: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Labels without the islands that touch nothing of what the sagittal series show; both (n, rows, columns)."""
    islands, count = ndimage.label(labels > 0, structure=np.ones((3, 3, 3)))
    if not count:
        return labels
    touching = np.zeros(count + 1, dtype=bool)
    touching[np.unique(islands[carried > 0])] = True
    touching[0] = False
    return np.where(touching[islands], labels, Structure.BACKGROUND).astype(np.uint8)


def named(
    labels: NDArray[np.uint8], carried_instances: NDArray[np.uint8], sacrum: int, spacing_mm: Sequence[float]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Give bones and discs the names of the nearest carried ones.

    Parameters
    ----------
    labels
        uint8, shape (n, rows, columns): structures of the axial series.
    carried_instances
        uint8, same shape: named instances carried over from the sagittal series.
    sacrum
        Instance value of the sacrum: bone that takes it is sacrum, other bone vertebra.
    spacing_mm
        Pitch along the three axes.

    Returns
    -------
    labels, instances
        Bone where no name is near keeps its structure and has no instance.
    """
    labels, instances = labels.copy(), np.zeros_like(labels)
    disc = labels == Structure.DISC
    bone = (labels == Structure.VERTEBRA) | (labels == Structure.SACRUM)
    is_disc = carried_instances >= _FIRST_DISC
    for wanted, known in ((disc, is_disc), (bone, (carried_instances > 0) & ~is_disc)):
        nearest = _nearest(np.where(known, carried_instances, 0).astype(np.uint8), spacing_mm)
        instances[wanted] = nearest[wanted]
    has_name = bone & (instances > 0)
    labels[has_name] = np.where(instances[has_name] == sacrum, Structure.SACRUM, Structure.VERTEBRA)
    return labels, instances


_FIRST_DISC = 100


def _nearest(values: NDArray[np.uint8], spacing_mm: Sequence[float]) -> NDArray[np.uint8]:
    """Nearest value other than zero within reach; zero where there is none. In-plane at about 1.2 mm, for speed."""
    step = [1, *(max(1, round(NAMING_STEP_MM / s)) for s in spacing_mm[1:])]
    coarse = values[:, :: step[1], :: step[2]]
    if not coarse.any():
        return np.zeros_like(values)
    pitch = [s * k for s, k in zip(spacing_mm, step, strict=True)]
    distance, index = ndimage.distance_transform_edt(coarse == 0, sampling=pitch, return_indices=True)
    found = np.where(distance <= NAME_REACH_MM, coarse[tuple(index)], 0).astype(np.uint8)
    fine = np.repeat(np.repeat(found, step[1], axis=1), step[2], axis=2)[:, : values.shape[1], : values.shape[2]]
    return np.where(values > 0, values, fine)
