"""Peaks are those that SciPy finds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage, signal

from pipeline.segmentation.peaks import find_peaks


@pytest.mark.parametrize("seed", range(40))
def test_peaks_are_those_of_scipy(seed: int) -> None:
    random = np.random.default_rng(seed)
    profile = ndimage.gaussian_filter1d(random.uniform(0, 1, 250), 0.5 + seed % 4)
    if seed % 2:
        profile = np.round(profile, 1)  # flat tops, and peaks of the same height
    wanted = {"height": 0.4, "prominence": 0.06 + 0.04 * (seed % 3), "distance": 3.5 + seed % 9}
    expected, _ = signal.find_peaks(profile, **wanted)
    assert find_peaks(profile, **wanted).tolist() == expected.tolist()


@pytest.mark.parametrize("profile", [[], [1.0], [1.0, 1.0, 1.0], [0.0, 1.0], [0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
def test_short_profiles(profile: list[float]) -> None:
    wanted = {"height": 0.5, "prominence": 0.1, "distance": 2.0}
    expected, _ = signal.find_peaks(profile, **wanted)
    assert find_peaks(np.array(profile), **wanted).tolist() == expected.tolist()
