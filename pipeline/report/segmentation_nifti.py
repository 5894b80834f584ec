"""Label maps, instance maps and probabilities of one visit as NIfTI, voxel for voxel on the series."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from pipeline.dicom.visit import Role
from pipeline.files import replacing
from pipeline.report.as_nifti import block_name, to_nifti
from pipeline.segmentation.anatomy import SeriesSegmentation
from pipeline.segmentation.blocks import labelled_blocks
from pipeline.segmented import SegmentedVisit
from pipeline.volume import Volume

KINDS = ("labels", "instances", "probabilities", "image")
"""Endings of the files; those of an earlier run that are not written again are removed."""
_LABEL_INTENT = "label"
_OURS = re.compile(rf"({'|'.join(Role)})(_block\d+)?_({'|'.join(KINDS)})\.nii\.gz")


def file_name(role: Role, kind: str, block: int = 1) -> str:
    """``sagittal_t2_labels.nii.gz`` and the like; ``axial_t2_block2_labels.nii.gz`` of a further block."""
    return f"{block_name(role, block)}_{kind}.nii.gz"


def write_maps(result: SegmentedVisit, folder: Path, *, probabilities: bool, images: bool) -> tuple[Path, ...]:
    """Write the maps of every series into ``folder``, and remove those of an earlier run that are not among them.

    Blocks are numbered from 1, the largest, in the order of :func:`pipeline.segmentation.blocks.volumes_of`.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    written = []
    for role, segmentation in sorted(result.anatomy.segmentations.items()):
        blocks = labelled_blocks(result.visit.series[role], segmentation)
        for number, (volume, labels) in enumerate(blocks, start=1):
            for kind, image in _maps(labels, volume, probabilities=probabilities, images=images):
                target = folder / file_name(role, kind, number)
                with replacing(target) as temporary:
                    image.to_filename(temporary)
                written.append(target)
    for stale in {path for path in folder.iterdir() if _OURS.fullmatch(path.name)}.difference(written):
        stale.unlink(missing_ok=True)
    return tuple(written)


def _maps(
    segmentation: SeriesSegmentation, image: Volume, *, probabilities: bool, images: bool
) -> Iterator[tuple[str, nib.Nifti1Image]]:
    yield "labels", _label_map(segmentation.labels)
    yield "instances", _label_map(segmentation.instances)
    if probabilities:
        yield "probabilities", _channels(segmentation.probabilities, segmentation.labels)
    if images:
        yield "image", to_nifti(image)


def _label_map(volume: Volume) -> nib.Nifti1Image:
    image = to_nifti(volume.with_array(volume.array.astype(np.uint8)))
    image.header.set_intent(_LABEL_INTENT)
    return image


def _channels(classes: NDArray[np.floating], grid: Volume) -> nib.Nifti1Image:
    """Four dimensions: columns, rows, slices, classes in the order of their values, background first.

    Stored as uint8 with a scale of 1/255, which readers apply: finer steps would pretend to a precision that the
    probabilities do not have, and take four times the room.
    """
    scaled: NDArray[Any] = np.rint(np.clip(classes.astype(np.float32), 0.0, 1.0) * 255).astype(np.uint8)
    like = to_nifti(grid)
    image = nib.Nifti1Image(np.transpose(scaled, (3, 2, 1, 0)), like.affine)
    image.set_sform(like.affine, code=int(like.header["sform_code"]))
    image.set_qform(like.affine, code=int(like.header["qform_code"]), strip_shears=True)
    image.header.set_xyzt_units("mm")
    image.header.set_slope_inter(1 / 255, 0)
    return image
