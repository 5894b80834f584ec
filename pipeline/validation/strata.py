"""How often intervals hold the truth, in parts of a study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.validation.agreement import Share, share
from pipeline.validation.outcome import PairOutcome, visits, within
from pipeline.validation.precision import brightness_class

SIZES_MM3 = (300.0, 800.0)
"""Mean true volumes at which a pair counts as larger."""


@dataclass(frozen=True)
class Coverage:
    """Coverage in one part of the pairs.

    Attributes
    ----------
    by, name
        What divides the pairs, and which part this is.
    volume, change, rate
        Shares of the 95 % intervals that hold the truth.
    """

    by: str
    name: str
    volume: Share
    change: Share
    rate: Share


def coverage(by: str, name: str, pairs: Sequence[PairOutcome]) -> Coverage:
    """How often the intervals of some usable pairs hold the truth; rates where there was something to shrink."""
    return Coverage(
        by,
        name,
        volume=share([within(v.low_mm3, v.true_mm3, v.high_mm3) for p in pairs for v in visits(p) if v.true_mm3 > 0]),
        change=share([within(one.delta_low_mm3, one.true_delta_mm3, one.delta_high_mm3) for one in pairs]),
        rate=share(
            [
                within(one.rate_low_percent, one.true_rate_percent, one.rate_high_percent)
                for one in pairs
                if one.rate_percent is not None
            ]
        ),
    )


def coverage_by(pairs: Sequence[PairOutcome]) -> tuple[Coverage, ...]:
    """Coverage of all usable pairs, and by slice thickness, brightness, size, likeness of the scans, and fate."""
    divided: list[tuple[str, Callable[[PairOutcome], str]]] = [
        ("slices", lambda one: f"{max(visit.thickness_mm for visit in visits(one)):g} mm"),
        ("brightness", lambda one: brightness_class(one.baseline.brightness).value),
        ("size", _size),
        ("scans", lambda one: "same scan" if one.same_scan else "different scans"),
        ("fate", lambda one: one.kind),
    ]
    out = [coverage("all", "all pairs", pairs)]
    for by, part in divided:
        names = dict.fromkeys(sorted((part(one) for one in pairs), key=_in_order))
        out += [coverage(by, name, [one for one in pairs if part(one) == name]) for name in names]
    return tuple(out)


_ORDER = ("dark", "middle", "bright", f"below {SIZES_MM3[0]:g} mm³", f"{SIZES_MM3[0]:g} to {SIZES_MM3[1]:g} mm³")


def _in_order(name: str) -> tuple[int, str]:
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def _size(one: PairOutcome) -> str:
    mean = (one.baseline.true_mm3 + one.followup.true_mm3) / 2
    small, large = SIZES_MM3
    if mean < small:
        return f"below {small:g} mm³"
    return f"{small:g} to {large:g} mm³" if mean < large else f"over {large:g} mm³"
