import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.config import RegistrationSettings
from pipeline.registration.alignment import Alignment
from pipeline.registration.stage import align
from tests.registration.pairs import Pair, drawn_spine, moved_pair

SETTINGS = RegistrationSettings()
SPINE = drawn_spine(slices=30)


def both_ways(pair: Pair) -> tuple[Alignment, Alignment]:
    return (
        align(pair.baseline, pair.baseline_anatomy, pair.followup, pair.followup_anatomy, SETTINGS),
        align(pair.followup, pair.followup_anatomy, pair.baseline, pair.baseline_anatomy, SETTINGS),
    )


@pytest.mark.slow
@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10_000),
    angle=st.floats(0, 15),
    shift=st.floats(0, 30),
    pitch=st.sampled_from([None, 3.0]),
    noise=st.floats(1, 12),
)
def test_exchanging_the_visits_changes_nothing_but_the_direction(
    seed: int, angle: float, shift: float, pitch: float | None, noise: float
) -> None:
    pair = moved_pair(SPINE, seed, angle_deg=angle, shift_mm=shift, pitch_mm=pitch, noise=noise, jitter_mm=1.0)
    there, back = both_ways(pair)
    np.testing.assert_allclose(there.baseline_to_followup @ back.baseline_to_followup, np.eye(4), atol=1e-6)
    np.testing.assert_allclose(there.baseline_to_halfway, back.followup_to_halfway, atol=1e-6)
    np.testing.assert_allclose(there.followup_to_halfway, back.baseline_to_halfway, atol=1e-6)
    assert dataclasses.astuple(there.quality) == pytest.approx(dataclasses.astuple(back.quality), abs=1e-5)
