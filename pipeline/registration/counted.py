"""Whether both visits count the spine alike, told from the named anatomies alone, before any image is aligned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.findings import Finding, Severity
from pipeline.registration.miscount import renamed
from pipeline.segmentation.anatomy import Anatomy, Level

FEWEST_PAIRS = 3
PITCH_MM, BEND_DEGREES, SLOPE_DEGREES = 2.0, 4.0, 7.0
"""How much of each differs between two looks at one spine: distance between neighbouring discs, angle between them, and
slope of a disc, which depends on how the patient lies."""
UNLIKE = 2.0
"""Mean squared difference, in units of the above, from which the visits are unlike."""
CLEARLY_BETTER = 0.4
"""With the names moved by one level it must fall to this share for a miscount to be suspected."""


@dataclass(frozen=True)
class _Step:
    """From one disc to the next one below it."""

    pitch_mm: float
    bend_degrees: float
    slope_degrees: float


def check_visits_agree(baseline: Anatomy, followup: Anatomy) -> tuple[Finding, ...]:
    """Compare how both visits were counted.

    Distances and angles between neighbouring discs are a pattern of the patient: the spine bends most at the
    lumbosacral junction. A miscount by one level in one visit shows as a pattern that fits better one level apart.
    :mod:`pipeline.registration.miscount` asks the images themselves, once they are aligned.

    Returns
    -------
    Findings ``visits-counted-differently`` (warning) and ``visits-named-differently`` (info or warning); none where
    nothing speaks against the names.
    """
    findings = [*_origins(baseline, followup)]
    known = _steps(baseline.levels)
    unlike = {by: _difference(known, _steps(renamed(followup, by).levels)) for by in (-1, 0, 1)}
    own = unlike[0]
    best = min((by for by in (-1, 1) if unlike[by] is not None), key=lambda by: unlike[by] or 0.0, default=None)
    if own is None or best is None or own < UNLIKE or (unlike[best] or 0.0) > CLEARLY_BETTER * own:
        return tuple(findings)
    message = (
        f"Distances and angles between the discs of the two visits fit better when the follow-up is counted one level "
        f"{'up' if best < 0 else 'down'}: one visit may be miscounted. Compare the level names in the pictures, and "
        "set them with --lowest-disc where they are wrong."
    )
    return (*findings, Finding("visits-counted-differently", Severity.WARNING, message))


def _origins(baseline: Anatomy, followup: Anatomy) -> list[Finding]:
    """Whether one visit alone was named by hand, or alone looks transitional."""
    if baseline.counted_from != followup.counted_from:
        message = (
            f"The levels of the baseline were counted from {_spoken(baseline)}, those of the follow-up from "
            f"{_spoken(followup)}."
        )
        return [Finding("visits-named-differently", Severity.INFO, message)]
    if baseline.transitional != followup.transitional:
        which = "baseline" if baseline.transitional else "follow-up"
        message = (
            f"Only the {which} shows signs of a transitional vertebra, though bones do not change: compare the level "
            "names of both visits in the pictures."
        )
        return [Finding("visits-named-differently", Severity.WARNING, message)]
    return []


def _spoken(anatomy: Anatomy) -> str:
    return "the name given by the user" if anatomy.counted_from == "override" else f"the {anatomy.counted_from}"


def _steps(levels: Mapping[str, Level]) -> dict[str, _Step]:
    """By the name of the upper of two neighbouring discs."""
    steps = {}
    for name, level in levels.items():
        below = next((other for key, other in levels.items() if key.startswith(f"{name.partition('/')[2]}/")), None)
        if below is not None:
            steps[name] = _Step(
                pitch_mm=float(np.linalg.norm(level.centre_lps_mm - below.centre_lps_mm)),
                bend_degrees=_slope(level) - _slope(below),
                slope_degrees=_slope(level),
            )
    return steps


def _slope(level: Level) -> float:
    """Tilt of a disc in the sagittal plane, degrees; positive where its back lies higher."""
    posterior = level.axes_lps[:, 1]
    return float(np.degrees(np.arctan2(posterior[2], posterior[1])))


def _difference(first: Mapping[str, _Step], second: Mapping[str, _Step]) -> float | None:
    """Mean squared difference of the steps that both have; None with too few."""
    common = [name for name in first if name in second]
    if len(common) < FEWEST_PAIRS:
        return None
    squares = [
        ((first[n].pitch_mm - second[n].pitch_mm) / PITCH_MM) ** 2
        + ((first[n].bend_degrees - second[n].bend_degrees) / BEND_DEGREES) ** 2
        + ((first[n].slope_degrees - second[n].slope_degrees) / SLOPE_DEGREES) ** 2
        for n in common
    ]
    return float(np.mean(squares))
