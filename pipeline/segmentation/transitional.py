"""Signs of a transitional lumbosacral vertebra: what was seen, in words and in millimetres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.findings import Finding, Severity
from pipeline.segmentation.discs import Disc
from pipeline.segmentation.instances import Spine
from pipeline.segmentation.junction import Junction, sacrum_share
from pipeline.segmentation.lumbosacral import Chances

WELL_FORMED_DEPTH = 0.8
WELL_FORMED_HEIGHT_MM = 4.0
"""A disc below S1 as large as this is no remnant (types 3 and 4 of O'Driscoll et al., Skeletal Radiology 25:225, 1996:
a disc over the whole depth of the sacrum)."""
SQUARED_TAPER = 0.05
SQUARED_VIEW_MM = 36.0
"""S1 is squared where the column does not narrow below it; in 30 real spines it lost 13 to 55 % in 30 mm."""
RUDIMENTARY_DEPTH = 0.78
RUDIMENTARY_HEIGHT_MM = 2.2
RUDIMENTARY_HEIGHT = 0.3
"""Against the disc above. Wear makes discs low but not short from front to back: 0.81 to 1.2 in 28 of 30 spines."""
UNSURE_SHARE = (0.25, 0.75)
OTHER_PLACE = 0.15
OPEN = 0.45
"""Confidence of the names at most, where the name really is open: below what a comparison asks for by default."""
DOUBTED = 0.85


@dataclass(frozen=True)
class Sign:
    """One thing seen: in words, and what it leaves of the names' confidence."""

    words: str
    factor: float
    most: float = 1.0


def transitional_signs(spine: Spine, lowest: int, chances: Chances) -> tuple[Sign, ...]:
    """What speaks for a transitional vertebra at the lumbosacral junction.

    Parameters
    ----------
    lowest
        Index of the disc that is taken for the lumbosacral one.
    """
    below = spine.discs[lowest + 1] if lowest + 1 < len(spine.discs) else None
    above = spine.discs[lowest - 1] if lowest > 0 else None
    disc, junction = spine.discs[lowest], spine.junctions[lowest]
    squared = _is_squared(junction)
    return (
        *_disc_below(disc, below, squared),
        *_squared(junction, squared),
        *_rudimentary(disc, above),
        *_doubtful_bone(spine, lowest),
        *_other_place(chances, lowest),
    )


def transitional_finding(signs: Sequence[Sign]) -> Finding:
    """The signs as one finding."""
    return Finding(
        "transitional-anatomy",
        Severity.WARNING,
        f"The lumbosacral junction may be transitional: {'; '.join(sign.words for sign in signs)}. Check the level "
        "names against earlier reports or images of the whole spine, and set them with --lowest-disc where they are "
        "wrong.",
    )


def _disc_below(disc: Disc, below: Disc | None, squared: bool) -> list[Sign]:
    if below is None or below.depth_mm < WELL_FORMED_DEPTH * disc.depth_mm or below.height_mm < WELL_FORMED_HEIGHT_MM:
        return []
    shape = "squared" if squared else "of sacral shape"
    words = (
        f"a well-formed disc, {below.height_mm:.0f} mm high and {below.depth_mm:.0f} mm deep, lies below the first "
        f"sacral body, which is {shape}: S1 may be lumbarised"
    )
    return [Sign(words, DOUBTED, OPEN)]


def _is_squared(junction: Junction) -> bool:
    return junction.taper is not None and junction.below_mm >= SQUARED_VIEW_MM and junction.taper < SQUARED_TAPER


def _squared(junction: Junction, squared: bool) -> list[Sign]:
    if not squared or junction.taper is None:
        return []
    lost = round(100 * max(junction.taper, 0.0))
    return [Sign(f"the sacrum narrows by only {lost} % in 30 mm, as if S1 were squared", DOUBTED)]


def _rudimentary(disc: Disc, above: Disc | None) -> list[Sign]:
    if above is None:
        return []
    short = disc.depth_mm < RUDIMENTARY_DEPTH * above.depth_mm
    low = disc.height_mm < min(RUDIMENTARY_HEIGHT_MM, RUDIMENTARY_HEIGHT * above.height_mm)
    if not (short or low):
        return []
    words = (
        f"the lowest disc is {disc.height_mm:.0f} mm high and {disc.depth_mm:.0f} mm deep, against "
        f"{above.height_mm:.0f} and {above.depth_mm:.0f} mm of the one above: the vertebra between them may be a "
        "sacralised L5 or a lumbarised S1"
    )
    return [Sign(words, DOUBTED, OPEN if short else 1.0)]


def _doubtful_bone(spine: Spine, lowest: int) -> list[Sign]:
    signs = []
    for k, place in ((lowest, "above"), (lowest + 1, "below")):
        share = sacrum_share(spine.bodies[k])
        if UNSURE_SHARE[0] < share < UNSURE_SHARE[1]:
            words = (
                f"the body {place} the lowest disc looks {share:.0%} sacral, neither clearly lumbar nor clearly sacral"
            )
            signs.append(Sign(words, DOUBTED))
    return signs


def _other_place(chances: Chances, lowest: int) -> list[Sign]:
    signs = []
    for k, place in ((lowest - 1, "above"), (lowest + 1, "below")):
        if 0 <= k < len(chances.discs) and chances.discs[k] > OTHER_PLACE:
            words = f"the disc {place} could be the lumbosacral one as well, by its shape ({chances.discs[k]:.0%})"
            signs.append(Sign(words, 1.0))
    return signs
