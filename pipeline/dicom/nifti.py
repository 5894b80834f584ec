"""NIfTI input, for those whose data left DICOM long ago: one file per role, any order and direction of axes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dicom.visit import Candidate, PatientIdentity, Plane, Role, Series, SeriesFacts, Stack, Visit
from pipeline.errors import UnreadableInputError, UsageError
from pipeline.findings import Finding, Severity
from pipeline.volume import Affine, Volume

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Image

_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_NORMAL_AXIS = {Plane.SAGITTAL: 0, Plane.CORONAL: 1, Plane.AXIAL: 2}
_FORMS_DIFFER_MM = 1.0


def load_nifti_visit(files: Mapping[Role, Path]) -> Visit:
    """One visit from NIfTI files whose roles are given.

    Parameters
    ----------
    files
        ``.nii`` or ``.nii.gz`` by role. At least one.

    Returns
    -------
    Visit
        Without identity and date, which NIfTI does not hold. Axis 0 of every volume is the through-plane axis of its
        role: towards Left for sagittal, Superior for axial series; rows run towards Inferior (sagittal) or Posterior
        (axial), columns towards Posterior or Left.

    Raises
    ------
    UsageError
        If no file is given.
    UnreadableInputError
        If a file is missing, not NIfTI, not three-dimensional, or says nothing about where its voxels lie.
    """
    if not files:
        raise UsageError("No NIfTI file is given. Name at least a sagittal T2 (--t2).")
    findings: list[Finding] = []
    series: dict[Role, Series] = {}
    digests: list[bytes] = []
    for role in sorted(files, key=list(Role).index):
        path = Path(files[role])
        volume, digest = _read(role, path, findings)
        series[role] = Series(role, _facts(role), (Stack(volume, None),))
        digests.append(digest)
    text = "NIfTI holds no patient identity and no study date; the order given is taken, the patient is not verified."
    findings.append(Finding("identity-unverified", Severity.WARNING, text))
    return Visit(
        identity=PatientIdentity(),
        study_date=None,
        study_instance_uid=None,
        accession_number=None,
        series=series,
        candidates=tuple(_candidate(role, one) for role, one in series.items()),
        findings=tuple(findings),
        source=", ".join(str(files[role]) for role in series),
        input_sha256=hashlib.sha256(b"".join(sorted(digests))).hexdigest(),
    )


def _read(role: Role, path: Path, findings: list[Finding]) -> tuple[Volume, bytes]:
    stored = read_nifti(path, findings)
    volume = oriented(stored.array, stored.affine, role.plane)
    thinnest = _plane_by_spacing(volume)
    if thinnest is not None and thinnest is not role.plane:
        text = f"{path.name} is given as {role}, but its thick slices lie in the {thinnest} plane; used as given."
        findings.append(Finding("nifti-plane-differs", Severity.WARNING, text))
    return volume, _digest(path)


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


def oriented(array: NDArray[Any], affine: Affine, plane: Plane) -> Volume:
    """A view of the same voxels with the through-plane axis of ``plane`` first, all axes in the house's directions.

    Parameters
    ----------
    array
        Three axes in any order.
    affine
        Shape (4, 4): index in the order of the array's axes to LPS mm.
    plane
        Sagittal gives axes towards Left, Inferior, Posterior; axial Superior, Posterior, Left; coronal Posterior,
        Inferior, Left.
    """
    wanted = {
        Plane.SAGITTAL: ((0, 1), (2, -1), (1, 1)),
        Plane.AXIAL: ((2, 1), (1, 1), (0, 1)),
        Plane.CORONAL: ((1, 1), (2, -1), (0, 1)),
    }[plane]
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    order = _assignment(np.abs(directions), [axis for axis, _ in wanted])
    array, moved = array.transpose(order), affine.copy()
    moved[:3, :3] = affine[:3, order]
    for n, (axis, sign) in enumerate(wanted):
        if moved[axis, n] * sign < 0:
            moved[:3, 3] += moved[:3, n] * (array.shape[n] - 1)
            moved[:3, n] *= -1
            array = np.flip(array, n)
    return Volume(array, moved)


def _assignment(sizes: NDArray[np.float64], patient_axes: list[int]) -> list[int]:
    """Which array axis goes along each patient axis, so that the sum of direction cosines is largest."""
    from itertools import permutations

    return list(
        max(permutations(range(3)), key=lambda p: sum(sizes[a, n] for a, n in zip(patient_axes, p, strict=True)))
    )


def _plane_by_spacing(volume: Volume) -> Plane | None:
    """Plane of the slices by the coarsest axis; None when the voxels are about as long in every direction."""
    spacing = volume.spacing_mm
    coarsest = max(range(3), key=lambda n: spacing[n])
    if spacing[coarsest] < 1.5 * sorted(spacing)[1]:
        return None
    axis = int(np.abs(volume.affine[:3, coarsest]).argmax())
    return next(plane for plane, normal in _NORMAL_AXIS.items() if normal == axis)


def _digest(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def _facts(role: Role) -> SeriesFacts:
    post = role in (Role.SAGITTAL_T1_POST, Role.AXIAL_T1_POST)
    return SeriesFacts(
        series_instance_uid="",
        series_description=f"NIfTI ({role.value.replace('_', ' ')})",
        fat_suppressed=True if role is Role.SAGITTAL_STIR else None,
        contrast_enhanced=post,
    )


def _candidate(role: Role, series: Series) -> Candidate:
    volume = series.stacks[0].volume
    weighting = {"stir": "STIR", "t2": "T2"}.get(role.value.split("_")[1], "T1")
    return Candidate(
        series_number=None,
        series_description=series.facts.series_description,
        series_instance_uid="",
        plane=role.plane,
        weighting=weighting,
        slices=volume.shape[0],
        shape=volume.shape[1:],
        spacing_mm=volume.spacing_mm,
        role=role,
        reason="weighting and contrast as given",
        contrast=series.facts.contrast_enhanced,
    )
