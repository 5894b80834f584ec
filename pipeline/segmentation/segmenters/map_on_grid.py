"""A label map, in one or several files, on the grid of a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import UsageError
from pipeline.findings import Finding, Severity
from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.segmenters.label_image import LabelImage, read_label_image
from pipeline.segmentation.segmenters.place import looked_up, voxel_map
from pipeline.segmentation.segmenters.scheme import Meaning, Scheme
from pipeline.volume import Volume

DEPTHS = 3
"""Places across a slice at which a map of other voxels is looked up."""
_LISTED = 12


@dataclass(frozen=True, eq=False)
class LabelMap:
    """What a program says of one visit.

    Attributes
    ----------
    images
        Its files; where several mark a voxel, the first that names it counts.
    meanings
        By value; values that mean nothing are left out.
    named
        Whether names of vertebrae and discs can be believed.
    marks_fragment
        Whether displaced material is marked where there is some.
    """

    images: tuple[LabelImage, ...]
    meanings: dict[int, Meaning]
    named: bool
    marks_fragment: bool
    findings: tuple[Finding, ...]

    def codes(self) -> list[Meaning | None]:
        """Meanings in a fixed order; index 0 is background."""
        return [None, *dict.fromkeys(self.meanings.values())]

    def on(self, grid: Volume, depths: int = 1) -> list[NDArray[np.int64]]:
        """Index into :meth:`codes` for every voxel of ``grid``, at each depth across its slices."""
        codes = self.codes()
        named = np.array([m is not None and m.name is not None for m in codes])
        result: list[NDArray[np.int64]] = [np.zeros(grid.shape, dtype=np.int64) for _ in range(depths)]
        for image in self.images:
            table = np.zeros(max(image.values, default=0) + 1, dtype=np.int64)
            for value in image.values:
                if value in self.meanings:
                    table[value] = codes.index(self.meanings[value])
            for total, values in zip(result, looked_up(image.volume, grid, depths), strict=True):
                own = table[values]
                better = (own > 0) & ((total == 0) | (named[own] & ~named[total]))
                total[better] = own[better]
        return result

    def same_voxels(self, grid: Volume) -> bool:
        """Whether every file has the voxels of ``grid``."""
        return all(voxel_map(image.volume, grid) is not None for image in self.images)

    def structures_on(self, grid: Volume) -> NDArray[np.float32]:
        """Shares of the structures in every voxel: float32, shape (6, slices, rows, columns), summing to 1."""
        codes = self.codes()
        structure = np.array([0 if m is None else int(m.structure) for m in codes], dtype=np.uint8)
        depths = self.on(grid, 1 if self.same_voxels(grid) else DEPTHS)
        share = np.zeros((len(Structure), *grid.shape), dtype=np.float32)
        for values in depths:
            labels = structure[values]
            for one in Structure:
                share[one] += (labels == one) / np.float32(len(depths))
        return share


def read_label_map(files: Sequence[Path], scheme: Scheme) -> LabelMap:
    """Read the files of one program.

    Raises
    ------
    UnreadableInputError
        If a file cannot be read.
    UsageError
        If no value means anything in the scheme.
    """
    images = tuple(read_label_image(path) for path in files)
    values = frozenset(value for image in images for value in image.values)
    table = scheme.table(values)
    meanings = {value: table[value] for value in sorted(values) if value in table}
    names = ", ".join(path.name for path in files)
    if not meanings:
        listed = ", ".join(map(str, sorted(values)[:_LISTED])) or "none but 0"
        raise UsageError(
            f"{names} holds no value of {scheme.title} (its values: {listed}). Give the right --label-scheme, or the "
            "segmentation of this visit."
        )
    findings = [finding for image in images for finding in image.findings]
    unknown = sorted(values - set(table))
    if unknown:
        text = f"Values of {names} that mean nothing here were left out: {', '.join(map(str, unknown[:_LISTED]))}."
        findings.append(Finding("label-values-left-out", Severity.INFO, text))
    marks_fragment = any(image.values and scheme.structures.issuperset(image.values) for image in images)
    return LabelMap(images, meanings, scheme.reliable_names(values), marks_fragment, tuple(findings))
