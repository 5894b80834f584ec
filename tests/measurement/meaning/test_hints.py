"""What does not fit a disc fragment is said, and only that."""

from __future__ import annotations

import pytest

from pipeline.dicom.visit import Role
from pipeline.findings import Severity
from pipeline.measurement.change import Category
from pipeline.measurement.meaning.hints import core_uptake, hints
from pipeline.measurement.meaning.meaning import Signal, Tissue, VisitMeaning
from pipeline.segmentation.herniation import Herniation, HerniationType


def visit(t2: float | None = 110.0, t1: float | None = 100.0, post: float | None = 105.0) -> VisitMeaning:
    """Fragment levels against fluid of 300 on T2 and 50 on T1, muscle of 45 and 110."""
    levels = {
        Role.SAGITTAL_T2: (t2, 300.0, 45.0),
        Role.SAGITTAL_T1: (t1, 50.0, 110.0),
        Role.SAGITTAL_T1_POST: (post, 50.0, 130.0),
    }
    made = {role: Signal(role, *(Tissue(value, 100) for value in three)) for role, three in levels.items()}
    return VisitMeaning(Herniation("L4/L5", HerniationType.EXTRUSION), None, None, "", {}, made)


def codes(*given: object) -> list[str]:
    return [finding.code for finding in hints(*given)]  # type: ignore[arg-type]


def test_a_plain_fragment_gives_none() -> None:
    assert codes(visit(), visit(), Category.PARTIAL) == []
    assert codes(visit(), visit(), Category.GROWTH) == []


@pytest.mark.parametrize(
    ("t2", "t1", "said"), [(260, 60, True), (260, 100, False), (150, 60, False), (None, 60, False)]
)
def test_bright_on_t2_and_dark_on_t1_is_like_fluid(t2: float | None, t1: float, said: bool) -> None:
    found = hints(visit(t2=t2, t1=t1), visit(), Category.NO_DETECTABLE_CHANGE)
    assert [f.code for f in found] == ["signal-like-fluid"] * said
    assert all(f.severity is Severity.WARNING and f.message.startswith("At baseline") for f in found)


@pytest.mark.parametrize(
    ("category", "post", "said"),
    [
        (Category.GROWTH, 180, True),
        (Category.NEW, 180, True),
        (Category.PARTIAL, 180, False),
        (Category.GROWTH, 120, False),
    ],
)
def test_growth_of_an_enhancing_mass_asks_for_a_radiologist(category: Category, post: float, said: bool) -> None:
    found = hints(visit(), visit(post=post), category)
    assert [f.code for f in found] == ["growth-with-enhancement"] * said
    assert all("radiologist" in f.message for f in found)


def test_a_mapped_uptake_of_the_core_goes_before_that_of_the_signal() -> None:
    found = hints(visit(), visit(post=120), Category.GROWTH, 55.0)
    assert [f.code for f in found] == ["growth-with-enhancement"]
    assert hints(visit(), visit(post=180), Category.GROWTH, 8.0) == ()


def test_uptake_needs_both_series() -> None:
    assert core_uptake(visit(post=150)) == pytest.approx(1.5)
    assert core_uptake(visit(post=None)) is None
    assert core_uptake(visit(t1=None)) is None
