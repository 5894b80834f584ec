"""Evidence about contrast medium adds up, and strong pieces may contradict each other."""

from __future__ import annotations

from pipeline.dicom.contrast_evidence import Case, Source
from pipeline.dicom.weightings import Weighting
from tests.dicom.headers import t1


def case() -> Case:
    return Case(t1(1), Weighting.T1, fat_suppressed=False)


def test_without_evidence_a_series_is_taken_as_native() -> None:
    verdict = case().verdict
    assert not verdict.enhanced
    assert verdict.decided_by is Source.NOTHING


def test_the_heaviest_piece_of_the_winning_side_decides() -> None:
    one = case()
    for source, weight in ((Source.DESCRIPTION, 4.0), (Source.ORDER, 1.5), (Source.ATTRIBUTES, -2.0)):
        one.add(source, weight)
    assert one.verdict.enhanced
    assert one.verdict.decided_by is Source.DESCRIPTION
    assert one.score == one.verdict.score == 3.5
    assert not one.contradictory


def test_strong_pieces_contradict_each_other_but_pixels_do_not() -> None:
    one = case()
    one.add(Source.DESCRIPTION, 4.0)
    one.add(Source.PIXELS, -3.0)
    assert not one.contradictory
    one.add(Source.BOLUS_TIME, -2.5)
    assert one.contradictory
