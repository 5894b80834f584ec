"""A visit in which the patient moved is looked at as if nobody had."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline import rigid
from pipeline.dicom.visit import Role
from pipeline.motion.visit_motion import SeriesMotion, Still
from pipeline.segmentation.anatomy import Anatomy, SeriesSegmentation, Structure
from pipeline.segmentation.displaced import displaced_probability
from pipeline.segmentation.steady import Steadied, in_reference, motion_findings, steadied
from pipeline.volume import Affine, Volume
from tests.report.cases import comparison
from tests.report.cases import rigid as moved_by

MOVED = moved_by((0.4, -0.3, 0.2), (1.1, -0.7, 2.9))


def blank(affine: Affine | None = None) -> Volume:
    return Volume(np.zeros((5, 40, 30), np.float32), np.diag([4.0, 1.0, 1.0, 1.0]) if affine is None else affine)


def reference() -> SeriesSegmentation:
    labels = blank().with_array(np.full((5, 40, 30), Structure.VERTEBRA, np.uint8))
    return SeriesSegmentation(Role.SAGITTAL_T2, labels, labels, np.zeros((6, 5, 40, 30)), np.zeros((1, 5, 40, 30)))


def found(patch: pytest.MonkeyPatch, believed: bool) -> list[Steadied]:
    """What comes of a T1 that lies MOVED away, the motion being known."""

    def motion_of(still: Still, moving: Volume, **_: object) -> SeriesMotion:
        return SeriesMotion(MOVED if believed else np.eye(4), 3.2, 0.5, 0.2, believed)

    patch.setattr(Still, "motion_of", motion_of)
    stacks = [(Role.SAGITTAL_T2, blank()), (Role.SAGITTAL_T1, blank(MOVED @ blank().affine))]
    return steadied(stacks, reference(), blank(), np.array([8.0, 20.0, 15.0]), 1)


def test_a_moved_series_is_brought_back(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = found(monkeypatch, believed=True)
    assert first.image is first.own
    assert np.allclose(second.image.affine, blank().affine, atol=1e-9), "as if it had not moved"
    point = np.array([3.0, 20.0, 11.0])
    assert np.allclose(point + second.shift_at(point), rigid.apply(MOVED, point[None])[0])
    further = np.array([0.0, 1.0, 0.0])
    assert np.allclose(point + second.shift_at(point, further), rigid.apply(MOVED, (point + further)[None])[0])


def test_a_motion_that_is_not_believed_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    _, second = found(monkeypatch, believed=False)
    assert second.image is second.own
    assert not second.shift_at(np.zeros(3)).any()


def test_only_what_is_worth_telling_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    stacks = found(monkeypatch, believed=True)
    told = motion_findings(dict(zip((Role.SAGITTAL_T2, Role.SAGITTAL_T1), stacks, strict=True)), Role.SAGITTAL_T2)
    assert [finding.code for finding in told] == ["series-moved"]
    assert "3.2 mm" in told[0].message
    assert not motion_findings({Role.SAGITTAL_T1: found(monkeypatch, believed=False)[1]}, Role.SAGITTAL_T2)


def test_displaced_material_of_a_moved_series_is_measured_against_the_levels_of_the_reference() -> None:
    """The same voxels behind a header that lies 4 mm lower: with the shift known, the same material is found."""
    made = comparison(7.5, 5.0)
    anatomy: Anatomy = made.baseline_anatomy
    level = anatomy.levels["L4/L5"]
    own = anatomy.segmentations[Role.SAGITTAL_T2]
    shift = np.array([0.0, 3.0, -4.0])
    affine = own.labels.affine.copy()
    affine[:3, 3] += shift
    lower = SeriesSegmentation(
        own.role,
        Volume(own.labels.array, affine),
        Volume(own.instances.array, affine),
        own.probabilities,
        own.fragment_variants,
    )
    known = replace(anatomy, segmentations={own.role: lower}, shifts_lps_mm={own.role: shift})
    before, after = displaced_probability(own, level, anatomy), displaced_probability(lower, level, known)
    assert np.allclose(before.probability.array, after.probability.array, atol=1e-6)
    assert np.array_equal(after.probability.affine, affine), "on the grid of its own header"
    assert np.allclose(in_reference(lower, known).labels.affine, own.labels.affine)
