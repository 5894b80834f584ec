"""Series rules: which series may play which role, as typed data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from pipeline.config import Section
from pipeline.dicom.rule_faults import NOT_STATED, fault_of
from pipeline.dicom.stack import StackKind
from pipeline.dicom.traits import Traits
from pipeline.dicom.visit import Plane, Role
from pipeline.dicom.weightings import Family, Weighting


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return text


Expression = Annotated[str, AfterValidator(_expression)]
Range = Annotated[tuple[float | None, float | None], Field(description="lowest and highest; null leaves a side open")]


class Condition(Section):
    """What a rule asks of a stack: every field that is given has to hold.

    Expressions are searched in lower-case text whose underscores and other separators are single spaces. What the
    export does not state never counts against a series: a missing tag meets a requirement, and makes no member of a
    group.
    """

    text: Expression | None = None
    body_part: Expression | None = None
    image_type: tuple[str, ...] | None = None
    kind: tuple[StackKind, ...] | None = None
    plane: tuple[Plane, ...] | None = None
    planes_in_series: Range | None = None
    weighting: tuple[Weighting, ...] | None = None
    family: tuple[Family, ...] | None = None
    contrast: bool | None = None
    fat_suppressed: bool | None = None
    repetition_time_ms: Range | None = None
    echo_time_ms: Range | None = None
    inversion_time_ms: Range | None = None
    slice_thickness_mm: Range | None = None
    slice_spacing_mm: Range | None = None
    pixel_mm: Range | None = None
    matrix: Range | None = None
    slices: Range | None = None
    coverage_mm: Range | None = None
    field_of_view_mm: Range | None = None

    def unmet(self, traits: Traits) -> str | None:
        """The first thing that does not hold, in words; None when all of it holds or is not stated."""
        return next((fault for fault, stated in self._faults(traits) if stated), None)

    def holds(self, traits: Traits) -> bool:
        """Whether everything asked for is stated and holds."""
        return next(iter(self._faults(traits)), None) is None

    def _faults(self, traits: Traits) -> Iterator[tuple[str, bool]]:
        """Everything that does not hold, and whether that is because the export states something else."""
        for name in Condition.model_fields:
            wanted = getattr(self, name)
            if wanted is None:
                continue
            fault = fault_of(name, wanted, traits)
            if fault is not None:
                yield fault, fault != NOT_STATED


class Group(Section):
    """A named set of series: those that meet any of the conditions ``any_of`` and none of ``unless``."""

    reason: str
    any_of: Annotated[tuple[Condition, ...], Field(min_length=1)]
    unless: tuple[Condition, ...] = ()

    def has(self, traits: Traits) -> bool:
        """Whether a stack belongs to the group."""
        return any(c.holds(traits) for c in self.any_of) and not any(c.holds(traits) for c in self.unless)


class Preference(Condition):
    """A condition that adds points when it holds (or takes them away)."""

    points: float


class RoleRule(Section):
    """What a role requires, and what it prefers among those that fit."""

    require: Condition
    prefer: tuple[Preference, ...] = ()

    def points(self, traits: Traits) -> float:
        """Sum of the points of the preferences that hold."""
        return sum(preference.points for preference in self.prefer if preference.holds(traits))


class SeriesRules(Section):
    """The whole file.

    Attributes
    ----------
    groups
        Named sets of series.
    exclude
        Groups that never play a role.
    last_resort
        Groups that play a role only when nothing else does.
    roles
        Requirements by role.
    needed
        Without at least one of these roles a visit is refused.
    """

    groups: dict[str, Group] = Field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    last_resort: tuple[str, ...] = ()
    roles: dict[Role, RoleRule]
    needed: tuple[Role, ...] = (Role.SAGITTAL_T2,)

    @model_validator(mode="after")
    def _names_exist(self) -> SeriesRules:
        for name in (*self.exclude, *self.last_resort):
            if name not in self.groups:
                raise ValueError(f"'{name}' is not the name of a group")
        for role in self.needed:
            if role not in self.roles:
                raise ValueError(f"the needed role '{role}' has no rule")
        return self

    def excluded(self, traits: Traits) -> str | None:
        """Reason why a stack never plays a role, or None."""
        return self._first(self.exclude, traits)

    def only_as_last_resort(self, traits: Traits) -> str | None:
        """Reason why a stack plays a role only when nothing else does, or None."""
        return self._first(self.last_resort, traits)

    def _first(self, names: tuple[str, ...], traits: Traits) -> str | None:
        return next((self.groups[name].reason for name in names if self.groups[name].has(traits)), None)
