"""Whose finding it is: one visit's, both visits', or the pair's."""

from __future__ import annotations

from pipeline.findings import Finding, Severity
from pipeline.pair import _of_visits

GAP = Finding("slice-gap", Severity.INFO, "Slices 4.0 mm thick lie 4.4 mm apart.")
AXIAL = Finding("axial-labels-carried-over", Severity.INFO, "The labels of axial T2 were carried over.")
NOBODY = Finding("identity-unverified", Severity.WARNING, "The two visits carry no usable PatientID.")


def test_a_finding_of_one_visit_names_it() -> None:
    assert [f.message for f in _of_visits((GAP,), (AXIAL,))] == [
        "Baseline: Slices 4.0 mm thick lie 4.4 mm apart.",
        "Follow-up: The labels of axial T2 were carried over.",
    ]


def test_what_both_visits_share_is_said_once() -> None:
    assert [f.message for f in _of_visits((AXIAL, GAP), (AXIAL,))] == [
        "Both visits: The labels of axial T2 were carried over.",
        "Baseline: Slices 4.0 mm thick lie 4.4 mm apart.",
    ]


def test_what_concerns_the_pair_is_not_put_on_the_follow_up_that_carries_it() -> None:
    assert _of_visits((), (NOBODY,)) == (NOBODY,)
    assert _of_visits((NOBODY,), (NOBODY,)) == (NOBODY,)
