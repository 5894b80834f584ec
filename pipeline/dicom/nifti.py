"""NIfTI input, for those whose data left DICOM long ago: one file per role, any order and direction of axes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pipeline.dicom.house_axes import oriented
from pipeline.dicom.nifti_file import read_nifti
from pipeline.dicom.visit import Candidate, PatientIdentity, Plane, Role, Series, SeriesFacts, Stack, Visit
from pipeline.errors import UsageError
from pipeline.findings import Finding, Severity
from pipeline.volume import Volume

_NORMAL_AXIS = {Plane.SAGITTAL: 0, Plane.CORONAL: 1, Plane.AXIAL: 2}


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
