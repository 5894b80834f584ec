"""What the loaders give: one visit of one patient, its series by role, each a verified volume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path

from pipeline.findings import Finding
from pipeline.volume import Volume


class Plane(StrEnum):
    """Orientation of a stack, from its direction cosines."""

    SAGITTAL = "sagittal"
    AXIAL = "axial"
    CORONAL = "coronal"
    OBLIQUE = "oblique"


class Role(StrEnum):
    """What a series is for."""

    SAGITTAL_T2 = "sagittal_t2"
    SAGITTAL_T1 = "sagittal_t1"
    SAGITTAL_T1_POST = "sagittal_t1_post"
    SAGITTAL_STIR = "sagittal_stir"
    AXIAL_T2 = "axial_t2"
    AXIAL_T1 = "axial_t1"
    AXIAL_T1_POST = "axial_t1_post"

    @property
    def plane(self) -> Plane:
        """The plane that this role asks for."""
        return Plane(self.value.split("_", 1)[0])

    @property
    def words(self) -> str:
        """As people write it: ``sagittal T1 + contrast`` for ``sagittal_t1_post``."""
        written = {"t1": "T1", "t2": "T2", "stir": "STIR", "post": "+ contrast"}
        return " ".join(written.get(word, word) for word in self.value.split("_"))


@dataclass(frozen=True, eq=False)
class Stack:
    """Parallel, evenly spaced slices of one series.

    Attributes
    ----------
    volume
        float32 values after Modality LUT or rescale; slices sorted along the normal.
    slice_thickness_mm
        Nominal SliceThickness (0018,0050); None when absent. Never used as spacing.
    sop_instance_uids
        One per slice, in the order of the array; an enhanced object repeats its UID. Empty for NIfTI.
    frame_numbers
        One per slice, 1-based frame inside its instance.
    files
        One per slice, the file that it was read from.
    """

    volume: Volume
    slice_thickness_mm: float | None
    sop_instance_uids: tuple[str, ...] = ()
    frame_numbers: tuple[int, ...] = ()
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, eq=False)
class SeriesFacts:
    """Header facts of one series that later stages or the report need; None where the export lacks them."""

    series_instance_uid: str
    series_number: int | None = None
    series_description: str = ""
    study_instance_uid: str = ""
    frame_of_reference_uid: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    field_strength_t: float | None = None
    repetition_time_ms: float | None = None
    echo_time_ms: float | None = None
    inversion_time_ms: float | None = None
    acquired_at: str | None = None
    fat_suppressed: bool | None = None
    contrast_enhanced: bool | None = None


@dataclass(frozen=True, eq=False)
class Series:
    """One series in its role: one stack, or several tilted blocks of an axial series."""

    role: Role
    facts: SeriesFacts
    stacks: tuple[Stack, ...]

    @property
    def volume(self) -> Volume:
        """The largest stack's volume (the only one for a plain series)."""
        return max(self.stacks, key=lambda stack: stack.volume.array.size).volume


@dataclass(frozen=True)
class Candidate:
    """One stack that was found, the role it plays or the reason why it lost: a line of ``discdelta inspect``.

    Attributes
    ----------
    weighting
        For the eye, e.g. ``"T2 fat-suppressed"``.
    reason
        Why it lost; for a chosen stack, what its weighting and contrast state rest on.
    contrast
        Whether it was acquired after contrast medium; None where that was not asked (localizers, derived images).
    """

    series_number: int | None
    series_description: str
    series_instance_uid: str
    plane: Plane | None
    weighting: str
    slices: int
    shape: tuple[int, int]
    spacing_mm: tuple[float, float, float] | None
    role: Role | None
    reason: str
    contrast: bool | None = None


@dataclass(frozen=True)
class PatientIdentity:
    """Identity used only to compare two visits; its text never reaches a log, a finding or a traceback.

    Other IDs and names are not compared: they are known so that they can be kept out of descriptions.
    """

    patient_id: str | None = field(default=None, repr=False)
    patient_name: str | None = field(default=None, repr=False)
    birth_date: str | None = field(default=None, repr=False)
    sex: str | None = field(default=None, repr=False)
    other_ids: tuple[str, ...] = field(default=(), repr=False)
    other_names: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, eq=False)
class Visit:
    """One patient's images of one study date.

    Attributes
    ----------
    series
        Chosen series by role.
    candidates
        Everything that was found, chosen or not, with the reason.
    study_date
        None when unusable (findings say why).
    input_sha256
        Hash over the content of all files used, independent of their names and order.
    """

    identity: PatientIdentity
    study_date: date | None
    study_instance_uid: str | None
    accession_number: str | None
    series: Mapping[Role, Series]
    candidates: tuple[Candidate, ...]
    findings: tuple[Finding, ...]
    source: str
    input_sha256: str = ""
