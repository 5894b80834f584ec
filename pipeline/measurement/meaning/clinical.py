"""Clinical scores that a department gives beside the images: carried through to the report, mixed into nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.config import faults, yaml_fault
from pipeline.errors import UsageError

JOA_FULL = 29.0
"""The most that the score of the Japanese Orthopaedic Association for the low back can be."""
DAYS_PER_MONTH = 30.4375


@dataclass(frozen=True)
class Scores:
    """Scores of one visit; None where not given.

    Attributes
    ----------
    joa
        Score of the Japanese Orthopaedic Association for low back pain, −6 to 29, more is better.
    odi_percent
        Oswestry Disability Index, 0 to 100 %, less is better.
    vas_leg, vas_back
        Visual analogue scale of pain, 0 to 10, less is better.
    """

    joa: float | None = None
    odi_percent: float | None = None
    vas_leg: float | None = None
    vas_back: float | None = None


@dataclass(frozen=True)
class Clinical:
    """Scores of both visits, the earlier one first, and the day on which symptoms began (None when not given)."""

    baseline: Scores
    followup: Scores
    onset: date | None = None

    @property
    def joa_recovery_percent(self) -> float | None:
        """Recovery rate after Hirabayashi 1981: (after − before) / (29 − before) × 100 %.

        None where a score is missing, or nothing was lost before.
        """
        before, after = self.baseline.joa, self.followup.joa
        if before is None or after is None or before >= JOA_FULL:
            return None
        return 100.0 * (after - before) / (JOA_FULL - before)

    def months_since_onset(self, day: date | None) -> float | None:
        """Months from the onset to a day; None where either is unknown or the day comes first."""
        if self.onset is None or day is None or day < self.onset:
            return None
        return (day - self.onset).days / DAYS_PER_MONTH


@dataclass(frozen=True)
class ClinicalCourse:
    """Scores of every visit in the order of time, and the day on which symptoms began (None when not given)."""

    visits: tuple[Scores, ...]
    onset: date | None = None

    def between(self, first: int, second: int) -> Clinical:
        """Scores of two visits, counted from 0."""
        return Clinical(self.visits[first], self.visits[second], onset=self.onset)


class _Part(BaseModel):
    """An unknown key is an error: a misspelt score would be lost, and a name has no place here."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _Scores(_Part):
    joa: Annotated[float, Field(ge=-6, le=JOA_FULL)] | None = None
    odi_percent: Annotated[float, Field(ge=0, le=100)] | None = None
    vas_leg: Annotated[float, Field(ge=0, le=10)] | None = None
    vas_back: Annotated[float, Field(ge=0, le=10)] | None = None


class _File(_Part):
    onset: date | None = None
    baseline: _Scores = _Scores()
    followup: _Scores = _Scores()


class _CourseFile(_Part):
    onset: date | None = None
    visits: tuple[_Scores, ...]


_Any = TypeVar("_Any", bound=_Part)


def read_clinical(path: Path) -> Clinical:
    """Read scores of two visits from a YAML or JSON file; docs/meaning.md shows one.

    Raises
    ------
    UsageError
        If the file is missing, is neither YAML nor JSON, or holds an unknown key or an impossible score.
    """
    given = _read(path, _File, "under baseline and followup")
    return Clinical(Scores(**given.baseline.model_dump()), Scores(**given.followup.model_dump()), onset=given.onset)


def read_clinical_course(path: Path) -> ClinicalCourse:
    """Read scores of any number of visits, listed under ``visits`` in the order of time.

    Raises
    ------
    UsageError
        As :func:`read_clinical`.
    """
    given = _read(path, _CourseFile, "of each visit in a list named visits")
    return ClinicalCourse(tuple(Scores(**one.model_dump()) for one in given.visits), onset=given.onset)


def _read(path: Path, kind: type[_Any], where: str) -> _Any:
    try:
        return kind.model_validate(_values(path))
    except OSError as error:
        raise UsageError(
            f"Cannot read the scores {path}: {error.strerror}. Give --clinical an existing file."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"The scores {path} are not valid YAML or JSON: {yaml_fault(error)}.") from error
    except ValidationError as error:
        raise UsageError(
            f"The scores {path} do not fit: {faults(error)}. Known are onset, and joa, odi_percent, vas_leg and "
            f"vas_back {where}; nothing that names the patient."
        ) from error


def _values(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    if path.suffix.lower() == ".json":
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise UsageError(f"The scores {path} are not valid JSON: line {error.lineno}, {error.msg}.") from error
    return yaml.safe_load(text) or {}
