"""Both visits weighed alike: one set of series, one set of weights, one brightness."""

from __future__ import annotations

from pipeline.measurement.combining import pair_weights
from pipeline.measurement.fragment import MeasuredFragment, weighed
from pipeline.measurement.precision import PrecisionProfile


def weighed_alike(
    first: MeasuredFragment, second: MeasuredFragment, profile: PrecisionProfile
) -> tuple[MeasuredFragment, MeasuredFragment]:
    """Measure both visits by the same series with the same weights.

    What a kind of series gets wrong, such as the rim that native T1 counts in, is then in both volumes and cancels in
    their difference. Visits whose most trusted series are of different kinds are measured by these alone, and so is a
    pair of which a person drew one.
    """
    roles = first.measurement.role, second.measurement.role
    both = (first, second)
    if first.view is None or second.view is None or roles[0] is not roles[1]:
        weights, brightness = tuple({role: 1.0} for role in roles), None
    else:
        weights = (pair_weights([first.by_role, second.by_role]),) * 2
        brightness = common_brightness(first, second)
    alone = [weighed(one, each, profile, brightness) for one, each in zip(both, weights, strict=True)]
    shown = [one.measurement.present for one in alone]
    known = [
        weighed(one, each, profile, brightness, elsewhere=other)
        for one, each, other in zip(both, weights, reversed(shown), strict=True)
    ]
    return known[0], known[1]


def common_brightness(first: MeasuredFragment, second: MeasuredFragment) -> float | None:
    """Brightness of the fragment by both visits, the larger one counting more; None where neither shows it."""
    known = [
        (one.measurement.volume_mm3, one.view.brightness)
        for one in (first, second)
        if one.view is not None and one.view.brightness is not None
    ]
    total = sum(volume for volume, _ in known)
    return sum(volume * brightness for volume, brightness in known) / total if total > 0 else None
