"""A fragment that a person drew or corrected, read from the file that a segmentation program wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.errors import UsageError
from pipeline.findings import Finding
from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.segmenters.dicom_seg import Origin, choose, is_dicom, read_segment
from pipeline.segmentation.segmenters.label_image import LabelImage, file_sha256, read_label_image
from pipeline.volume import Volume

OWN_VALUES = {int(s) for s in Structure if s is not Structure.BACKGROUND}
FEWEST_OWN = 3
"""From so many of this project's structures on, a map without a fragment is a map of somebody without one."""


@dataclass(frozen=True, eq=False)
class HandMask:
    """A fragment by hand.

    Attributes
    ----------
    share
        float32, 0…1, on the mask's own voxels (axes in any order): how much of each is fragment.
    whole_spine
        True where the file marks the displaced material of all levels, so that it has to be divided.
    format
        ``"NIfTI"``, ``"NRRD"``, ``"DICOM SEG"``.
    chosen
        Which value or segment of the file was taken, in words.
    sha256
        Of the file's bytes.
    origin
        Whose it is, where the file says so.
    """

    share: Volume
    whole_spine: bool
    format: str
    chosen: str
    sha256: str
    origin: Origin
    findings: tuple[Finding, ...]

    @property
    def volume_mm3(self) -> float:
        """Sum of the shares times the volume of one of the mask's own voxels."""
        return float(self.share.array.sum(dtype=np.float64)) * self.share.voxel_volume_mm3

    @property
    def voxels(self) -> int:
        """Number of voxels that hold some fragment."""
        return int(np.count_nonzero(self.share.array))


def read_mask(path: Path, segment_number: int | None = None) -> HandMask:
    """Read a corrected mask: NIfTI, NRRD, MetaImage or DICOM SEG.

    Taken is the value or segment asked for; else the one that the file itself calls a fragment or herniation, value 5
    of a label map of this project, or the only one there is. An empty mask says that there is no fragment.

    Parameters
    ----------
    segment_number
        Segment of a DICOM SEG, or value of a label map.

    Raises
    ------
    UnreadableInputError
        If the file cannot be read or holds no segmentation.
    UsageError
        If several values or segments could be meant, or the one asked for is not there.
    """
    if is_dicom(path):
        segment, chosen, origin = read_segment(path, segment_number)
        return HandMask(segment, False, "DICOM SEG", chosen, file_sha256(path), origin, ())
    image = read_label_image(path)
    value, whole_spine = _value(image, segment_number, path.name)
    array = image.volume.array
    share = array if value is None else array == value
    return HandMask(
        image.volume.with_array(np.asarray(share, dtype=np.float32)),
        whole_spine,
        image.format,
        _in_words(image, value),
        image.sha256,
        Origin(),
        image.findings,
    )


def _value(image: LabelImage, number: int | None, file: str) -> tuple[int | None, bool]:
    """The value to take (None: all that is there, as shares) and whether it marks all levels."""
    if image.soft:
        if number is not None:
            raise UsageError(f"{file} holds shares of voxels and no values to choose from; leave out --segment-number.")
        return None, False
    present = set(image.values)
    if image.names:
        return choose(image.names, number, file, "segment"), False
    if number is not None:
        return choose({v: f"value {v}" for v in sorted(present)}, number, file, "value"), False
    if len(present) > 1 and present <= OWN_VALUES and (Structure.FRAGMENT in present or len(present) >= FEWEST_OWN):
        return int(Structure.FRAGMENT), True
    if not present:
        return None, False
    return choose({v: f"value {v}" for v in sorted(present)}, None, file, "value"), False


def _in_words(image: LabelImage, value: int | None) -> str:
    if image.soft:
        return "shares of voxels"
    if value is None:
        return "empty"
    return f"segment {value} ({image.names[value]})" if value in image.names else f"value {value}"
