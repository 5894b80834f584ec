"""A department's own MR protocol and the study that is simulated with it, from one YAML file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import AfterValidator, Field, ValidationError, model_validator

from pipeline.config import Section, faults, yaml_fault
from pipeline.dicom.visit import Plane, Role
from pipeline.errors import UsageError
from pipeline.phantom.case import SeriesCase, Vector

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Percent = Annotated[float, Field(ge=0, le=100)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=48)]
AXIAL_LEVELS = ("L3/L4", "L4/L5", "L5/S1")
OFFSETS_MM: dict[Plane, Vector] = {Plane.SAGITTAL: (0.0, -8.0, -24.0), Plane.AXIAL: (0.0, 14.0, 0.0)}
"""Where the middle of a field of view lies: from the centre of L3, or from the middle of the discs."""


class ProtocolSeries(Section):
    """One series as the scanner's card has it.

    ``matrix`` and ``pixel_mm`` are those of the stored image; ``snr`` is the mean signal of the vertebral bodies over
    the standard deviation of the noise. ``oblique_deg`` turns the stack about L, P and S, ``blocks``
    gives one tilted block of ``slices`` slices per disc instead of one stack.
    """

    role: Role
    slices: Annotated[int, Field(ge=3, le=80)]
    thickness_mm: Annotated[float, Field(gt=0.5, le=8)]
    gap_percent: Annotated[float, Field(ge=0, le=100)] = 10.0
    matrix: Annotated[int, Field(ge=96, le=1024, multiple_of=2)]
    pixel_mm: Annotated[float, Field(gt=0.2, le=1.5)]
    tr_ms: Positive | None = None
    te_ms: Positive | None = None
    ti_ms: Positive | None = None
    fat_saturation: bool = False
    snr: Annotated[float, Field(gt=3, le=300)] = 30.0
    shading: Annotated[float, Field(ge=0, le=1)] = 0.5
    ghost: Annotated[float, Field(ge=0, le=0.2)] = 0.01
    oblique_deg: Vector = (0.0, 0.0, 0.0)
    offset_mm: Vector | None = None
    blocks: bool = False

    @model_validator(mode="after")
    def _blocks_are_axial(self) -> Self:
        if self.blocks and self.role.plane is not Plane.AXIAL:
            raise ValueError("'blocks' goes with axial series only")
        return self

    @property
    def pitch_mm(self) -> float:
        """Distance of slice centres, mm."""
        return self.thickness_mm * (1 + self.gap_percent / 100)

    def case(self, shift_mm: Vector) -> SeriesCase:
        """As the digital reference object takes it, moved by how the technician placed it (LPS mm)."""
        axial = self.role.plane is Plane.AXIAL
        middle = OFFSETS_MM[self.role.plane] if self.offset_mm is None else self.offset_mm
        return SeriesCase(
            key=self.role.value,
            plane=("axial-blocks" if self.blocks else "axial") if axial else "sagittal",
            weighting=_weighting(self.role),
            contrast=self.role.value.endswith("_post"),
            levels=AXIAL_LEVELS if axial else (),
            saturation_band=not axial,
            phase_along_rows=not axial,
            offset_mm=(middle[0] + shift_mm[0], middle[1] + shift_mm[1], middle[2] + shift_mm[2]),
            **self.model_dump(exclude={"role", "offset_mm", "blocks"}),
        )


def _weighting(role: Role) -> Literal["t1", "t2", "stir"]:
    parts = role.value.split("_")
    return "t1" if "t1" in parts else "stir" if "stir" in parts else "t2"


class Scan(Section):
    """One way of scanning a patient: a machine and its series."""

    field_t: Annotated[float, Field(gt=0.1, le=7)] = 1.5
    manufacturer: str = "discdelta phantom"
    series: Annotated[tuple[ProtocolSeries, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _roles(self) -> Self:
        roles = [series.role for series in self.series]
        if len(set(roles)) < len(roles):
            raise ValueError("two series have the same role")
        if Role.SAGITTAL_T2 not in roles:
            raise ValueError("a sagittal_t2 series is needed: it is what the precision profile is about")
        return self

    @property
    def sagittal_t2(self) -> ProtocolSeries:
        """The series that stands for the scan in tables."""
        return next(series for series in self.series if series.role is Role.SAGITTAL_T2)


def _range(values: tuple[float, float]) -> tuple[float, float]:
    if values[0] > values[1]:
        raise ValueError(f"a range runs from low to high, got {values[0]:g} and {values[1]:g}")
    return values


Range = Annotated[tuple[float, float], AfterValidator(_range)]


class Truth(Section):
    """What happens to the fragments.

    ``volume_mm3`` is the range of volumes before (drawn evenly on the logarithm), ``change_percent`` that of their
    changes. Of all pairs ``complete_percent`` vanish and ``unchanged_percent`` stay what they are; ``rim_percent`` of
    the fragments carry a rim of granulation tissue, which is no part of the volume. ``fragment_t2_ms`` is the range of
    their T2, which decides about their contrast against CSF.
    """

    volume_mm3: Annotated[tuple[Positive, Positive], AfterValidator(_range)] = (200.0, 2500.0)
    change_percent: Annotated[
        tuple[Annotated[float, Field(ge=-100)], Annotated[float, Field(le=100)]], AfterValidator(_range)
    ] = (-100.0, 40.0)
    complete_percent: Percent = 15.0
    unchanged_percent: Percent = 20.0
    rim_percent: Percent = 25.0
    fragment_t2_ms: Annotated[tuple[Positive, Positive], AfterValidator(_range)] = (50.0, 220.0)

    @model_validator(mode="after")
    def _shares(self) -> Self:
        if self.complete_percent + self.unchanged_percent > 100:
            raise ValueError("complete_percent and unchanged_percent add up to more than 100")
        return self


class Repositioning(Section):
    """How differently the patient lies at the visits, and how differently the stacks are placed.

    From one visit to the other the patient is turned by up to ``rotation_deg`` about any axis and moved by up to
    ``translation_mm`` in any direction; every stack is placed up to ``planning_mm`` off along each axis.
    """

    rotation_deg: Annotated[float, Field(ge=0, le=20)] = 5.0
    translation_mm: Annotated[float, Field(ge=0, le=40)] = 10.0
    planning_mm: Annotated[float, Field(ge=0, le=10)] = 2.5


class Motion(Section):
    """Standard deviation, per axis, of the patient's movement from one series to the next."""

    rotation_deg: NotNegative = 0.2
    translation_mm: NotNegative = 0.3


class Goals(Section):
    """What the department asks for before it relies on the numbers; the defaults are the project's own goals.

    Bias of the change in percent of the volume before; its 95 % limits of agreement for fragments of at least 800 mm³
    in slices of at most 4 mm; shares of vanished fragments called complete and of unchanged ones called without
    detectable change; coverage of the 95 % intervals; deviation from the mirror image when visits change places.
    """

    bias_percent: Positive = 2.0
    limits_percent: Positive = 10.0
    complete_percent: Percent = 99.0
    unchanged_percent: Percent = 95.0
    coverage_percent: Annotated[tuple[Percent, Percent], AfterValidator(_range)] = (90.0, 98.0)
    swap: Positive = 1e-6


class Pairs(Section):
    """Number of pairs of a quick, a usual and a full study."""

    quick: Annotated[int, Field(ge=2, le=10_000)] = 8
    standard: Annotated[int, Field(ge=2, le=10_000)] = 40
    full: Annotated[int, Field(ge=2, le=10_000)] = 200


class Protocol(Section):
    """A department's protocol and the study made with it.

    Attributes
    ----------
    scans
        Ways of scanning, by name. Every visit draws one; of all pairs ``same_scan_percent`` use one at both visits.
    swap_every
        Every so many pairs the visits also change places, to see that this changes the sign and nothing else; 0 for
        never.
    pairs_per_anatomy
        Patients are costly to paint: so many pairs (other fragments, positions, noise) share one.
    map_spacing_mm
        Pitch of the fine map that slices are cut from.
    """

    name: Name
    description: str = ""
    seed: Annotated[int, Field(ge=0)] = 20140901
    level: Literal["L3/L4", "L4/L5", "L5/S1"] = "L4/L5"
    pairs: Pairs = Pairs()
    truth: Truth = Truth()
    repositioning: Repositioning = Repositioning()
    motion: Motion = Motion()
    same_scan_percent: Percent = 100.0
    swap_every: Annotated[int, Field(ge=0)] = 8
    pairs_per_anatomy: Annotated[int, Field(ge=1, le=50)] = 4
    map_spacing_mm: Annotated[float, Field(ge=0.25, le=2)] = 0.5
    goals: Goals = Goals()
    scans: Annotated[dict[Name, Scan], Field(min_length=1)]

    def sha256(self) -> str:
        """Hash of everything that decides what is simulated.

        Numbers of pairs are no part of it, so that a study can grow, nor are goals.
        """
        content = self.model_dump(mode="json", exclude={"pairs", "description", "goals"})
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def to_yaml(self) -> str:
        """The resolved protocol as YAML text that :func:`load_protocol` reads back."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)


def load_protocol(path: Path) -> Protocol:
    """Read a protocol.

    Raises
    ------
    UsageError
        If the file is missing, not YAML, or holds unknown or invalid settings; the message names them.
    """
    try:
        return Protocol.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(
            f"Cannot read the protocol {path}: {error.strerror}. Give --protocol an existing YAML file."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The protocol {path} is not valid YAML: {yaml_fault(error)}. Compare with configs/protocols/."
        ) from error
    except ValidationError as error:
        raise UsageError(
            f"The protocol {path} does not fit: {faults(error)}. Compare with configs/protocols/."
        ) from error
