"""Whose finding it is: one visit's, both visits', or the pair's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.errors import ComparabilityError
from pipeline.findings import Finding, Severity
from pipeline.measurement.enhancement.result import VisitEnhancement
from pipeline.pair import _of_visits, _require_alignment, _seen_of
from pipeline.segmentation.segmenters.contribution import given_none
from tests.report.cases import comparison

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


def test_a_doubtful_name_at_either_visit_is_told_with_that_visit() -> None:
    """A comparison goes on from 0.5; below 0.7 the reader has to look at the levels first."""
    made = comparison()
    level = replace(made.baseline_anatomy.levels[made.level], confidence=0.55)
    doubted = replace(made.baseline_anatomy, levels={**made.baseline_anatomy.levels, made.level: level})
    nothing = VisitEnhancement(None, ())
    first, second = (
        _seen_of(visit, given_none(visit, made.config), anatomy, nothing, made.config)
        for visit, anatomy in ((made.baseline, doubted), (made.followup, made.followup_anatomy))
    )
    told = [f.message for f in _of_visits(first, second) if f.code == "level-doubtful"]
    assert len(told) == 1
    assert told[0].startswith("Baseline: L4/L5 is named with a confidence of 0.55 only")


def test_visits_that_do_not_fit_are_refused_with_what_could_be_wrong() -> None:
    """The names of the discs and whose the images are: either may be why they do not fit."""
    made = comparison()
    failed = replace(made.alignment, quality=replace(made.alignment.quality, usable=False))
    anatomies = (made.baseline_anatomy, made.followup_anatomy)
    named = [list(anatomy.levels) for anatomy in anatomies]
    unknown = replace(made.followup, findings=(NOBODY,))
    with pytest.raises(ComparabilityError, match="could not be aligned") as known:
        _require_alignment(failed, (made.baseline, made.followup), anatomies, made.config)
    with pytest.raises(ComparabilityError) as unverified:
        _require_alignment(failed, (made.baseline, unknown), anatomies, made.config)
    for names in named:
        assert names[0] in str(known.value)
        assert names[-1] in str(known.value)
    assert "headers" not in str(known.value)
    assert str(unverified.value).endswith("The headers could not tell whether they are of one patient.")
