"""Peaks of a profile along the spine.

What ``scipy.signal.find_peaks`` does with a height, a prominence and a distance. Importing that takes half a second of
every run, for it brings all of ``scipy.stats`` with it.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


def find_peaks(profile: NDArray[np.float64], *, height: float, prominence: float, distance: float) -> NDArray[np.intp]:
    """Where a profile has its peaks, in ascending order.

    Parameters
    ----------
    profile
        Shape (n,).
    height
        A peak is at least so high.
    prominence
        It rises at least so far above the higher one of the lowest places between it and the next higher ground on
        either side, or the end.
    distance
        Of two peaks less than this many places apart the higher one stays.
    """
    peaks = [peak for peak in _tops(profile) if profile[peak] >= height]
    kept = _apart(peaks, profile, int(np.ceil(distance)))
    return np.array([peak for peak in kept if _prominence(profile, peak) >= prominence], dtype=np.intp)


def _tops(profile: NDArray[np.float64]) -> list[int]:
    """Places higher than their neighbours; the middle of flat ones."""
    found = []
    edges = np.flatnonzero(np.diff(profile) != 0)
    for left, right in pairwise(edges):
        if profile[left] < profile[left + 1] and profile[right + 1] < profile[right]:
            found.append(int(left + 1 + right) // 2)
    return found


def _apart(peaks: list[int], profile: NDArray[np.float64], distance: int) -> list[int]:
    """The highest peaks first, each without lower ones that are too near."""
    kept: list[int] = []
    for at in reversed(np.argsort(profile[peaks]).tolist()):
        if all(abs(peaks[at] - other) >= distance for other in kept):
            kept.append(peaks[at])
    return sorted(kept)


def _prominence(profile: NDArray[np.float64], peak: int) -> float:
    sides = profile[peak::-1], profile[peak:]
    lowest = []
    for side in sides:
        higher = np.flatnonzero(side > profile[peak])
        lowest.append(float(side[: higher[0] if higher.size else None].min()))
    return float(profile[peak]) - max(lowest)
