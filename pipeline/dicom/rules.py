"""Series rules: which series may play which role, as typed data from a YAML file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, Field, ValidationError, model_validator

from pipeline.config import Section, fault, package_file, yaml_fault
from pipeline.dicom.stack import StackKind
from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.text import plain
from pipeline.dicom.visit import Plane, Role
from pipeline.dicom.weightings import Family, Weighting
from pipeline.errors import UsageError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as fast, where it was built

DEFAULT_RULES = "dicom/series_rules.yaml"
"""The rules inside the package."""


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return text


Expression = Annotated[str, AfterValidator(_expression)]
Range = Annotated[tuple[float | None, float | None], Field(description="lowest and highest; null leaves a side open")]


@dataclass(frozen=True)
class Traits:
    """A stack as the rules see it: header facts together with what was concluded from them."""

    facts: StackFacts
    weighting: Weighting
    family: Family
    fat_suppressed: bool | None
    contrast: bool


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
            fault = _fault(name, wanted, traits)
            if fault is not None:
                yield fault, fault != _NOT_STATED


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


_NOT_STATED = "not stated"

_NUMBERS: dict[str, str] = {
    "repetition_time_ms": "TR {} ms",
    "echo_time_ms": "TE {} ms",
    "inversion_time_ms": "TI {} ms",
    "slice_thickness_mm": "slice thickness {} mm",
    "slice_spacing_mm": "slice spacing {} mm",
    "pixel_mm": "pixel {} mm",
    "matrix": "matrix {}",
    "slices": "{} slices",
    "coverage_mm": "covers {} mm",
    "field_of_view_mm": "field of view {} mm",
    "planes_in_series": "{} planes in the series",
}


def _fault(name: str, wanted: Any, traits: Traits) -> str | None:
    """What is wrong with one field of a condition, None if it holds."""
    facts = traits.facts
    if name in _NUMBERS:
        value = _number(name, facts)
        if value is None:
            return _NOT_STATED
        if _inside(value, wanted):
            return None
        said = _NUMBERS[name].format(f"{value:.4g}")
        return f"{'1 slice' if said == '1 slices' else said}, asked for {_span(wanted)}"
    if name in ("text", "body_part"):
        words = facts.all_words if name == "text" else plain(facts.body_part)
        return None if _compiled(wanted).search(words) else "name does not fit"
    if name == "image_type":
        return None if facts.image_types & {value.upper() for value in wanted} else "image type does not fit"
    return (_flag_fault if name in ("contrast", "fat_suppressed") else _choice_fault)(name, wanted, traits)


def _flag_fault(name: str, wanted: bool, traits: Traits) -> str | None:
    if name == "contrast":
        state = "after" if traits.contrast else "before"
        return None if traits.contrast is wanted else f"acquired {state} contrast medium"
    if traits.fat_suppressed is None:
        return _NOT_STATED
    if traits.fat_suppressed is wanted:
        return None
    return "fat-suppressed" if traits.fat_suppressed else "not fat-suppressed"


def _choice_fault(name: str, wanted: tuple[str, ...], traits: Traits) -> str | None:
    facts = traits.facts
    value, unknown = {
        "plane": (facts.plane, None),
        "weighting": (traits.weighting, None),
        "family": (traits.family, Family.UNKNOWN),
        "kind": (facts.kind, None),
    }.get(name, (None, None))
    if value in wanted:
        return None
    if unknown is not None and value == unknown:
        return _NOT_STATED
    if name == "weighting":
        return f"{value} weighting" if value is not Weighting.UNKNOWN else "weighting unknown"
    return f"{value}" if name != "plane" else f"{value or 'no'} plane"


def _number(name: str, facts: StackFacts) -> float | None:
    """The number that a field asks for; None when the export does not state it."""
    _, rows, columns = facts.shape
    slice_mm, row_mm, column_mm = facts.spacing_mm
    measured: dict[str, float | None] = {
        "slices": float(facts.slices),
        "slice_spacing_mm": slice_mm or None,
        "pixel_mm": max(row_mm, column_mm) or None,
        "matrix": float(min(rows, columns)),
        "field_of_view_mm": max(rows * row_mm, columns * column_mm) or None,
        "planes_in_series": float(facts.series_planes),
    }
    if name in measured:
        return measured[name]
    value = getattr(facts, name)
    return None if value is None else float(value)


def _inside(value: float, limits: tuple[float | None, float | None]) -> bool:
    low, high = limits
    return (low is None or value >= low) and (high is None or value <= high)


def _span(limits: tuple[float | None, float | None]) -> str:
    low, high = limits
    if high is None:
        return f"at least {low:g}" if low is not None else "any"
    return f"at most {high:g}" if low is None else f"{low:g} to {high:g}"


@lru_cache(maxsize=512)
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression)


def load_rules(path: Path | None = None) -> SeriesRules:
    """Read series rules from ``path``, or those inside the package.

    Raises
    ------
    UsageError
        If the file is missing, is not YAML, or does not fit; the message names the place in the file.
    """
    return _shipped_rules() if path is None else _read_rules(path)


@lru_cache(maxsize=1)
def _shipped_rules() -> SeriesRules:
    return _read_rules(package_file(DEFAULT_RULES))


def _read_rules(place: Path) -> SeriesRules:
    try:
        text = place.read_text(encoding="utf-8")
        return SeriesRules.model_validate(yaml.load(text, Loader=_LOADER) or {})  # noqa: S506 - a safe loader
    except OSError as error:
        raise UsageError(
            f"Cannot read the series rules {place}: {error.strerror}. Name an existing file under dicom.rules."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The series rules {place} are not valid YAML: {yaml_fault(error)}. Compare with configs/series_rules.yaml."
        ) from error
    except ValidationError as error:
        root = yaml.compose(place.read_text(encoding="utf-8"), Loader=_LOADER)
        wrong = "; ".join(fault(e["type"], _place(root, e["loc"]), e["msg"]) for e in error.errors())
        raise UsageError(
            f"The series rules {place} do not fit: {wrong}. Compare with configs/series_rules.yaml."
        ) from error


def _place(node: yaml.Node | None, location: tuple[int | str, ...]) -> str:
    """Name and line of a faulty entry, e.g. ``"line 12, roles.sagittal_t2.require.plane"``."""
    line = 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return f"line {line}, {'.'.join(map(str, location)) or 'the file'}"
