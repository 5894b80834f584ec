"""What is said where a level's name is sure enough to go on, and not sure enough to be relied on."""

from __future__ import annotations

from pipeline.config import SegmentationSettings
from pipeline.findings import Finding, Severity
from pipeline.segmentation.anatomy import Anatomy

RELIABLE = 0.7
"""Confidence from which nearly all names were right; ``docs/levels.md`` counts them."""

OF_THE_NAMES = frozenset(
    {
        "disc-not-seen",
        "image-degraded",
        "labels-disagree-with-count",
        "levels-disagree-between-series",
        "sacrum-barely-in-view",
        "transitional-anatomy",
    }
)
"""Codes of what leaves the names of the levels open."""


def doubts(anatomy: Anatomy) -> str:
    """What was seen that leaves the names open, as sentences that end with a space."""
    return "".join(f"{finding.message} " for finding in anatomy.findings if finding.code in OF_THE_NAMES)


def doubtful_level(level: str, anatomy: Anatomy, settings: SegmentationSettings) -> tuple[Finding, ...]:
    """Warn of a name that passes ``minimum_level_confidence`` and is not to be relied on; empty for any other.

    Parameters
    ----------
    level
        The disc measured.
    settings
        Tell whether a person named the lowest disc already.
    """
    if level not in anatomy.levels:
        return ()
    confidence = anatomy.levels[level].confidence
    if not settings.minimum_level_confidence <= confidence < RELIABLE:
        return ()
    seen = doubts(anatomy) or "Another count of the discs fits the shapes of bones and discs nearly as well. "
    advice = (
        "The lowest disc was named already: check the discs between it and this one, and choose with --level where "
        "another one was meant."
        if settings.lowest_disc is not None
        else "Look at the levels; where a name is wrong, name the lowest visible disc with --lowest-disc, or choose "
        "the disc with --level."
    )
    text = (
        f"{level} is named with a confidence of {confidence:.2f} only; a name below {RELIABLE:.2f} is not to be relied "
        f"on. {seen}{advice}"
    )
    return (Finding("level-doubtful", Severity.WARNING, text),)
