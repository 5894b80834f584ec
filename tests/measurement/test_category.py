import pytest

from pipeline.measurement.category import band, categorise
from pipeline.measurement.change import Category

CUTOFFS = (25.0, 50.0, 100.0)


@pytest.mark.parametrize(
    ("before", "after", "delta", "detectable", "expected"),
    [
        (True, False, -1300, True, Category.COMPLETE),
        (True, False, -20, False, Category.NO_DETECTABLE_CHANGE),
        (True, True, -400, True, Category.PARTIAL),
        (True, True, -1290, True, Category.PARTIAL),
        (True, True, 300, True, Category.GROWTH),
        (True, True, -30, False, Category.NO_DETECTABLE_CHANGE),
        (False, True, 500, True, Category.NEW),
        (False, True, 30, False, Category.NO_DETECTABLE_CHANGE),
        (False, False, 10, False, Category.NO_DETECTABLE_CHANGE),
        (False, False, 10, True, Category.NO_DETECTABLE_CHANGE),
    ],
)
def test_names(before: bool, after: bool, delta: float, detectable: bool, expected: Category) -> None:
    found = categorise(baseline_present=before, followup_present=after, delta_mm3=delta, detectable=detectable)
    assert found is expected


@pytest.mark.parametrize(
    ("rate", "category", "expected"),
    [
        (-40, Category.GROWTH, "<25"),
        (0, Category.NO_DETECTABLE_CHANGE, "<25"),
        (24.9, Category.PARTIAL, "<25"),
        (25, Category.PARTIAL, "25-50"),
        (50, Category.PARTIAL, "50-100"),
        (99.9, Category.PARTIAL, "50-100"),
        (97, Category.COMPLETE, "100"),
        (None, Category.NEW, None),
    ],
)
def test_bands(rate: float | None, category: Category, expected: str | None) -> None:
    assert band(rate, category, CUTOFFS) == expected


def test_cut_offs_are_the_readers_choice() -> None:
    assert band(72, Category.PARTIAL, (70.0,)) == ">=70"
    assert band(69, Category.PARTIAL, (70.0,)) == "<70"
    assert band(40, Category.PARTIAL, (75.0, 30.0)) == "30-75"
    assert band(40, Category.PARTIAL, ()) is None
