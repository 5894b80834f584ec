"""How sure the names of a view are, and whether they are right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import LevelError
from pipeline.segmentation.levels import name_levels
from pipeline.segmentation.lumbosacral import FITTED, Weighing, lumbosacral_chances
from training.levels.fit import fitted
from training.levels.views import LUMBOSACRAL, View

LEVEL = "L4/L5"


@dataclass(frozen=True)
class Outcome:
    """What became of one view.

    Attributes
    ----------
    group, kind
        Those of the view.
    confidence
        Of the level that is measured by default; None where it got no name.
    right
        Whether the disc of that name is the true one.
    chance
        Of the disc that the count, before all rules, takes for the lumbosacral one; None where it sees no sacrum.
    counted_right
        Whether it is.
    refused
        Whether no disc got a name.
    in_view
        Whether the lumbosacral disc was found.
    """

    group: str
    kind: str
    confidence: float | None
    right: bool
    chance: float | None
    counted_right: bool
    refused: bool
    in_view: bool


def judged(view: View, weighing: Weighing = FITTED) -> Outcome:
    """Name a view with these weights and all rules, and compare with the truth."""
    spine = view.spine
    chances = lumbosacral_chances(spine.discs, spine.bodies, spine.junctions, weighing)
    best = int(chances.discs.argmax())
    chance = float(chances.discs[best]) if chances.discs[best] > chances.none else None
    in_view = LUMBOSACRAL in view.names
    try:
        naming = name_levels(spine, weighing=weighing)
    except LevelError:
        return Outcome(view.group, view.kind, None, False, chance, best == view.truth, True, in_view)
    right = LEVEL in naming.discs and view.names[naming.discs[LEVEL]] == LEVEL
    confidence = naming.confidence.get(LEVEL)
    return Outcome(view.group, view.kind, confidence, right, chance, best == view.truth, False, in_view)


def cross_validated(views: Sequence[View]) -> list[Outcome]:
    """Every view judged with weights fitted to the views of all other patients and spines."""
    outcomes = []
    for group in dict.fromkeys(view.group for view in views):
        weighing = fitted([view for view in views if view.group != group])
        outcomes += [judged(view, weighing) for view in views if view.group == group]
    return outcomes
