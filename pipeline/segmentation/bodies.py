"""Vertebrae as instances: bodies between the discs, posterior elements with the body they hang on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.axis import CANAL_FRONT_MM, SpineAxis
from pipeline.segmentation.boxes import Boxed, boxed
from pipeline.segmentation.discs import BODY_BAND_MM, CENTRAL_MM, Disc
from pipeline.segmentation.posterior import with_posterior_elements

BEHIND_DISC_MM = 8.0
"""The plane of a disc divides bodies as far back as this behind the disc; pedicles and sacral wings lie beyond."""
LONGEST_BODY_MM = 48.0
"""Above the highest and below the lowest disc a body ends at the latest here."""


@dataclass(frozen=True, eq=False)
class Body:
    """What lies between two discs, or beyond the outermost one, on the canonical 1 mm plane.

    Attributes
    ----------
    centre
        Shape (3,): (lateral, row, column) in mm.
    height_mm, depth_mm
        Along the spine between the neighbouring discs (of what is seen, at the ends); antero-posterior.
    vertebra_share, sacrum_share
        Mean probability of VERTEBRA and SACRUM where the body is.
    variants_sacrum
        For each test-time variant, the share of SACRUM among its bone, 0…1.
    voxels
        Number of bone voxels of the body.
    """

    centre: NDArray[np.float64]
    height_mm: float
    depth_mm: float
    vertebra_share: float
    sacrum_share: float
    variants_sacrum: tuple[float, ...]
    voxels: int

    @property
    def sacral(self) -> bool:
        """True where there is more sacrum than vertebra."""
        return self.sacrum_share > self.vertebra_share


def number_bodies(
    labels: NDArray[np.uint8], axis: SpineAxis, discs: Sequence[Disc], slice_mm: float
) -> NDArray[np.uint8]:
    """Number bone from cranial to caudal: 1 above the first disc, 2 between the first two, and so on.

    Parameters
    ----------
    labels
        Shape (slices, rows, columns): structures with noise removed.

    Returns
    -------
    uint8, shape (slices, rows, columns); 0 where no bone is
    """
    bone = (labels == Structure.VERTEBRA) | (labels == Structure.SACRUM)
    where = np.argwhere(bone & (axis.before > CANAL_FRONT_MM)[None])
    points = where * np.array([slice_mm, 1.0, 1.0])
    number = np.ones(len(where), dtype=np.uint8)
    behind_all = np.ones(len(where), dtype=bool)
    for disc in discs:
        offset = disc.offset(points)
        number += offset[:, 2] < 0
        behind_all &= (np.abs(offset[:, 2]) > LONGEST_BODY_MM) | (offset[:, 1] > disc.depth_mm / 2 + BEHIND_DISC_MM)
    number[behind_all] = 0
    along = axis.along[where[:, 1], where[:, 2]]
    number[along < discs[0].along_mm - LONGEST_BODY_MM] = 0
    sacrum = labels[tuple(where.T)] == Structure.SACRUM
    number[(along > discs[-1].along_mm + LONGEST_BODY_MM) & ~sacrum] = 0
    bodies = np.zeros(labels.shape, dtype=np.uint8)
    bodies[tuple(where.T)] = number
    return with_posterior_elements(bodies, labels, axis, discs)


def describe_bodies(
    numbered: NDArray[np.uint8],
    *,
    probabilities: NDArray[np.float32],
    variant_labels: NDArray[np.uint8],
    axis: SpineAxis,
    discs: Sequence[Disc],
    slice_mm: float,
) -> tuple[Body, ...]:
    """Size and evidence of every numbered body, cranial to caudal; one more than there are discs."""
    band = (axis.before >= BODY_BAND_MM[0]) & (axis.before <= BODY_BAND_MM[1])
    core = np.broadcast_to(band, numbered.shape) & (np.abs(axis.lateral) <= CENTRAL_MM)
    bodies = []
    for k, own in enumerate(boxed(numbered, len(discs) + 1)):
        above = discs[k - 1] if k > 0 else None
        below = discs[k] if k < len(discs) else None
        bodies.append(
            _described(
                own,
                core,
                probabilities=probabilities,
                variant_labels=variant_labels,
                axis=axis,
                above=above,
                below=below,
                slice_mm=slice_mm,
            )
        )
    return tuple(bodies)


def _described(
    own: Boxed | None,
    core: NDArray[np.bool_],
    *,
    probabilities: NDArray[np.float32],
    variant_labels: NDArray[np.uint8],
    axis: SpineAxis,
    above: Disc | None,
    below: Disc | None,
    slice_mm: float,
) -> Body:
    nothing = Body(np.zeros(3), 0.0, 0.0, 0.0, 0.0, (0.0,) * len(variant_labels), 0)
    if own is None:
        return nothing
    front = (axis.before[own.box[1:]] > CANAL_FRONT_MM)[None]
    lateral = np.abs(axis.lateral[own.box])
    seen = own.places(front & core[own.box])
    if seen[0].size == 0:
        return nothing
    along = axis.along[seen[1], seen[2]]
    low, high = np.percentile(along, (2, 98))
    if above is not None and below is not None:
        height = float(np.linalg.norm(above.centre - below.centre)) - (above.height_mm + below.height_mm) / 2
    else:
        height = float(high - low) + 1.0
    middle = np.abs(along - (low + high) / 2) < 4.0
    before = axis.before[seen[1], seen[2]][middle]
    whole = own.places(front & (lateral <= CENTRAL_MM / 2))
    near = np.abs(axis.along[whole[1], whole[2]] - (low + high) / 2) < 4.0
    if np.count_nonzero(near) > 10:
        before = axis.before[whole[1], whole[2]][near]
    depth = float(np.ptp(np.percentile(before, (2, 98)))) + 1.0 if before.size else 0.0
    return Body(
        centre=_centre(own.places(front & (lateral <= CENTRAL_MM)), slice_mm),
        height_mm=height,
        depth_mm=depth,
        vertebra_share=float(probabilities[Structure.VERTEBRA][seen].mean()),
        sacrum_share=float(probabilities[Structure.SACRUM][seen].mean()),
        variants_sacrum=tuple(_sacrum_share(labels[seen]) for labels in variant_labels),
        voxels=int(np.count_nonzero(own.mask & front)),
    )


def _centre(where: tuple[NDArray[np.intp], ...], slice_mm: float) -> NDArray[np.float64]:
    slices, rows, columns = where
    return np.array([slices.mean() * slice_mm, rows.mean(), columns.mean()])


def _sacrum_share(labels: NDArray[np.uint8]) -> float:
    sacrum = np.count_nonzero(labels == Structure.SACRUM)
    bone = sacrum + np.count_nonzero(labels == Structure.VERTEBRA)
    return sacrum / bone if bone else 0.0
