"""Why an alignment failed: whether one visit's levels are counted one off from the other's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pipeline.findings import Finding, Severity
from pipeline.segmentation.anatomy import Anatomy

ORDER = (*(f"T{n}" for n in range(1, 13)), *(f"L{n}" for n in range(1, 6)), "S1", "S2")
CLEARLY_BETTER = 0.15
"""By how much the correlation of bone must rise for a miscount to be named as the cause."""


def renamed(anatomy: Anatomy, by: int) -> Anatomy:
    """The same structures with names ``by`` places further down (negative: up); names that run out are dropped."""
    names = {name: ORDER[n + by] for n, name in enumerate(ORDER) if 0 <= n + by < len(ORDER)}
    vertebrae = {
        names[name]: replace(vertebra, name=names[name])
        for name, vertebra in anatomy.vertebrae.items()
        if name in names
    }
    levels = {}
    for known, level in anatomy.levels.items():
        above, _, below = known.partition("/")
        if above in names and below in names:
            name = f"{names[above]}/{names[below]}"
            levels[name] = replace(level, name=name)
    return replace(anatomy, levels=levels, vertebrae=vertebrae)


def miscount_finding(followup: Anatomy, similarity: float, similarity_of: Callable[[Anatomy], float]) -> list[Finding]:
    """Try the follow-up's names one level up and down.

    Parameters
    ----------
    followup
        As it was named.
    similarity
        Correlation of bone with these names.
    similarity_of
        Gives that of the follow-up named otherwise.
    """
    found = {by: similarity_of(renamed(followup, by)) for by in (-1, 1)}
    best = max(found, key=lambda by: found[by])
    if found[best] < similarity + CLEARLY_BETTER:
        return []
    message = (
        f"The bones agree better when the follow-up's levels are counted one {'up' if best < 0 else 'down'} "
        f"({found[best]:.2f} against {similarity:.2f}), so one visit is miscounted. "
        "Name the lowest disc of that visit with --lowest-disc."
    )
    return [Finding("levels-disagree-between-visits", Severity.ERROR, message)]
