"""Resolution from an image's own spectrum."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.measurement.enhancement.point_spread import PointSpread, point_spread
from pipeline.volume import Volume


def _noise_with_zero_filling(share: float) -> Volume:
    """White noise of which only a share of k-space along the rows was measured."""
    rng = np.random.default_rng(3)
    k = np.fft.fft(rng.standard_normal((4, 128, 128)), axis=1)
    frequency = np.abs(np.fft.fftfreq(128)) / 0.5
    k[:, frequency > share] = 0.0
    image = np.fft.ifft(k, axis=1).real + 1e-4 * rng.standard_normal((4, 128, 128))
    return Volume(image.astype(np.float32) + 5.0, np.diag([4.0, 0.7, 0.7, 1.0]))


@pytest.mark.parametrize("share", [0.65, 0.8])
def test_zero_filling_is_seen_along_its_axis_only(share: float) -> None:
    found = point_spread(_noise_with_zero_filling(share))
    assert found.measured[0] == pytest.approx(share, abs=0.04)
    assert found.measured[1] == 1.0
    assert found.resolution_mm == pytest.approx(0.7 / share, rel=0.06)


def test_an_edge_is_half_at_its_place_and_softer_where_less_was_measured() -> None:
    at = np.array([-6.0, -0.4, 0.0, 0.4, 6.0])
    sharp = PointSpread((0.7, 0.7), (1.0, 1.0)).edge(at, (1.0, 0.0))
    soft = PointSpread((0.7, 0.7), (0.6, 1.0)).edge(at, (1.0, 0.0))
    across = PointSpread((0.7, 0.7), (0.6, 1.0)).edge(at, (0.0, 1.0))
    assert sharp[2] == pytest.approx(0.5, abs=1e-6)
    assert sharp[[0, 4]] == pytest.approx([0.0, 1.0], abs=0.03)
    assert soft[3] < sharp[3]
    assert across == pytest.approx(sharp, abs=1e-9)
