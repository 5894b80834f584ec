"""One NIfTI file as it is stored: its voxels, and where they lie."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import UnreadableInputError
from pipeline.findings import Finding, Severity
from pipeline.volume import Affine, Volume

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Image

_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_FORMS_DIFFER_MM = 1.0


def read_nifti(path: Path, findings: list[Finding]) -> Volume:
    """One three-dimensional NIfTI file with its axes as they are stored, float32, in LPS mm.

    Parameters
    ----------
    findings
        What was doubtful is added here.

    Raises
    ------
    UnreadableInputError
        If the file is missing, not NIfTI, not three-dimensional, or says nothing about where its voxels lie.
    """
    image = _open(path)
    shape = _three_dimensions(image, path)
    affine = _RAS_TO_LPS @ _affine(image, path, findings)
    try:
        array = np.asarray(image.dataobj, dtype=np.float32).reshape(shape)
    except (OSError, EOFError, ValueError, ArithmeticError) as error:
        raise UnreadableInputError(
            f"The voxels of {path.name} cannot be read: {_said(error, path)}. Convert it again."
        ) from error
    if not np.isfinite(array).all():
        array = np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0)
        text = f"{path.name} holds values that are no numbers; they are taken as 0."
        findings.append(Finding("nifti-not-finite", Severity.WARNING, text))
    return Volume(array, affine)


def _open(path: Path) -> Nifti1Image:
    import nibabel
    from nibabel.filebasedimages import ImageFileError

    if not path.is_file():
        raise UnreadableInputError(f"There is no file {path}. Name an existing .nii or .nii.gz file.")
    try:
        image = nibabel.load(path)
    except (ImageFileError, OSError, EOFError, ValueError, ArithmeticError) as error:
        what = _said(error, path)
        raise UnreadableInputError(f"{path.name} is not a readable NIfTI file: {what}. Convert it again.") from error
    if not isinstance(image, nibabel.Nifti1Image):
        raise UnreadableInputError(
            f"{path.name} is {type(image).__name__}, which does not say left from right. Convert it to NIfTI."
        )
    return image


def _said(error: Exception, path: Path) -> str:
    """A library's words in one line, with the file's name in place of its folder."""
    text = " ".join(str(error).split())
    for place in (path.absolute(), path):
        text = text.replace(str(place), path.name)
    return text.rstrip(".")


def _three_dimensions(image: Nifti1Image, path: Path) -> tuple[int, int, int]:
    shape = [int(n) for n in image.shape]
    while len(shape) > 3 and shape[-1] == 1:
        shape.pop()
    if len(shape) != 3 or min(shape) < 1:
        sizes = " x ".join(map(str, shape))
        raise UnreadableInputError(
            f"{path.name} has {len(shape)} dimensions ({sizes}); one three-dimensional volume per file is needed. "
            "Split it (for example with nibabel.four_to_three) and give the volume that is wanted."
        )
    return shape[0], shape[1], shape[2]


def _affine(image: Nifti1Image, path: Path, findings: list[Finding]) -> Affine:
    """Voxel index to RAS mm: sform first, as other readers have it; qform where there is none."""
    try:
        qform, sform = (_form(image, name) for name in ("qform", "sform"))
    except (ValueError, ArithmeticError) as error:
        raise UnreadableInputError(f"{path.name} has an impossible orientation: {error}. Convert it again.") from error
    if sform is None and qform is None:
        raise UnreadableInputError(
            f"{path.name} does not say where its voxels lie (sform and qform are both unset), so left and right, up "
            "and down are unknown. Convert it again from its origin, keeping the orientation."
        )
    if sform is not None and qform is not None:
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in image.shape[:3]], [1])).reshape(4, -1)
        apart = float(np.linalg.norm(((sform - qform) @ corners)[:3], axis=0).max())
        if apart > _FORMS_DIFFER_MM:
            text = f"sform and qform of {path.name} disagree by up to {apart:.1f} mm; the sform is believed."
            findings.append(Finding("nifti-forms-differ", Severity.WARNING, text))
    affine = sform if sform is not None else qform
    return np.asarray(affine, dtype=np.float64)


def _form(image: Nifti1Image, name: str) -> Affine | None:
    """An affine that is set, finite and invertible; None otherwise."""
    read: Any = image.get_qform if name == "qform" else image.get_sform  # nibabel is only partly typed
    affine, code = read(coded=True)
    if affine is None or not int(code):
        return None
    matrix = np.asarray(affine, dtype=np.float64)
    if not np.isfinite(matrix).all() or abs(float(np.linalg.det(matrix[:3, :3]))) < 1e-9:
        return None
    return matrix
