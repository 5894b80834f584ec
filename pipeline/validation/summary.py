"""From finished pairs to what a department wants to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.validation.agreement import (
    Agreement,
    Detection,
    Repeatability,
    Share,
    agreement,
    detection,
    repeatability,
    share,
)
from pipeline.validation.draw import Kind
from pipeline.validation.outcome import PairOutcome, VisitOutcome, visits
from pipeline.validation.strata import Coverage, coverage, coverage_by

SMALL_MM3 = 200.0
"""Fragments below this say how well the smallest can be told."""
LARGE_MM3 = 800.0
THIN_MM = 4.0


@dataclass(frozen=True)
class Group:
    """Agreement in some of the pairs: of the volume and of the change, in percent of what is true at baseline."""

    name: str
    volume_percent: Agreement | None
    change_percent: Agreement | None
    change_mm3: Agreement | None


@dataclass(frozen=True)
class Swap:
    """What changing places did: number of pairs, and the largest deviation from the mirror image."""

    n: int
    largest_mm3: float
    largest_relative: float


@dataclass(frozen=True)
class Summary:
    """Everything that the page says.

    Attributes
    ----------
    pairs, usable
        Number of pairs, and of those with a result that may be used; all else rests on these.
    refused
        Number of pairs refused, by code of the error; ``result-not-usable`` for results that must not be used.
    groups
        All pairs first, then parts of them.
    repeatability
        From pairs in which nothing changed and both visits were scanned alike; ``reproducibility`` from all of them.
    detection
        From visits without a fragment, and from small ones.
    coverage_volume, coverage_change, coverage_rate
        How often the 95 % intervals hold the truth; ``coverage_by`` the same in parts of the pairs.
    complete_called, false_complete, none_called, direction_right
        Vanished fragments called complete; others called complete although more than the stated limit of blank
        remained; unchanged ones called without detectable change; changes called with the right sign.
    overlooked
        Others called complete although even more remained than the limit of detection that the report states.
    swap
        None where no pair changed places.
    seconds
        Median wall time of a comparison.
    """

    pairs: int
    usable: int
    refused: Mapping[str, int]
    groups: tuple[Group, ...]
    repeatability: Repeatability | None
    reproducibility: Repeatability | None
    detection: Detection | None
    coverage_volume: Share
    coverage_change: Share
    coverage_rate: Share
    coverage_by: tuple[Coverage, ...]
    complete_called: Share
    false_complete: Share
    overlooked: Share
    none_called: Share
    direction_right: Share
    swap: Swap | None
    seconds: float


def summarise(outcomes: Sequence[PairOutcome]) -> Summary:
    """Judge a study."""
    good = [one for one in outcomes if one.refused is None and one.usable]
    still = [one for one in good if one.kind == Kind.UNCHANGED and one.baseline.present and one.followup.present]
    everywhere = coverage("all", "all pairs", good)
    seconds = sorted(one.seconds for one in outcomes if one.refused is None)
    return Summary(
        pairs=len(outcomes),
        usable=len(good),
        refused=dict(
            sorted(Counter(one.refused or "result-not-usable" for one in outcomes if one not in good).items())
        ),
        groups=_groups(good),
        repeatability=repeatability([_volumes(one) for one in still if one.same_scan]),
        reproducibility=repeatability([_volumes(one) for one in still]),
        detection=_detection(good),
        coverage_volume=everywhere.volume,
        coverage_change=everywhere.change,
        coverage_rate=everywhere.rate,
        coverage_by=coverage_by(good),
        complete_called=share([one.category == "complete" for one in good if one.kind == Kind.COMPLETE]),
        false_complete=share([_falsely_complete(one) for one in good if one.kind != Kind.COMPLETE]),
        overlooked=share([_overlooked(one) for one in good if one.kind != Kind.COMPLETE]),
        none_called=share([one.category == "no_detectable_change" for one in good if one.kind == Kind.UNCHANGED]),
        direction_right=share([_direction(one) for one in good if one.kind == Kind.CHANGED and _called(one)]),
        swap=_swap(good),
        seconds=seconds[len(seconds) // 2] if seconds else 0.0,
    )


def volume_error_percent(one: VisitOutcome) -> float | None:
    """100 × (measured − true) / true; None where there is no fragment or none was seen."""
    if one.true_mm3 <= 0 or not one.present or one.measured_mm3 is None:
        return None
    return 100 * (one.measured_mm3 - one.true_mm3) / one.true_mm3


def change_error_percent(one: PairOutcome) -> float | None:
    """Error of the change in percent of the true volume at baseline; None where there is no result."""
    if one.delta_mm3 is None or one.baseline.true_mm3 <= 0:
        return None
    return 100 * (one.delta_mm3 - one.true_delta_mm3) / one.baseline.true_mm3


def large(one: PairOutcome) -> bool:
    """Whether the fragment was large at baseline and all slices at most 4 mm thick."""
    thick = max(visit.thickness_mm for visit in visits(one))
    return one.baseline.true_mm3 >= LARGE_MM3 and thick <= THIN_MM


def _groups(good: Sequence[PairOutcome]) -> tuple[Group, ...]:
    wanted: list[tuple[str, Callable[[PairOutcome], bool]]] = [
        ("all pairs", lambda one: True),
        (f"≥ {LARGE_MM3:.0f} mm³ before, slices ≤ {THIN_MM:.0f} mm", large),
        (f"< {LARGE_MM3:.0f} mm³ before", lambda one: one.baseline.true_mm3 < LARGE_MM3),
        ("same scan at both visits", lambda one: one.same_scan),
        ("different scans", lambda one: not one.same_scan),
        ("without a rim", lambda one: one.rim_mm == 0),
        ("with a rim", lambda one: one.rim_mm > 0),
        ("nothing changed", lambda one: one.kind == Kind.UNCHANGED),
        ("vanished", lambda one: one.kind == Kind.COMPLETE),
    ]
    found = [_group(name, [one for one in good if belongs(one)]) for name, belongs in wanted]
    return tuple(group for group in found if group.name == "all pairs" or group.change_percent is not None)


def _group(name: str, members: Sequence[PairOutcome]) -> Group:
    volumes = [volume_error_percent(visit) for one in members for visit in visits(one)]
    changes = [change_error_percent(one) for one in members]
    absolute = [one.delta_mm3 - one.true_delta_mm3 for one in members if one.delta_mm3 is not None]
    return Group(name, agreement(_known(volumes)), agreement(_known(changes)), agreement(absolute))


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _volumes(one: PairOutcome) -> tuple[float, float]:
    return one.baseline.measured_mm3 or 0.0, one.followup.measured_mm3 or 0.0


def _detection(good: Sequence[PairOutcome]) -> Detection | None:
    seen = [visit for one in good for visit in visits(one) if visit.measured_mm3 is not None]
    small = [visit for visit in seen if 0 < visit.true_mm3 < SMALL_MM3]
    return detection(
        [visit.measured_mm3 or 0.0 for visit in seen if visit.true_mm3 == 0],
        [(visit.measured_mm3 or 0.0) - visit.true_mm3 for visit in small],
        [visit.true_mm3 for visit in seen if visit.true_mm3 > 0 and not visit.present],
        [visit.limit_mm3 or 0.0 for visit in seen],
    )


def _falsely_complete(one: PairOutcome) -> bool:
    return one.category == "complete" and one.followup.true_mm3 > (one.followup.limit_mm3 or 0.0)


def _overlooked(one: PairOutcome) -> bool:
    stated = max(one.followup.limit_mm3 or 0.0, one.followup.surely_seen_mm3 or 0.0)
    return one.category == "complete" and one.followup.true_mm3 > stated


def _called(one: PairOutcome) -> bool:
    return one.category in ("partial", "growth", "complete", "new")


def _direction(one: PairOutcome) -> bool:
    return (one.category in ("growth", "new")) == (one.true_delta_mm3 > 0)


def _swap(good: Sequence[PairOutcome]) -> Swap | None:
    done = [(one.swap_mm3, max(*_volumes(one), 1.0)) for one in good if one.swap_mm3 is not None]
    if not done:
        return None
    return Swap(len(done), max(error for error, _ in done), max(error / volume for error, volume in done))
