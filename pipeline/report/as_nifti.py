"""Images, label maps and fragment masks as NIfTI, for viewers and for other programs.

NIfTI counts in RAS where the rest of this package counts in LPS: only this file converts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from pipeline.comparison import Comparison
from pipeline.dicom.visit import Role, Visit
from pipeline.files import replacing, write_text
from pipeline.measurement.change import FragmentMeasurement
from pipeline.report.resample import Grid, resample
from pipeline.segmentation.anatomy import Anatomy, SeriesSegmentation, Structure
from pipeline.segmentation.blocks import volumes_of
from pipeline.segmentation.parallel import for_each
from pipeline.volume import Affine, Volume

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_SCANNER = 1
_INT16_MAX = 32767
_ROLES = "|".join(Role)
_OURS = re.compile(
    rf"(baseline|followup|followup_in_baseline)_"
    rf"(({_ROLES})(_block\d+)?_(image|labels|instances)|fragment_(occupancy|mask))\.nii\.gz"
)


def is_ours(name: str) -> bool:
    """Whether a file of this name is one that a report holds, and replaces."""
    return _OURS.fullmatch(name) is not None


@dataclass(frozen=True, eq=False)
class Named:
    """A volume and the file name, without folder and suffix, that it is written under."""

    name: str
    volume: Volume


def ras_affine(volume: Volume) -> Affine:
    """(4, 4): maps the NIfTI index (column, row, slice, 1) to RAS mm, given an affine over (slice, row, column)."""
    reversed_axes = np.eye(4)[:, [2, 1, 0, 3]]
    return np.asarray(LPS_TO_RAS @ volume.affine @ reversed_axes)


def to_nifti(volume: Volume) -> nib.Nifti1Image:
    """``volume`` as a NIfTI-1 image whose every voxel lies at the same physical point.

    The sform holds the exact affine. The qform cannot hold shear and is set to the nearest affine without.
    """
    data = _compact(np.transpose(volume.array, (2, 1, 0)))
    image = nib.Nifti1Image(data, ras_affine(volume))
    image.set_sform(image.affine, code=_SCANNER)
    image.set_qform(image.affine, code=_SCANNER, strip_shears=True)
    image.header.set_xyzt_units("mm")
    return image


def _compact(array: NDArray[Any]) -> NDArray[Any]:
    """MR values are stored integers: int16 halves the file and loses nothing when they truly are whole."""
    if array.dtype.kind != "f" or array.size == 0:
        return array
    whole = np.abs(array).max() <= _INT16_MAX and bool((array == np.rint(array)).all())
    if whole and array.max() > 1:
        return np.asarray(array, dtype=np.int16)
    return np.asarray(array, dtype=np.float32)


def volumes(comparison: Comparison) -> Iterator[Named]:
    """Everything that is written as NIfTI, one after another."""
    yield from _visit_volumes("baseline", comparison.baseline, comparison.baseline_anatomy, comparison.change.baseline)
    yield from _visit_volumes("followup", comparison.followup, comparison.followup_anatomy, comparison.change.followup)
    yield from _followup_in_baseline(comparison)


def block_name(role: Role, number: int) -> str:
    """``axial_t2`` of the largest block of a series, ``axial_t2_block2`` of a further one."""
    return role.value if number == 1 else f"{role.value}_block{number}"


def _visit_volumes(name: str, visit: Visit, anatomy: Anatomy, fragment: FragmentMeasurement) -> Iterator[Named]:
    for role in sorted({fragment.role, *anatomy.segmentations}):
        if role in visit.series:
            for number, volume in enumerate(volumes_of(visit.series[role]), start=1):
                yield Named(f"{name}_{block_name(role, number)}_image", volume)
    for role, segmentation in sorted(anatomy.segmentations.items()):
        for number, block in enumerate((segmentation, *segmentation.blocks), start=1):
            yield Named(f"{name}_{block_name(role, number)}_labels", block.labels)
            yield Named(f"{name}_{block_name(role, number)}_instances", block.instances)
    filled = fragment.occupancy
    yield Named(f"{name}_fragment_occupancy", filled)
    yield Named(f"{name}_fragment_mask", filled.with_array((filled.array >= 0.5).astype(np.uint8)))


def _followup_in_baseline(comparison: Comparison) -> Iterator[Named]:
    """The follow-up as it would look had the patient lain as at baseline: for viewing, never for measuring."""
    first = comparison.baseline.series.get(comparison.change.baseline.role)
    second = comparison.followup.series.get(comparison.change.followup.role)
    if first is None or second is None:
        return
    grid = Grid(first.volume.affine, first.volume.shape)
    to_baseline = np.linalg.inv(comparison.alignment.baseline_to_followup)
    seen = resample(second.volume, to_baseline, grid, outside=0.0)
    filled = resample(comparison.change.followup.occupancy, to_baseline, grid, outside=0.0)
    role = comparison.change.followup.role.value
    yield Named(f"followup_in_baseline_{role}_image", Volume(np.rint(seen).astype(np.float32), grid.affine))
    yield Named("followup_in_baseline_fragment_occupancy", Volume(filled, grid.affine))


def label_table(comparison: Comparison) -> str:
    """``labels.tsv``: the meaning of every value, of label maps and of each visit's instance maps."""
    rows = ["map\tvalue\tname"]
    rows += [f"labels\t{int(s)}\t{s.name.lower()}" for s in Structure]
    for visit, anatomy in (("baseline", comparison.baseline_anatomy), ("followup", comparison.followup_anatomy)):
        for role, segmentation in sorted(anatomy.segmentations.items()):
            for number, block in enumerate((segmentation, *segmentation.blocks), start=1):
                names = _instance_names(anatomy, block)
                kind = f"{visit}_{block_name(role, number)}_instances"
                rows += [f"{kind}\t{value}\t{name}" for value, name in names.items()]
    return "\n".join(rows) + "\n"


def _instance_names(anatomy: Anatomy, segmentation: SeriesSegmentation) -> dict[int, str]:
    """Name of every instance value that occurs; one without a name takes that of its structure."""
    named = {level.instance: f"disc {level.name}" for level in anatomy.levels.values()}
    named |= {vertebra.instance: f"vertebra {vertebra.name}" for vertebra in anatomy.vertebrae.values()}
    instances, labels = segmentation.instances.array, segmentation.labels.array
    counts = np.zeros(256 * len(Structure), dtype=np.int64)
    for numbers, structures in zip(instances, labels, strict=True):  # slice by slice: indices take eight bytes each
        both = numbers.astype(np.intp) * len(Structure) + structures
        counts += np.bincount(both.ravel(), minlength=counts.size)
    table = counts.reshape(256, len(Structure))
    names = {}
    for value in np.flatnonzero(table.sum(1)):
        structure = Structure(int(table[value].argmax())).name.lower()
        names[int(value)] = "background" if value == 0 else named.get(int(value), structure)
    return names


def write_nifti(comparison: Comparison, folder: Path) -> tuple[Path, ...]:
    """Write all volumes and ``labels.tsv`` into ``folder`` and remove those of an earlier run; other files stay.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """

    def write(item: Named) -> Path:
        target = folder / f"{item.name}.nii.gz"
        with replacing(target) as temporary:
            to_nifti(item.volume).to_filename(temporary)
        return target

    written = for_each(write, list(volumes(comparison)), comparison.config.segmentation.threads)
    write_text(folder / "labels.tsv", label_table(comparison))
    for stale in {path for path in folder.iterdir() if is_ours(path.name)}.difference(written):
        stale.unlink(missing_ok=True)
    return (*written, folder / "labels.tsv")
