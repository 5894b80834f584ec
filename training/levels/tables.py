"""Outcomes as tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from pipeline.segmentation.lumbosacral import FEATURES, Weighing
from training.levels.judge import Outcome

BINS = (0.0, 0.5, 0.7, 0.9, 1.01)
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


def weights_table(weighing: Weighing) -> str:
    """The line for pipeline/segmentation/lumbosacral.py, and what each number is."""
    rounded = ", ".join(f"{weight:.1f}" for weight in weighing.features)
    named = "  ".join(f"{name} {weight:.2f}" for name, weight in zip(FEATURES, weighing.features, strict=True))
    return f"FITTED = Weighing(({rounded}), {weighing.none:.1f})\n({named}  none {weighing.none:.2f})"


def reliability_table(outcomes: Sequence[Outcome]) -> str:
    """Confidence of L4/L5 against how often it is right."""
    lines = ["| confidence of L4/L5 | views | mean confidence | named right |", "|---|---:|---:|---:|"]
    for low, high in pairwise(BINS):
        inside = [(one.confidence, one.right) for one in outcomes if one.confidence is not None]
        bin_ = [(confidence, right) for confidence, right in inside if low <= confidence < high]
        lines.append(f"| {low:g} to {min(high, 1):g} | {_row(bin_)} |")
    unnamed = [one for one in outcomes if one.confidence is None]
    lost = sum(one.in_view for one in unnamed if one.refused)
    lines.append(f"| no sacrum seen (L5/S1 in view in {lost}) | {sum(one.refused for one in unnamed)} | – | – |")
    lines.append(f"| L4/L5 not found | {sum(not one.refused for one in unnamed)} | – | – |")
    return "\n".join(lines)


def _row(inside: Sequence[tuple[float, bool]]) -> str:
    if not inside:
        return "0 | – | –"
    right = sum(right for _, right in inside)
    mean = sum(confidence for confidence, _ in inside) / len(inside)
    return f"{len(inside)} | {mean:.2f} | {right} ({right / len(inside):.0%})"


def count_table(outcomes: Sequence[Outcome]) -> str:
    """Chance of the lumbosacral disc before all rules against how often it is that disc."""
    lines = ["| chance of L5/S1, before the rules | views | mean chance | right |", "|---|---:|---:|---:|"]
    counted = [(one.chance, one.counted_right) for one in outcomes if one.chance is not None]
    for low, high in ((0.0, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 0.98), (0.98, 1.01), (0.0, 1.01)):
        lines.append(f"| {low:g} to {min(high, 1):g} | {_row([one for one in counted if low <= one[0] < high])} |")
    return "\n".join(lines)


def threshold_table(outcomes: Sequence[Outcome]) -> str:
    """What a minimum confidence lets through."""
    named = [(one.confidence, one.right) for one in outcomes if one.confidence is not None]
    lines = ["| minimum confidence | named | of them wrong | right ones refused |", "|---:|---:|---:|---:|"]
    for least in THRESHOLDS:
        passed = [right for confidence, right in named if confidence >= least]
        lost = sum(right for confidence, right in named if confidence < least)
        lines.append(f"| {least:g} | {len(passed)} | {len(passed) - sum(passed)} | {lost} |")
    return "\n".join(lines)


def wrong_ones(outcomes: Iterable[Outcome]) -> str:
    """Every view that is named wrong at all, surest first."""
    found = [(one.confidence, one) for one in outcomes if one.confidence is not None and not one.right]
    found.sort(key=lambda item: -item[0])
    return "\n".join(f"  {confidence:.2f}  {one.group}, {one.kind}" for confidence, one in found) or "  none"
