"""The tables of the pairs: change and its intervals, what was called, where errors come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from training.evaluation.markdown import markdown

Results = dict[str, Any]
WANTED_PERCENT = 15


def pairs(results: Results) -> str:
    """Agreement and coverage, all pairs and those whose fragment was found at baseline."""
    summary = results["pairs"]["summary"]
    rows = []
    for words, groups in (("", summary["groups"]), (", found at baseline", summary["groups_found"])):
        rows += [_group(name + words, one) for name, one in groups.items() if one["pairs"]]
    head = ["pairs", "n", "found at baseline", "bias, % of V0", "95 % limits, % of V0", "median error (size), % of V0"]
    return markdown([*head, "change in its interval", "volumes in theirs"], rows)


def _group(name: str, one: dict[str, Any]) -> list[object]:
    bias = "–" if one["bias_percent"] is None else f"{one['bias_percent']:+.1f}"
    limits = "–" if one["bias_percent"] is None else f"{one['lower_percent']:+.0f} … {one['upper_percent']:+.0f}"
    middle = one["median_percent"]
    return [
        name,
        one["pairs"],
        f"{one['found']} of {one['with_fragment']}",
        bias,
        limits,
        "–" if middle is None else f"{middle:+.1f} ({one['median_size_percent']:.1f})",
        share(one["change_covered"]),
        share(one["volume_covered"]),
    ]


def pair_calls(results: Results) -> str:
    """What was called, and what was refused."""
    summary = results["pairs"]["summary"]
    rows: list[list[object]] = [
        [name, share(one), share(summary["calls_found"][name])] for name, one in summary["calls"].items()
    ]
    rows.append(["refused", f"{summary['refused']} of {summary['pairs']}", "–"])
    rows.append(["result marked as not usable", f"{summary['not_usable']} of {summary['pairs']}", "–"])
    rows.append(["measured with --lowest-disc, refused without", summary["lowest_disc_named"], "–"])
    return markdown(["what", "all", "fragment found at baseline"], rows)


def pair_sources(results: Results) -> str:
    """How far the alignment is off, and either way of measuring the change by itself."""
    one = results["pairs"]["summary"]["sources"]
    rows: list[list[object]] = [
        ["alignment error at the fragment, mm", f"median {one['median_error_mm']}, largest {one['largest_error_mm']}"],
        ["… within its estimate", share(one["error_within_estimate"])],
        ["pairs with a direct measurement", one["with_direct"]],
    ]
    for name in ("reported", "subtracted", "direct"):
        if one[name] is not None:
            bias, low, high = one[name]
            rows.append([f"… change {name}: bias (95 % limits), % of V0", f"{bias:+.1f} ({low:+.0f} … {high:+.0f})"])
    return markdown(["what", "measured"], rows)


def share(found: Sequence[float]) -> str:
    """``90 % (9 of 10; 55–100)``: with the exact 95 % interval."""
    count, n, low, high = found
    return f"{100 * count / n:.0f} % ({count} of {n}; {low}–{high})" if n else "–"
