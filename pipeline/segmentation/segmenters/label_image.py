"""Label images as segmentation programs write them: NIfTI, and what SimpleITK reads (NRRD, MetaImage)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dicom.nifti_file import read_nifti
from pipeline.errors import UnreadableInputError
from pipeline.findings import Finding
from pipeline.volume import Volume

if TYPE_CHECKING:
    import SimpleITK as sitk

NIFTI = (".nii", ".nii.gz")
OTHERS = (".nrrd", ".nhdr", ".mha", ".mhd")
MOST_VALUES = 400
"""No label scheme has so many values; an MR image has more."""


@dataclass(frozen=True, eq=False)
class LabelImage:
    """A label map, or shares of voxels, where it lies in the patient.

    Attributes
    ----------
    volume
        float32 where values are shares between 0 and 1, else int64; axes in any order.
    names
        What the file itself calls its values (3D Slicer does); may be empty.
    format
        ``"NIfTI"`` and the like.
    sha256
        Of the file's bytes.
    """

    volume: Volume
    names: Mapping[int, str]
    format: str
    sha256: str
    findings: tuple[Finding, ...] = field(default=())

    @property
    def soft(self) -> bool:
        """Whether values are shares of voxels rather than labels."""
        return self.volume.array.dtype.kind == "f"

    @property
    def values(self) -> tuple[int, ...]:
        """Labels that occur, without 0."""
        return tuple(int(v) for v in np.unique(self.volume.array) if v != 0) if not self.soft else ()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes in hexadecimal.

    Raises
    ------
    UnreadableInputError
        If there is no such file.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableInputError(f"Cannot read {path.name}: {error.strerror}. Name an existing file.") from error


def read_label_image(path: Path) -> LabelImage:
    """Read a label map.

    Raises
    ------
    UnreadableInputError
        If the file is missing, of another kind, not three-dimensional, or holds an image rather than labels.
    """
    digest = file_sha256(path)
    findings: list[Finding] = []
    names: dict[int, str] = {}
    if path.name.lower().endswith(NIFTI):
        volume, kind = read_nifti(path, findings), "NIfTI"
    elif path.name.lower().endswith(OTHERS):
        volume, names = _by_simpleitk(path)
        kind = "MetaImage" if path.suffix.lower().startswith(".m") else "NRRD"
    else:
        raise UnreadableInputError(
            f"{path.name} is no segmentation that can be read: NIfTI (.nii, .nii.gz), NRRD (.nrrd), MetaImage (.mha) "
            "and DICOM SEG can be. Export it in one of these."
        )
    return LabelImage(volume.with_array(_as_labels(volume.array, path.name)), names, kind, digest, tuple(findings))


def _as_labels(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Whole numbers as int64, shares between 0 and 1 as float32; anything else is no segmentation."""
    if array.size and array.min() < 0:
        raise UnreadableInputError(f"{name} holds values below 0, so it is no segmentation. Give the label map.")
    whole = bool((array == np.rint(array)).all())
    if not whole and array.max() <= 1:
        return np.asarray(array, dtype=np.float32)
    if not whole or np.unique(array).size > MOST_VALUES:
        raise UnreadableInputError(
            f"{name} holds too many different values for a segmentation, so it looks like an image. Give the label map."
        )
    return np.asarray(array, dtype=np.int64)


def _by_simpleitk(path: Path) -> tuple[Volume, dict[int, str]]:
    import SimpleITK as sitk

    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise UnreadableInputError(f"{path.name} cannot be read: it is damaged. Export it again.") from error
    if image.GetDimension() != 3:
        raise UnreadableInputError(
            f"{path.name} has {image.GetDimension()} dimensions; one three-dimensional label map is needed."
        )
    names, layers = _segments(image)
    if image.GetNumberOfComponentsPerPixel() == 1:
        return Volume.from_sitk(image), names
    return _flattened(image, names, layers, path.name)


def _segments(image: sitk.Image) -> tuple[dict[int, str], dict[int, tuple[int, int]]]:
    """Names by number, and layer with value by number, as 3D Slicer writes them; empty from other programs.

    Segments that share no layer may share their value, so they are numbered from 1 where there are several layers.
    """
    entries = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}
    found = sorted({int(m[1]) for key in entries if (m := re.match(r"Segment(\d+)_LabelValue$", key))})
    layers, names = {}, {}
    single = image.GetNumberOfComponentsPerPixel() == 1
    for n in found:
        value = int(entries[f"Segment{n}_LabelValue"])
        number = value if single else n + 1
        layers[number] = (int(entries.get(f"Segment{n}_Layer", "0")), value)
        names[number] = entries.get(f"Segment{n}_Name", f"segment {number}")
    return names, layers


def _flattened(
    image: sitk.Image, names: dict[int, str], layers: dict[int, tuple[int, int]], file: str
) -> tuple[Volume, dict[int, str]]:
    """One map of several layers; refused where segments overlap, as a voxel can then have one value only."""
    import SimpleITK as sitk

    result: Volume | None = None
    for number, (layer, value) in layers.items():
        own = Volume.from_sitk(sitk.VectorIndexSelectionCast(image, layer))
        inside = own.array == value
        if result is None:
            result = own.with_array(np.zeros(own.shape, dtype=np.int64))
        if (result.array[inside] != 0).any():
            raise UnreadableInputError(
                f"Segments of {file} overlap. Export the fragment alone (in 3D Slicer: Export visible segments)."
            )
        result.array[inside] = number
    if result is None:
        raise UnreadableInputError(f"{file} holds several values per voxel, so it is no label map. Export one.")
    return result, names
