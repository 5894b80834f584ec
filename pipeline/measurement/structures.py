"""Volume of every labelled structure of one series, as its label maps have it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.segmentation.anatomy import Anatomy, SeriesSegmentation, Structure
from pipeline.segmentation.names import known_instances


@dataclass(frozen=True)
class StructureVolume:
    """One structure, or one named vertebra or disc.

    Attributes
    ----------
    structure
        ``"vertebra"`` and the like.
    name
        ``"L4"``, ``"L4/L5"`` …; None for the whole structure.
    instance
        Value in the instance map; None for the whole structure.
    volume_mm3
        Number of voxels times the volume of one (pitch, not slice thickness).
    share_at_edge
        0…1: part of the voxels in the outermost slices, rows or columns; above 0 the structure may go on outside.
    """

    structure: str
    name: str | None
    instance: int | None
    voxels: int
    volume_mm3: float
    share_at_edge: float


def structure_volumes(segmentation: SeriesSegmentation, anatomy: Anatomy) -> tuple[StructureVolume, ...]:
    """Structures first, in the order of their values, then vertebrae and discs cranial to caudal.

    Parameters
    ----------
    segmentation
        One series of ``anatomy``.
    anatomy
        For the names.
    """
    voxel = segmentation.labels.voxel_volume_mm3
    whole, single = _Counts(segmentation.labels.array), _Counts(segmentation.instances.array)

    def row(counts: _Counts, value: int, structure: str, name: str | None) -> StructureVolume:
        voxels = int(counts.total[value])
        share = float(counts.edge[value]) / max(voxels, 1)
        return StructureVolume(structure, name, None if name is None else value, voxels, voxels * voxel, share)

    structures = [row(whole, int(s), s.name.lower(), None) for s in Structure if s is not Structure.BACKGROUND]
    named = named_instances(anatomy).items()
    instances = [row(single, value, kind, name) for value, (kind, name) in named if single.total[value]]
    return (*structures, *instances)


def named_instances(anatomy: Anatomy) -> dict[int, tuple[str, str]]:
    """Structure and name by instance value, vertebrae before discs, cranial to caudal.

    The visit's own names win over the usual ones: disc 124 is L5/L6 in a spine with six lumbar vertebrae.
    """
    names = known_instances()
    names |= {level.instance: ("disc", level.name) for level in anatomy.levels.values()}
    names |= {
        one.instance: ("sacrum" if one.name == "S1" else "vertebra", one.name) for one in anatomy.vertebrae.values()
    }
    return dict(sorted(names.items()))


class _Counts:
    """Voxels by value, and those among them at the border of the stack; both of shape (256,)."""

    def __init__(self, array: NDArray[np.uint8]) -> None:
        self.total = np.bincount(array.ravel(), minlength=256)
        inner = array[tuple(slice(1, -1) if n > 2 else slice(None) for n in array.shape)]
        self.edge = self.total - np.bincount(inner.ravel(), minlength=256)
