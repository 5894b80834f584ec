"""Names that pass and are not to be relied on: said, with what was seen and what a person can do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.config import SegmentationSettings
from pipeline.findings import Finding, Severity
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.doubt import doubtful_level
from tests.report.segmented import segmented

LEVEL = "L4/L5"


def named_with(confidence: float, *findings: Finding) -> Anatomy:
    anatomy = segmented().anatomy
    level = replace(anatomy.levels[LEVEL], confidence=confidence)
    return replace(anatomy, levels={**anatomy.levels, LEVEL: level}, findings=findings)


@pytest.mark.parametrize(("confidence", "told"), [(0.49, 0), (0.5, 1), (0.69, 1), (0.7, 0), (0.97, 0)])
def test_only_names_between_refusal_and_reliance_are_doubted(confidence: float, told: int) -> None:
    """Below, the run is refused or marked unusable; that is not said twice."""
    assert len(doubtful_level(LEVEL, named_with(confidence), SegmentationSettings())) == told


def test_it_says_how_sure_what_was_seen_and_how_to_override() -> None:
    seen = Finding("sacrum-barely-in-view", Severity.WARNING, "Only 14 mm are in view.")
    (finding,) = doubtful_level(LEVEL, named_with(0.62, seen), SegmentationSettings())
    assert (finding.code, finding.severity) == ("level-doubtful", Severity.WARNING)
    for words in ("L4/L5", "0.62", "0.70", "Only 14 mm are in view.", "--lowest-disc", "--level"):
        assert words in finding.message


def test_whoever_named_the_lowest_disc_is_not_told_to_do_so() -> None:
    (finding,) = doubtful_level(LEVEL, named_with(0.62), SegmentationSettings(lowest_disc="L5/S1"))
    assert "name the lowest visible disc" not in finding.message
    assert "--level" in finding.message


def test_a_level_that_is_not_there_is_another_matter() -> None:
    assert doubtful_level("L1/L2", named_with(0.62), SegmentationSettings()) == ()
