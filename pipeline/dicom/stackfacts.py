"""What the headers say about one stack: the only thing that classification, rules and roles look at."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property

from pipeline.dicom.stack import StackKind
from pipeline.dicom.text import plain, quoted
from pipeline.dicom.visit import PatientIdentity, Plane

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class StackFacts:
    """Header facts of one stack of parallel slices; None or empty where the export lacks them.

    Attributes
    ----------
    index
        Position of the stack in the scan that it came from.
    shape
        Slices, rows, columns.
    spacing_mm
        Measured distance between neighbouring slices, rows, columns.
    centre_lps, normal_lps
        Middle of the stack in LPS mm, and the unit vector along which its slices are sorted.
    shown_description
        Description without what names the patient; None where it is as written.
    series_planes
        Number of different planes (sagittal, axial, coronal) among all the stacks of this series.
    """

    index: int
    series_instance_uid: str = ""
    series_number: int | None = None
    description: str = ""
    protocol: str = ""
    study_description: str = ""
    body_part: str = ""
    study_instance_uid: str = ""
    study_date: date | None = None
    acquired_at: datetime | None = None
    acquisition_number: int | None = None
    frame_of_reference_uid: str | None = None
    accession_number: str | None = None
    modality: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    field_strength_t: float | None = None
    image_type: tuple[str, ...] = ()
    scanning_sequence: tuple[str, ...] = ()
    sequence_variant: tuple[str, ...] = ()
    scan_options: tuple[str, ...] = ()
    sequence_name: str = ""
    pulse_sequence: str = ""
    inversion_flag: str = ""
    suppression: str = ""
    complex_component: str = ""
    repetition_time_ms: float | None = None
    echo_time_ms: float | None = None
    inversion_time_ms: float | None = None
    flip_angle_deg: float | None = None
    echo_train_length: float | None = None
    diffusion_b_value: float | None = None
    contrast_agent: str | None = None
    contrast_volume_ml: float | None = None
    contrast_route: str | None = None
    contrast_start: datetime | None = None
    kind: StackKind = StackKind.ORIGINAL
    plane: Plane | None = None
    shape: tuple[int, int, int] = (0, 0, 0)
    spacing_mm: Vector = (0.0, 0.0, 0.0)
    slice_thickness_mm: float | None = None
    centre_lps: Vector = (0.0, 0.0, 0.0)
    normal_lps: Vector = (0.0, 0.0, 0.0)
    series_planes: int = 1
    identity: PatientIdentity = field(default_factory=PatientIdentity)
    shown_description: str | None = None

    @property
    def name(self) -> str:
        """How messages name the series, e.g. ``"Series 5 ('Sag IR')"``."""
        number = "" if self.series_number is None else f" {self.series_number}"
        return f"Series{number} ({quoted(self.title)})"

    @property
    def title(self) -> str:
        """The description as it may be shown to anybody."""
        return self.description if self.shown_description is None else self.shown_description

    @cached_property
    def words(self) -> str:
        """Series description in the form that expressions are matched against; the protocol's name without one."""
        return plain(self.description) or plain(self.protocol)

    @cached_property
    def all_words(self) -> str:
        """Description, protocol and sequence name together, in the form that expressions are matched against."""
        return " ".join(filter(None, (plain(self.description), plain(self.protocol), plain(self.sequence_name))))

    @cached_property
    def image_types(self) -> frozenset[str]:
        """Values of ImageType in upper case."""
        return frozenset(value.strip().upper() for value in self.image_type)

    @property
    def slices(self) -> int:
        """Number of slices."""
        return self.shape[0]

    @property
    def coverage_mm(self) -> float:
        """Length of the stack along its normal, from the first slice's centre to the last one's."""
        return max(self.shape[0] - 1, 0) * self.spacing_mm[0]

    def but(self, **changes: object) -> StackFacts:
        """A copy with some facts replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]
