"""A study held against what was asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from pipeline.report.numbers import EN_DASH, in_words
from pipeline.validation.agreement import Agreement, Share
from pipeline.validation.protocol import Goals
from pipeline.validation.summary import LARGE_MM3, Summary

ENOUGH = 20
"""Fewer cases than this show nothing, whichever way they fall."""
ENOUGH_PAIRS = 40
"""Usable pairs from which on parts of a study make profiles worth judging it by."""


LARGE = f"≥ {LARGE_MM3:.0f} mm³"


class Basis(StrEnum):
    """Which precision profile a figure rests on."""

    IN_USE = "profile in use"
    CROSS_FITTED = "cross-fitted profile"


class Met(StrEnum):
    """Whether a goal was reached."""

    YES = "yes"
    NO = "no"
    TOO_FEW = "too few cases"


@dataclass(frozen=True)
class Verdict:
    """One goal.

    Attributes
    ----------
    goal, wanted, found
        In words.
    n
        Cases that it rests on.
    met
        Whether it was reached.
    basis
        The precision profile that it was judged with.
    in_use
        What was found with the profile in use, where that is not what the goal was judged by.
    """

    goal: str
    wanted: str
    found: str
    n: int
    met: Met
    basis: Basis = Basis.IN_USE
    in_use: str | None = None


def verdicts(summary: Summary, goals: Goals, crossed: Summary | None = None) -> tuple[Verdict, ...]:
    """Every goal with what was found.

    Parameters
    ----------
    summary
        The pairs as reported with the profile in use.
    crossed
        The same pairs, each by the profile of other patients. Goals are judged by these where there are at least
        :data:`ENOUGH_PAIRS` usable ones: it is what the profile of this study will give.
    """
    own = _judge(summary, goals)
    if crossed is None or crossed.usable < ENOUGH_PAIRS:
        return own
    other = _judge(crossed, goals)
    return tuple(
        replace(found, basis=Basis.CROSS_FITTED, in_use=before.found) for found, before in zip(other, own, strict=True)
    )


def _judge(summary: Summary, goals: Goals) -> tuple[Verdict, ...]:
    everything = summary.groups[0].change_percent
    large = next((group.change_percent for group in summary.groups if group.name.startswith(LARGE)), None)
    covered = goals.coverage_percent
    span = f"{covered[0]:g}{EN_DASH}{covered[1]:g} %"
    out = [
        _bias(everything, goals.bias_percent),
        _limits(large, goals.limits_percent),
        *(
            _share(name, found, span, covered[0], covered[1])
            for name, found in (
                ("95 % interval of a volume holds the truth", summary.coverage_volume),
                ("95 % interval of the change holds the truth", summary.coverage_change),
                ("95 % interval of the rate holds the truth", summary.coverage_rate),
            )
        ),
        _share("Vanished fragments called complete", summary.complete_called, *_at_least(goals.complete_percent)),
        _share("Others falsely called complete", summary.false_complete, "none", 0.0, 0.0),
        _share("… with more left than the stated limit of detection", summary.overlooked, "none", 0.0, 0.0),
        _share(
            "Unchanged fragments called no detectable change",
            summary.none_called,
            *_at_least(goals.unchanged_percent),
        ),
    ]
    return (*out, *_swap(summary, goals.swap))


def _at_least(percent: float) -> tuple[str, float, float]:
    return f"≥ {percent:g} %", percent, 100.0


def _judged(n: int, *, reached: bool) -> Met:
    if n < ENOUGH:
        return Met.TOO_FEW
    return Met.YES if reached else Met.NO


def _bias(found: Agreement | None, most: float) -> Verdict:
    name, wanted = "Bias of the change", f"within ±{most:g} % of V0"
    if found is None:
        return Verdict(name, wanted, "not known", 0, Met.TOO_FEW)
    text = f"{_signed(found.bias)} % ({_signed(found.bias_low)} to {_signed(found.bias_high)})"
    return Verdict(name, wanted, text, found.n, _judged(found.n, reached=abs(found.bias) <= most))


def _limits(found: Agreement | None, most: float) -> Verdict:
    name, wanted = f"95 % limits of agreement of the change, {LARGE}, slices ≤ 4 mm", f"within ±{most:g} % of V0"
    if found is None:
        return Verdict(name, wanted, "not known", 0, Met.TOO_FEW)
    text = f"{_signed(found.low)} to {_signed(found.high)} %"
    reached = found.low >= -most and found.high <= most
    return Verdict(name, wanted, text, found.n, _judged(found.n, reached=reached))


def _share(name: str, found: Share, wanted: str, low: float, high: float) -> Verdict:
    if found.share is None:
        return Verdict(name, wanted, "not known", 0, Met.TOO_FEW)
    percent = 100 * found.share
    text = f"{found.count} of {found.n} = {percent:.1f} % ({100 * found.low:.0f}{EN_DASH}{100 * found.high:.0f} %)"
    return Verdict(name, wanted, text, found.n, _judged(found.n, reached=low <= percent <= high))


def _swap(summary: Summary, most: float) -> tuple[Verdict, ...]:
    if summary.swap is None:
        return ()
    met = Met.YES if summary.swap.largest_relative <= most else Met.NO  # a property of the code: one case can refute it
    text = f"{summary.swap.largest_relative:.1e} of the volume"
    wanted = f"≤ {most:.0e} of the volume"
    return (Verdict("Visits exchanged: deviation from the mirror image", wanted, text, summary.swap.n, met),)


def _signed(value: float) -> str:
    return in_words(value, signed=True, digits=1)
