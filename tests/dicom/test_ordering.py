"""Series lie in the order in which they were acquired; where times say nothing their numbers do."""

from __future__ import annotations

from datetime import datetime

import pytest

from pipeline.dicom.ordering import in_order
from tests.dicom.headers import t1

LATE, EARLY = datetime(2013, 3, 4, 10, 30), datetime(2013, 3, 4, 10, 5)


@pytest.mark.parametrize(
    ("times", "order"),
    [((LATE, EARLY), [2, 1]), ((LATE, None), [1, 2]), ((LATE, LATE), [1, 2])],
    ids=["times", "one without a time", "one time for all"],
)
def test_times_decide_where_all_series_have_one(times: tuple[datetime | None, ...], order: list[int]) -> None:
    stacks = [t1(number, acquired_at=time).but(index=number) for number, time in enumerate(times, start=1)]
    assert [facts.series_number for facts in in_order(reversed(stacks))] == order
