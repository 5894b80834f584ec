"""Typed settings of a run, from YAML. Stages are handed their section; none reads a file."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import UsageError

Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]

DISCS = ("T10/T11", "T11/T12", "T12/L1", "L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1", "L5/L6", "L6/S1")
"""Discs that may be measured, or named as the lowest one."""


def _known_disc(name: str) -> str:
    if name not in DISCS:
        raise ValueError(f"{name!r} is no disc that can be measured; known are {', '.join(DISCS)}")
    return name


def _countable_disc(name: str) -> str:
    if _known_disc(name) == "L5/L6":
        raise ValueError("levels cannot be counted up from L5/L6; name L6/S1 where the spine has an L6")
    return name


Disc = Annotated[str, AfterValidator(_known_disc)]
LowestDisc = Annotated[str, AfterValidator(_countable_disc)]
SagittalRole = Literal["sagittal_t2", "sagittal_t1", "sagittal_t1_post", "sagittal_stir"]


class Section(BaseModel):
    """Common behaviour: immutable, and an unknown key is an error rather than a silent no-op."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DicomSettings(Section):
    """Loading. ``rules`` names a YAML file of series rules; None takes the one inside the package."""

    rules: Path | None = None
    allow_different_patients: bool = False


class SegmentationSettings(Section):
    """Segmentation.

    ``segmenter`` is the name of whoever does it, ``level`` the disc measured; ``minimum_level_confidence`` below which
    the run refuses. ``together`` names the sagittal series that the fine pass sees together, all of them when None; a
    comparison takes those that both visits have, so that both are seen alike. ``axial_reach_mm`` from the level axial
    slices are looked at by their own network, and those farther away keep what the sagittal series show there; None
    stands for all slices, and in a comparison for those that its result depends on.
    """

    segmenter: str = "discdelta"
    level: Disc = "L4/L5"
    lowest_disc: LowestDisc | None = None
    variants: Annotated[int, Field(ge=1, le=32)] = 4
    threads: Annotated[int, Field(ge=1)] = 2
    together: tuple[SagittalRole, ...] | None = None
    axial_reach_mm: Annotated[float, Field(gt=0)] | None = None
    minimum_level_confidence: Fraction = 0.5


class RegistrationSettings(Section):
    """Alignment on L4–S1 bone.

    A pair is refused when the estimated error exceeds ``maximum_tre_mm``, when the bones overlap less than
    ``minimum_bone_dice``, or when series of one kind correlate less than ``minimum_similarity`` inside bone.
    """

    maximum_tre_mm: Positive = 3.0
    minimum_bone_dice: Fraction = 0.6
    minimum_similarity: Fraction = 0.3
    seed: int = 20140901


class MeasurementSettings(Section):
    """Change.

    ``bands_percent`` are the cut-offs of the resorption rate. ``boundary_sd_mm`` is how far a fragment's
    border may be misjudged, and ``boundary_correlation`` how much of that is the same at both visits when these are
    alike; ``draws`` and ``seed`` belong to the intervals of change and rate. ``precision_profile`` is a department's
    own precision profile, None for the shipped one. ``komori_body_share`` is the part of a vertebral body's height from
    which migration counts as far.
    """

    bands_percent: tuple[float, ...] = (25.0, 50.0, 100.0)
    minimum_detection_limit_mm3: Positive = 60.0
    boundary_sd_mm: Positive = 0.3
    boundary_correlation: Fraction = 0.8
    draws: Annotated[int, Field(ge=1000, le=1_000_000)] = 20_000
    seed: int = 20140901
    precision_profile: Path | None = None
    komori_body_share: Annotated[float, Field(gt=0, lt=1)] = 0.5


class ReportSettings(Section):
    """Report. Pictures are rendered at ``picture_pixel_mm``."""

    maximum_html_megabytes: Positive = 8.0
    picture_pixel_mm: Positive = 0.5


class Config(Section):
    """All settings of one run; saved as ``settings.yaml`` beside every result."""

    dicom: DicomSettings = DicomSettings()
    segmentation: SegmentationSettings = SegmentationSettings()
    registration: RegistrationSettings = RegistrationSettings()
    measurement: MeasurementSettings = MeasurementSettings()
    report: ReportSettings = ReportSettings()

    def to_yaml(self) -> str:
        """The resolved settings as YAML text that :func:`load_config` reads back."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)


def load_config(path: Path | None = None) -> Config:
    """Read settings from ``path`` over the defaults.

    Raises
    ------
    UsageError
        If the file is missing, not YAML, or holds unknown or invalid settings.
    """
    if path is None:
        return Config()
    try:
        return Config.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except OSError as error:
        raise UsageError(
            f"Cannot read the settings {path}: {error.strerror}. Give --config an existing file."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The settings {path} are not valid YAML: {yaml_fault(error)}. Compare with configs/default.yaml."
        ) from error
    except ValidationError as error:
        raise UsageError(
            f"The settings {path} do not fit: {faults(error)}. Compare with configs/default.yaml."
        ) from error


def settings_of(config: object) -> Config:
    """What a caller gave as settings; the defaults for None.

    Raises
    ------
    UsageError
        If it is anything but a :class:`Config`.
    """
    if config is None:
        return Config()
    if isinstance(config, Config):
        return config
    raise UsageError(
        f"config is {config!r}, of type {type(config).__name__}; a pipeline.Config or None is allowed. Make one with "
        'load_config(Path("settings.yaml")) or Config.model_validate({"segmentation": {"level": "L5/S1"}}).'
    )


def faults(error: ValidationError) -> str:
    """What does not fit, in one line: ``unknown setting segmentation.levle; registration.seed: …``."""
    return "; ".join(fault(one["type"], ".".join(map(str, one["loc"])), one["msg"]) for one in error.errors())


def fault(kind: str, place: str, message: str) -> str:
    """One of them, in words of this program where the validator speaks of its own classes."""
    if kind == "extra_forbidden":
        return f"unknown setting {place}"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"{place or 'the file'}: names with values are expected, as in 'segmentation: {{level: L4/L5}}'"
    return f"{place}: {message.removeprefix('Value error, ')}"


def yaml_fault(error: yaml.YAMLError | UnicodeDecodeError) -> str:
    """Where and what, in one line: ``line 1, column 6: expected ',' or ']', but got '<stream end>'``."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        what = " ".join((error.problem or error.context or "it cannot be read").split())
        return f"line {mark.line + 1}, column {mark.column + 1}: {what}"
    return " ".join(str(error).split())


def package_file(name: str) -> Path:
    """A file shipped inside the package, e.g. ``"dicom/series_rules.yaml"``."""
    return Path(str(resources.files("pipeline").joinpath(name)))
