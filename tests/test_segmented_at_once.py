"""Both visits are segmented at once where there are threads for it, with the same outcome as one after the other."""

from __future__ import annotations

from threading import Barrier
from typing import cast

import pytest

from pipeline.config import SegmentationSettings
from pipeline.dicom.visit import Role, Visit
from pipeline.errors import LevelError
from pipeline.provenance import Stopwatch
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.segmenters.contribution import Received
from pipeline.workflow import _segmented

VISITS = (cast("Visit", "first visit"), cast("Visit", "second visit"))


class Looks:
    """A segmenter that remembers its settings, and can wait until another one looks, too."""

    def __init__(self, together: Barrier | None = None, failing: str = "") -> None:
        self.together, self.failing = together, failing
        self.threads: list[int] = []

    def __call__(self, visit: Visit, settings: SegmentationSettings) -> Anatomy:
        self.threads.append(settings.threads)
        if self.together:
            self.together.wait()
        if self.failing:
            raise LevelError(self.failing)
        return Anatomy({}, Role.SAGITTAL_T2, {}, {}, f"seen in {visit}", False, ())


def received(looks: Looks) -> Received:
    return Received(looks, None, (), ())


@pytest.mark.parametrize(("threads", "each"), [(1, 1), (2, 1), (5, 2)])
def test_each_visit_keeps_its_own_anatomy(threads: int, each: int) -> None:
    looks = Looks(Barrier(2, timeout=30) if threads > 1 else None)
    stages: list[str] = []
    watch = Stopwatch(stages.append)
    first, second = ((visit, received(looks)) for visit in VISITS)
    one, other = _segmented(first, second, SegmentationSettings(threads=threads), watch)
    assert one.anatomy.counted_from == "seen in first visit"
    assert other.anatomy.counted_from == "seen in second visit"
    assert looks.threads == [each, each]
    assert stages == ["segment baseline", "segment follow-up"] == sorted(watch.seconds)


def test_a_segmenter_of_another_package_sees_one_visit_at_a_time() -> None:
    looks = Looks()
    first, second = ((visit, received(looks)) for visit in VISITS)
    _segmented(first, second, SegmentationSettings(threads=4, segmenter="other"), Stopwatch(lambda stage: None))
    assert looks.threads == [4, 4]


def test_the_baseline_is_what_a_refusal_of_both_names() -> None:
    first, second = ((visit, received(Looks(failing=str(visit)))) for visit in VISITS)
    with pytest.raises(LevelError, match="first visit"):
        _segmented(first, second, SegmentationSettings(threads=2), Stopwatch(lambda stage: None))
