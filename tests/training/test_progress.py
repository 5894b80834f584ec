"""What a network was trained for in all, over runs that began from one another."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="training needs PyTorch, which is not installed")

from training.checkpoint import Progress


def test_a_run_counts_those_that_it_began_from() -> None:
    third = Progress(100, 60.0).followed().followed()
    assert third == Progress(0, 0.0, earlier_steps=100, earlier_seconds=60.0)
    third.step, third.seconds = 40, 30.0
    assert third.followed() == Progress(0, 0.0, earlier_steps=140, earlier_seconds=90.0)
