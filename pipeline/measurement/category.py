"""What a change is called."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.measurement.change import Category


def categorise(*, baseline_present: bool, followup_present: bool, delta_mm3: float, detectable: bool) -> Category:
    """Name a change.

    ``COMPLETE`` needs a fragment before and none after; a change within its own interval is never called one, nor is
    one between two volumes that do not exceed the limit of blank.
    """
    if not detectable or not (baseline_present or followup_present):
        return Category.NO_DETECTABLE_CHANGE
    if not followup_present:
        return Category.COMPLETE
    if not baseline_present:
        return Category.NEW
    return Category.PARTIAL if delta_mm3 < 0 else Category.GROWTH


def band(rate_percent: float | None, category: Category, cutoffs: Sequence[float]) -> str | None:
    """Band of the resorption rate, such as ``"<25"``, ``"25-50"``, ``"50-100"`` or ``"100"``.

    The last cut-off is reached by a complete resorption only: a rate of 100 % by rounding is not one.
    Growth belongs to the lowest band, as in the literature.

    Parameters
    ----------
    rate_percent
        (V0 − V1) / V0 × 100; None gives None.
    category
        What the change was called.
    cutoffs
        Ascending, in percent.
    """
    if rate_percent is None:
        return None
    edges = sorted(cutoffs)
    if not edges:
        return None
    if category is Category.COMPLETE:
        return f"{edges[-1]:g}" if edges[-1] >= 100 else f">={edges[-1]:g}"
    reached = [edge for edge in edges if rate_percent >= edge and edge < 100]
    higher = [edge for edge in edges if edge not in reached]
    if not reached:
        return f"<{edges[0]:g}"
    return f"{reached[-1]:g}-{higher[0]:g}" if higher else f">={reached[-1]:g}"
