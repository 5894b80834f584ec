"""What the segmentation gives: labelled structures of one visit, with named levels and their confidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from pipeline.dicom.visit import Role
from pipeline.findings import Finding
from pipeline.volume import Volume


class Structure(IntEnum):
    """Values of every label map that discdelta writes."""

    BACKGROUND = 0
    VERTEBRA = 1
    SACRUM = 2
    DISC = 3
    CANAL = 4
    FRAGMENT = 5


NOTHING = 1e-4
"""Probability below which a finished anatomy holds none."""


@dataclass(frozen=True, eq=False)
class Level:
    """One named intervertebral disc.

    Attributes
    ----------
    name
        ``"L4/L5"`` and the like, cranial vertebra first.
    instance
        Value of this disc in :attr:`SeriesSegmentation.instances`.
    centre_lps_mm
        Shape (3,).
    axes_lps
        Shape (3, 3): columns are unit vectors towards the patient's left, posterior and cranial ALONG THE DISC
        (the cranial axis is the disc's normal).
    posterior_margin_lps_mm
        Shape (3,): where the disc's mid-plane meets the canal in the mid-sagittal plane.
    confidence
        0…1 that the name is right; ``docs/levels.md`` tells how often names of each confidence were.
    """

    name: str
    instance: int
    centre_lps_mm: NDArray[np.float64]
    axes_lps: NDArray[np.float64]
    posterior_margin_lps_mm: NDArray[np.float64]
    confidence: float


@dataclass(frozen=True, eq=False)
class Vertebra:
    """A named vertebra (``"L4"``; sacrum ``"S1"``): instance value, body centre in LPS mm of shape (3,)."""

    name: str
    instance: int
    centre_lps_mm: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SeriesSegmentation:
    """Segmentation of one series on its native grid (the grid of ``Series.volume``).

    Attributes
    ----------
    labels
        uint8, values of :class:`Structure`.
    instances
        uint8, named instances (see ``docs/label-table.md``); 0 elsewhere.
    probabilities
        Shape (6, slices, rows, columns), classes in the order of :class:`Structure`, variants averaged. float32 while
        it is made and float16 in a finished anatomy, of which a comparison holds two.
    fragment_variants
        Alike, shape (variants, slices, rows, columns): probability of FRAGMENT in each test-time variant.
    carried
        True where labels and probabilities are those of another series, taken over through patient coordinates.
    blocks
        The further stacks of a series that was acquired in several tilted blocks, each on its own grid, in the order
        of :func:`pipeline.segmentation.blocks.volumes_of`: that of ``Series.stacks``, without the stack whose volume
        ``Series.volume`` is. They have no ``blocks`` of their own. Empty for a series of one stack, and where only
        that one was segmented.
    """

    role: Role
    labels: Volume
    instances: Volume
    probabilities: NDArray[np.floating]
    fragment_variants: NDArray[np.floating]
    carried: bool = False
    blocks: tuple[SeriesSegmentation, ...] = ()

    def finished(self) -> SeriesSegmentation:
        """The same in half the memory: probabilities are not known to more than three digits."""
        return replace(
            self,
            probabilities=finished(self.probabilities),
            fragment_variants=finished(self.fragment_variants),
            blocks=tuple(block.finished() for block in self.blocks),
        )


def finished(values: NDArray[np.floating]) -> NDArray[np.float16]:
    """Probabilities (…, rows, columns) as float16; what is next to nothing becomes 0.

    Numbers too small for a format take processors long. What already is float16 was finished before.
    """
    if values.dtype == np.float16:
        return np.asarray(values)
    result = np.zeros(values.shape, dtype=np.float16)
    flat, given = result.reshape(-1, *values.shape[-2:]), values.reshape(-1, *values.shape[-2:])
    # Slice by slice and without the empty surroundings: processors convert such numbers one at a time.
    for target, one in zip(flat, given, strict=True):
        kept = one >= NOTHING
        rows = np.flatnonzero(kept.any(axis=1))
        if rows.size:
            kept = kept[rows[0] : rows[-1] + 1]
            columns = np.flatnonzero(kept.any(axis=0))
            part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
            target[part] = np.where(kept[:, part[1]], one[part], np.float32(0.0))
    return result


@dataclass(frozen=True, eq=False)
class Anatomy:
    """All structures of one visit.

    Attributes
    ----------
    segmentations
        By role, for every series that was segmented.
    reference
        The role whose segmentation names the levels (usually sagittal T2).
    levels, vertebrae
        By name. Level confidence is per level.
    counted_from
        ``"sacrum"``, ``"override"`` …
    transitional
        True when the anatomy looks transitional (then names are less sure).
    shifts_lps_mm
        By role of an axial series, shape (3,): how far the patient had moved against the reference; what lies at ``x``
        there lies at ``x + shift`` here. Series that need none are absent. Of several blocks, the largest one's.
    asked
        The level that is measured: what may as well come from it as from the disc above or below counts to it, so that
        a fragment between two discs does not change its parent between visits. None where all levels are told.
    """

    segmentations: Mapping[Role, SeriesSegmentation]
    reference: Role
    levels: Mapping[str, Level]
    vertebrae: Mapping[str, Vertebra]
    counted_from: str
    transitional: bool
    findings: tuple[Finding, ...]
    shifts_lps_mm: Mapping[Role, NDArray[np.float64]] = field(default_factory=dict)
    asked: str | None = None
