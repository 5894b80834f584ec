"""What a phantom case is: a patient, a spine, and visits with their fragments and protocols, from one YAML file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.errors import UsageError
from pipeline.phantom.anatomy import FragmentSpec, SpineSpec, Tissue
from pipeline.phantom.case_spine import SpineCase
from pipeline.phantom.tissue_physics import TissuePhysics, default_physics, material_physics

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Vector = tuple[float, float, float]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=48)]


class Part(BaseModel):
    """Common behaviour: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PatientCase(Part):
    """Who the images claim to show. The name must say that nobody does."""

    name: Annotated[str, Field(pattern=r"^PHANTOM\^", max_length=64)]
    id: Annotated[str, Field(min_length=1, max_length=64)]
    sex: Literal["M", "F", "O"]
    birth_date: dt.date
    weight_kg: Positive = 75.0


class FragmentCase(Part):
    """One piece of displaced disc material; see :class:`pipeline.phantom.anatomy.FragmentSpec`."""

    level: str
    volume_mm3: Positive
    lateral_mm: float = 0.0
    migration_mm: float = 0.0
    sequestered: bool = False
    rim_mm: NotNegative = 0.0
    rim_extent: Fraction = 1.0
    fat_halo_mm: NotNegative = 0.0
    seed: int = 0

    def spec(self) -> FragmentSpec:
        """The same as the anatomy generator takes it."""
        return FragmentSpec(**self.model_dump())


def _tissue_name(name: str) -> str:
    if name.upper() not in Tissue.__members__:
        raise ValueError(f"no tissue {name!r}; there are {', '.join(t.name.lower() for t in Tissue)}")
    return name.upper()


TissueName = Annotated[str, AfterValidator(_tissue_name)]


class TissueChange(Part):
    """Properties of a tissue that differ from the defaults; see :class:`TissuePhysics`."""

    t1_ms: Positive | None = None
    t2_ms: Positive | None = None
    density: NotNegative | None = None
    fat: Fraction | None = None
    uptake_mmol_l: NotNegative | None = None
    fine: NotNegative | None = None
    coarse: NotNegative | None = None

    def over(self, tissue: Tissue) -> TissuePhysics:
        """The tissue's defaults with these changes."""
        default = default_physics(tissue)
        names = default.__dataclass_fields__
        values = {name: getattr(self, name) for name in names}
        return TissuePhysics(**{n: getattr(default, n) if v is None else v for n, v in values.items()})


class PoseCase(Part):
    """How the patient lies: rotation about L, P, S through the centre of L3 (degrees), then translation (mm)."""

    rotation_deg: Vector = (0.0, 0.0, 0.0)
    translation_mm: Vector = (0.0, 0.0, 0.0)


class MotionCase(Part):
    """Standard deviation, per axis, of the patient's movement from one series to the next."""

    rotation_deg: NotNegative = 0.0
    translation_mm: NotNegative = 0.0


class ScannerCase(Part):
    """The machine of a visit, as it stands in the headers."""

    manufacturer: str = "discdelta phantom"
    model: str = "Digital reference object"
    station: str = "PHANTOM"
    field_t: Positive = 1.5


_TIMING = {"t1": (550.0, 10.0, None, 3), "t2": (3500.0, 100.0, None, 17), "stir": (4200.0, 60.0, 230.0, 9)}


class SeriesCase(Part):
    """One series of a protocol.

    ``plane`` is *sagittal*, *axial* (one stack, tilted with the discs of ``levels``), *axial-blocks* (one series with a
    tilted block of ``slices`` slices for every disc of ``levels``) or *localizer* (one slice in each of three planes).
    ``snr`` is that of vertebral marrow. ``oblique_deg`` turns the planned stack about L, P and S, ``offset_mm`` moves
    it.
    """

    key: Identifier
    plane: Literal["sagittal", "axial", "axial-blocks", "localizer"]
    weighting: Literal["t1", "t2", "stir"]
    contrast: bool = False
    fat_saturation: bool = False
    tr_ms: Positive | None = None
    te_ms: Positive | None = None
    ti_ms: Positive | None = None
    echo_train: Annotated[int, Field(ge=1)] | None = None
    slices: Annotated[int, Field(ge=1, le=80)]
    thickness_mm: Positive = 4.0
    gap_percent: NotNegative = 10.0
    matrix: Annotated[int, Field(ge=32, le=1024, multiple_of=2)]
    pixel_mm: Positive
    levels: tuple[str, ...] = ()
    oblique_deg: Vector = (0.0, 0.0, 0.0)
    offset_mm: Vector = (0.0, 0.0, 0.0)
    left_to_right: bool = False
    snr: Positive = 30.0
    shading: Fraction = 0.5
    saturation_band: bool = False
    phase_resolution: Annotated[float, Field(gt=0.3, le=1)] = 0.8
    phase_along_rows: bool = True
    ghost: Fraction = 0.01
    description: str | None = None
    folder: str | None = None

    @model_validator(mode="after")
    def _planes(self) -> SeriesCase:
        if self.plane.startswith("axial") and not self.levels:
            raise ValueError("an axial series needs 'levels', the discs that it covers")
        if self.contrast and self.weighting != "t1":
            raise ValueError("'contrast' goes with weighting t1 only")
        return self

    @property
    def timing(self) -> tuple[float, float, float | None, int]:
        """TR, TE, TI (ms; None without inversion) and echo train length, defaults filled in."""
        tr, te, ti, train = _TIMING[self.weighting]
        return self.tr_ms or tr, self.te_ms or te, self.ti_ms or ti, self.echo_train or train

    @property
    def pitch_mm(self) -> float:
        """Distance of slice centres, mm."""
        return self.thickness_mm * (1 + self.gap_percent / 100)


class VisitCase(Part):
    """One examination."""

    name: Identifier
    date: dt.date
    time: dt.time = dt.time(10, 0)
    pose: PoseCase = PoseCase()
    motion: MotionCase = MotionCase()
    fragments: tuple[FragmentCase, ...] = ()
    tissues: dict[TissueName, TissueChange] = {}
    scanner: ScannerCase = ScannerCase()
    protocol: str


class PhantomCase(Part):
    """A whole case: the same patient at one or more visits."""

    name: Identifier
    description: str = ""
    seed: int = 0
    level: str = "L4/L5"
    patient: PatientCase
    spine: SpineCase = SpineCase()
    tissues: dict[TissueName, TissueChange] = {}
    map_spacing_mm: Annotated[float, Field(ge=0.25, le=2)] = 0.5
    transfer_syntax: Literal["jpeg-ls", "jpeg-2000", "rle", "uncompressed"] = "jpeg-ls"
    scramble_files: bool = True
    protocols: dict[str, tuple[SeriesCase, ...]]
    visits: Annotated[tuple[VisitCase, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names(self) -> PhantomCase:
        for i, visit in enumerate(self.visits):
            if visit.protocol not in self.protocols:
                raise ValueError(f"visits.{i}.protocol: no protocol {visit.protocol!r} under 'protocols'")
            if visit.date < self.patient.birth_date:
                raise ValueError(f"visits.{i}.date: lies before patient.birth_date")
        if len({visit.name for visit in self.visits}) < len(self.visits):
            raise ValueError("visits: two visits have the same name")
        for name, protocol in self.protocols.items():
            if len({series.key for series in protocol}) < len(protocol):
                raise ValueError(f"protocols.{name}: two series have the same key")
        self._check_levels(self.spine.spec(self.seed))
        return self

    def _check_levels(self, spine: SpineSpec) -> None:
        used = [("level", self.level)]
        for i, visit in enumerate(self.visits):
            used += [(f"visits.{i}.fragments.{k}.level", f.level) for k, f in enumerate(visit.fragments)]
        for name, protocol in self.protocols.items():
            used += [(f"protocols.{name}.{i}.levels", level) for i, s in enumerate(protocol) for level in s.levels]
        for key, level in used:
            if level not in spine.disc_names:
                raise ValueError(f"{key}: no disc {level!r}; this spine has {', '.join(spine.disc_names)}")

    def physics(self, visit: VisitCase) -> tuple[TissuePhysics, ...]:
        """Properties of every material of the fine map at a visit; the visit's changes go before the case's."""
        changes = {**self.tissues, **visit.tissues}
        degeneration = self.spine.spec(self.seed).degeneration
        return material_physics(degeneration, {Tissue[n]: change.over(Tissue[n]) for n, change in changes.items()})


def load_case(path: Path) -> PhantomCase:
    """Read a case.

    Raises
    ------
    UsageError
        If the file is missing, not YAML, or a key is unknown or does not fit; the message names the key.
    """
    try:
        return parse_case(yaml.safe_load(path.read_text(encoding="utf-8")), str(path))
    except OSError as error:
        raise UsageError(f"Cannot read the case {path}: {error.strerror}. Give an existing YAML file.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"The case {path} is not valid YAML: {error}. Compare with configs/phantom/.") from error


def case_of_truth(truth: Mapping[str, Any]) -> PhantomCase:
    """The case that a ``truth.json`` was made from; one that names no edition of the anatomy is of the first.

    Raises
    ------
    UsageError
        As :func:`load_case`.
    """
    spec = dict(truth["spec"])
    return parse_case({**spec, "spine": {"edition": 1, **spec["spine"]}}, str(spec.get("name", "case")))


def parse_case(data: object, where: str = "case") -> PhantomCase:
    """Check the content of a case file.

    Raises
    ------
    UsageError
        As :func:`load_case`.
    """
    try:
        return PhantomCase.model_validate(data)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'case'}: {e['msg']}" for e in error.errors())
        raise UsageError(f"The case {where} does not fit: {wrong}. Compare with configs/phantom/.") from error
