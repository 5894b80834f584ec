"""Labels of axial series, taken from the sagittal ones through patient coordinates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.dicom.visit import Role
from pipeline.segmentation.anatomy import SeriesSegmentation, Structure
from pipeline.segmentation.probable import most_probable
from pipeline.volume import Volume

COARSE_MM = 1.6
"""Sagittal slices lie millimetres apart: sampling them more finely than this gains nothing."""


def carried_to(
    role: Role, grid: Volume, reference: SeriesSegmentation, others: Sequence[SeriesSegmentation]
) -> SeriesSegmentation:
    """Segment an axial series by what the sagittal series of the same visit show at the same place.

    Parameters
    ----------
    role, grid
        The axial series and its volume.
    reference
        The sagittal segmentation whose instances are taken over.
    others
        Further sagittal segmentations, averaged into the probabilities.

    Returns
    -------
    SeriesSegmentation
        With a single fragment variant, the mean.
    """
    step = tuple(max(1, round(COARSE_MM / s)) for s in grid.spacing_mm)
    axes = [np.arange(0, n + k - 1, k, dtype=np.float64) for n, k in zip(grid.shape, step, strict=True)]
    sampled = [_sampled(source, grid, axes) for source in (reference, *others)]
    coarse = np.asarray(np.mean(sampled, axis=0, dtype=np.float32))
    probabilities = np.zeros((len(Structure), *grid.shape), dtype=np.float32)
    probabilities[Structure.BACKGROUND] = 1.0
    labels = np.zeros(grid.shape, dtype=np.uint8)
    # The spine takes a small part of the field of view, and the rest is as large as it is empty.
    if (part := _part(coarse)) is not None:
        box = tuple(slice(p.start * k, min(n, p.stop * k)) for p, k, n in zip(part, step, grid.shape, strict=True))
        shape = [b.stop - b.start for b in box]
        inside = probabilities[(slice(None), *box)]
        for structure in Structure:
            if structure is not Structure.BACKGROUND:
                inside[structure] = _refined(coarse[(structure, *part)], step, shape)
        inside[Structure.BACKGROUND] = np.maximum(1.0 - inside[1:].sum(axis=0), 0.0)
        labels[box] = most_probable(inside)
    return SeriesSegmentation(
        role=role,
        labels=grid.with_array(labels),
        instances=grid.with_array(_instances(labels, grid, reference)),
        probabilities=probabilities,
        fragment_variants=probabilities[Structure.FRAGMENT][None],
    )


def _sampled(source: SeriesSegmentation, grid: Volume, axes: Sequence[NDArray[np.float64]]) -> NDArray[np.float32]:
    """Probabilities (6, …) of one sagittal segmentation at indices of ``grid``; 0 outside its field of view."""
    across = np.linalg.solve(source.labels.affine, grid.affine)
    index = across[:3, 3] + sum(
        at.reshape([-1 if a == axis else 1 for a in range(4)]) * across[:3, axis] for axis, at in enumerate(axes)
    )
    inside = ((index > -1.0) & (index < source.labels.shape)).all(axis=-1)
    result = np.zeros((len(Structure), *index.shape[:-1]), dtype=np.float32)
    at = index[inside].T
    for structure in Structure:
        if structure is not Structure.BACKGROUND:
            result[structure][inside] = ndimage.map_coordinates(
                source.probabilities[structure].astype(np.float32), at, order=1, mode="nearest"
            )
    return result


def _part(coarse: NDArray[np.float32]) -> tuple[slice, ...] | None:
    """Where the spine may be among the sampled places, with one more on every side; None where it is nowhere."""
    some = (coarse[Structure.BACKGROUND + 1 :] > 0).any(axis=0)
    found = ndimage.find_objects(some.astype(np.uint8))
    return tuple(slice(max(0, p.start - 1), p.stop + 1) for p in found[0]) if found else None


def _refined(coarse: NDArray[np.float32], step: Sequence[int], shape: Sequence[int]) -> NDArray[np.float32]:
    """Linear interpolation from every ``step``-th voxel to all voxels."""
    result = coarse
    for axis, (k, n) in enumerate(zip(step, shape, strict=True)):
        if k == 1:
            continue
        at = np.arange(n) / k
        low = np.minimum(at.astype(int), result.shape[axis] - 1)
        high = np.minimum(low + 1, result.shape[axis] - 1)
        share = (at - low).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
        result = np.take(result, low, axis=axis) * (1 - share) + np.take(result, high, axis=axis) * share
    return result


def _instances(labels: NDArray[np.uint8], grid: Volume, reference: SeriesSegmentation) -> NDArray[np.uint8]:
    """The instance of the nearest sagittal voxel, where that is of the same structure."""
    where = np.argwhere((labels != Structure.BACKGROUND) & (labels != Structure.CANAL))
    result = np.zeros_like(labels)
    if not len(where):
        return result
    index = np.round(reference.labels.to_index(grid.to_lps(where.astype(np.float64)))).astype(int)
    inside = ((index >= 0) & (index < reference.labels.shape)).all(axis=1)
    where, index = where[inside], index[inside]
    same = reference.labels.array[tuple(index.T)] == labels[tuple(where.T)]
    result[tuple(where[same].T)] = reference.instances.array[tuple(index[same].T)]
    return result
