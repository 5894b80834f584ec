"""Context from the literature: what became of herniations of the same kind in published groups of patients."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.config import package_file

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as fast, where it was built
FILE = "measurement/meaning/literature.yaml"
Percent = Annotated[float, Field(ge=0, le=100)]


class Topic(StrEnum):
    """By what a study divided its patients."""

    ALL = "all"
    TYPE = "type"
    RIM = "rim"
    TIME = "time"
    MIGRATION = "migration"


@dataclass(frozen=True)
class Published:
    """One published figure.

    Attributes
    ----------
    topic, group
        ``TYPE`` and ``"extrusion"``; ``RIM`` and ``"complete"``; ``TIME`` and ``"6 months"``.
    share_percent, interval_percent
        Part of the group of which ``outcome`` was true, with its 95 % interval where given.
    counted
        Size of the group; None where the source gives none.
    about, citation
        The whole study, and where to find it.
    fits
        Whether this patient is of that group, as far as that is known.
    months
        Of ``TIME``: the time between the images of that study.
    """

    topic: Topic
    group: str
    share_percent: float
    interval_percent: tuple[float, float] | None
    counted: int | None
    outcome: str
    about: str
    citation: str
    fits: bool = False
    months: float | None = None


@dataclass(frozen=True)
class Remark:
    """A published statement without a figure."""

    topic: Topic
    text: str
    about: str
    citation: str


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Study(_Part):
    citation: str
    about: str


class _Row(_Part):
    topic: Topic
    group: str
    share_percent: Percent
    low_percent: Percent | None = None
    high_percent: Percent | None = None
    counted: Annotated[int, Field(gt=0)] | None = None
    months: Annotated[float, Field(gt=0)] | None = None
    outcome: str
    study: str


class _Note(_Part):
    topic: Topic
    text: str
    study: str


class _Table(_Part):
    studies: dict[str, _Study]
    rows: tuple[_Row, ...]
    notes: tuple[_Note, ...]

    @model_validator(mode="after")
    def _cited(self) -> _Table:
        unknown = ({row.study for row in self.rows} | {note.study for note in self.notes}) - set(self.studies)
        if unknown:
            raise ValueError(f"no study {', '.join(sorted(unknown))}")
        if any(row.topic is Topic.TIME and row.months is None for row in self.rows):
            raise ValueError("a row about time needs months")
        return self


@cache
def _table() -> _Table:
    text = package_file(FILE).read_text(encoding="utf-8")
    return _Table.model_validate(yaml.load(text, Loader=_LOADER))  # noqa: S506 - a safe loader


def published(
    *, kinds: tuple[str, ...] = (), rims: tuple[str, ...] = (), months_between: float | None = None
) -> tuple[Published, ...]:
    """Every figure of the table, those that fit this patient marked.

    Parameters
    ----------
    kinds
        Type of the herniation at baseline; several where the images cannot tell.
    rims
        ``"complete"``, ``"partial"`` or ``"none"`` where contrast medium was given; several where the images cannot
        tell.
    months_between
        Between the two visits; the nearest time of the table fits, unless it is more than twice or less than half.
    """
    table = _table()
    times = [row.months for row in table.rows if row.months is not None]
    nearest = None
    if months_between is not None:
        closest = min(times, key=lambda m: abs(m - months_between))
        nearest = closest if closest / 2 <= months_between <= closest * 2 else None

    def fits(row: _Row) -> bool:
        match row.topic:
            case Topic.TYPE:
                return row.group in kinds
            case Topic.RIM:
                return row.group in rims
            case Topic.TIME:
                return nearest is not None and row.months == nearest
            case _:
                return bool(kinds)

    return tuple(
        Published(
            topic=row.topic,
            group=row.group,
            share_percent=row.share_percent,
            interval_percent=(
                None if row.low_percent is None or row.high_percent is None else (row.low_percent, row.high_percent)
            ),
            counted=row.counted,
            outcome=row.outcome,
            about=table.studies[row.study].about,
            citation=table.studies[row.study].citation,
            fits=fits(row),
            months=row.months,
        )
        for row in table.rows
    )


def remarks() -> tuple[Remark, ...]:
    """Published statements that hold no figure."""
    table = _table()
    return tuple(
        Remark(note.topic, note.text, table.studies[note.study].about, table.studies[note.study].citation)
        for note in table.notes
    )
