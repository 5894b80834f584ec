import dataclasses
from pathlib import Path

import numpy as np
import pytest

from pipeline.config import RegistrationSettings
from pipeline.dicom.visit import Role, Visit
from pipeline.registration.alignment import Alignment
from pipeline.registration.miscount import renamed
from pipeline.registration.stage import align
from pipeline.segmentation.anatomy import Anatomy
from tests.registration.pairs import Pair, drawn_spine, moved_pair, spider

SETTINGS = RegistrationSettings()


def aligned(pair: Pair) -> Alignment:
    return align(pair.baseline, pair.baseline_anatomy, pair.followup, pair.followup_anatomy, SETTINGS)


@pytest.fixture(scope="module")
def pair() -> Pair:
    return moved_pair(drawn_spine(), 4, jitter_mm=1.0)


def test_a_moved_patient_is_found_again(pair: Pair) -> None:
    alignment = aligned(pair)
    assert pair.error_mm(alignment.baseline_to_followup).max() < 0.2
    assert alignment.quality.usable
    assert alignment.quality.bone_dice > 0.9
    assert alignment.quality.estimated_tre_mm < 1.0


def test_exchanging_the_visits_gives_the_inverse(pair: Pair) -> None:
    there = aligned(pair)
    back = align(pair.followup, pair.followup_anatomy, pair.baseline, pair.baseline_anatomy, SETTINGS)
    np.testing.assert_allclose(there.baseline_to_followup @ back.baseline_to_followup, np.eye(4), atol=1e-6)
    np.testing.assert_allclose(there.baseline_to_halfway, back.followup_to_halfway, atol=1e-6)
    assert there.quality.estimated_tre_mm == pytest.approx(back.quality.estimated_tre_mm, abs=1e-6)


def test_both_visits_travel_equally_far_to_the_halfway_space(pair: Pair) -> None:
    alignment = aligned(pair)
    through = np.linalg.inv(alignment.followup_to_halfway) @ alignment.baseline_to_halfway
    np.testing.assert_allclose(through, alignment.baseline_to_followup, atol=1e-9)
    np.testing.assert_allclose(alignment.baseline_to_halfway @ alignment.followup_to_halfway, np.eye(4), atol=1e-9)


def test_the_same_input_gives_the_same_bits(pair: Pair) -> None:
    np.testing.assert_array_equal(aligned(pair).baseline_to_followup, aligned(pair).baseline_to_followup)


def test_a_visit_against_itself_is_the_identity(pair: Pair) -> None:
    alignment = align(pair.baseline, pair.baseline_anatomy, pair.baseline, pair.baseline_anatomy, SETTINGS)
    np.testing.assert_allclose(alignment.baseline_to_followup, np.eye(4), atol=1e-4)
    assert alignment.quality.bone_dice == pytest.approx(1.0)
    assert alignment.quality.estimated_tre_mm < 0.01


def test_thick_slices_are_better_aligned_than_by_their_landmarks() -> None:
    pair = moved_pair(drawn_spine(), 5, pitch_mm=4.0, jitter_mm=1.0)
    assert pair.error_mm(aligned(pair).baseline_to_followup).max() < 1.0


def test_two_patients_are_told_apart(pair: Pair) -> None:
    other = moved_pair(drawn_spine(9), 6)
    noise = dataclasses.replace(pair, followup=other.followup, followup_anatomy=other.followup_anatomy)
    alignment = align(
        noise.baseline,
        noise.baseline_anatomy,
        noise.followup,
        noise.followup_anatomy,
        RegistrationSettings(minimum_similarity=0.9),
    )
    assert not alignment.quality.usable
    assert "alignment-failed" in [finding.code for finding in alignment.findings]


def as_role(visit: Visit, anatomy: Anatomy, role: Role) -> tuple[Visit, Anatomy]:
    """The same series, called another kind."""
    series = dataclasses.replace(visit.series[Role.SAGITTAL_T2], role=role)
    segmentation = anatomy.segmentations[Role.SAGITTAL_T2]
    return (
        dataclasses.replace(visit, series={role: series}),
        dataclasses.replace(anatomy, segmentations={role: segmentation}, reference=role),
    )


@pytest.mark.parametrize("gamma", [0.5, -0.7])
def test_another_contrast_is_aligned_too_and_said_so(pair: Pair, gamma: float) -> None:
    visit, anatomy = as_role(pair.followup, pair.followup_anatomy, Role.SAGITTAL_T1)
    series = visit.series[Role.SAGITTAL_T1]
    volume = series.volume
    other = volume.with_array(np.where(volume.array > 5, 1000 * np.maximum(volume.array, 5) ** gamma, 0))
    series = dataclasses.replace(series, stacks=(dataclasses.replace(series.stacks[0], volume=other),))
    visit = dataclasses.replace(visit, series={Role.SAGITTAL_T1: series})
    alignment = align(pair.baseline, pair.baseline_anatomy, visit, anatomy, SETTINGS)
    assert "alignment-roles-differ" in [finding.code for finding in alignment.findings]
    assert pair.error_mm(alignment.baseline_to_followup).max() < 1.5


@pytest.mark.parametrize("by", [-1, 1])
def test_a_miscounted_visit_is_refused_and_the_miscount_named(pair: Pair, by: int) -> None:
    miscounted = dataclasses.replace(pair, followup_anatomy=renamed(pair.followup_anatomy, by))
    alignment = aligned(miscounted)
    assert not alignment.quality.usable
    assert "levels-disagree-between-visits" in [finding.code for finding in alignment.findings]


@pytest.mark.shared_data
@pytest.mark.slow
@pytest.mark.parametrize(("patient", "seed"), [("209", 1), ("78", 2), ("141", 3)])
def test_real_anatomy_moved_by_known_motions(shared_data: Path, patient: str, seed: int) -> None:
    pair = moved_pair(spider(shared_data / "spider" / "t2_space" / f"{patient}_t2space.npz"), seed, jitter_mm=1.0)
    alignment = aligned(pair)
    error = pair.error_mm(alignment.baseline_to_followup)
    assert np.median(error) < 0.05
    assert error.max() < 0.2
    assert error.max() < alignment.quality.estimated_tre_mm * 2
