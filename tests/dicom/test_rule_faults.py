"""What does not fit a role is told in words that name the value and what was asked for."""

from __future__ import annotations

from tests.dicom.headers import plan, t1, t2


def test_a_requirement_that_is_not_met_is_put_into_words() -> None:
    candidate = plan(t2(1, spacing_mm=(5.0, 2.0, 2.0))).candidates[0]
    assert candidate.reason == "sagittal_t2: pixel 2 mm, asked for at most 1.5"
    assert plan(t1(1, shape=(5, 384, 384))).candidates[0].reason == "sagittal_t1: 5 slices, asked for at least 7"
