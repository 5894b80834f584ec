"""A stranger's follow-up is not taken for the patient's own."""

import dataclasses

import numpy as np
import pytest

from pipeline.config import RegistrationSettings
from pipeline.findings import Severity
from pipeline.registration.alignment import Alignment, AlignmentQuality
from pipeline.registration.identity import ANOTHER, DOUBTFUL, identity_findings, likeness, vouched
from pipeline.registration.segmental import Own
from pipeline.registration.stage import align
from pipeline.volume import Volume
from tests.registration.pairs import Pair, anatomy, drawn_spine, moved_pair, visit


def aligned(pair: Pair) -> Alignment:
    return align(pair.baseline, pair.baseline_anatomy, pair.followup, pair.followup_anatomy, RegistrationSettings())


def vertebra(alike: float) -> Own:
    return Own(np.eye(4), np.zeros((1, 3)), 0.1, 0.1, alike)


def test_one_odd_vertebra_raises_doubt_but_does_not_make_another_patient() -> None:
    """A fracture, an operation or a haemangioma changes one."""
    alike = likeness({"L4": vertebra(0.1), "L5": vertebra(0.9), "S1": vertebra(0.95)})
    assert alike is not None
    assert ANOTHER < alike < DOUBTFUL


def test_vertebrae_that_find_no_counterpart_are_not_alike() -> None:
    assert likeness({"L4": None, "L5": None, "S1": vertebra(0.9)}) == pytest.approx(0.3)


def test_a_vertebra_at_the_edge_of_the_field_is_left_out() -> None:
    assert likeness({"L4": vertebra(0.8), "L5": vertebra(0.9), "S1": None}) == pytest.approx(0.85)


def test_without_a_common_vertebra_nothing_is_said() -> None:
    assert likeness({}) is None
    assert identity_findings(None) == []


@pytest.mark.parametrize(
    ("alike", "severity"), [(ANOTHER - 0.01, Severity.ERROR), (DOUBTFUL - 0.01, Severity.WARNING), (DOUBTFUL, None)]
)
def test_the_less_alike_the_louder(alike: float, severity: Severity | None) -> None:
    found = identity_findings(alike)
    assert [one.severity for one in found] == ([severity] if severity else [])
    assert all(one.code == "patient-doubtful" and "same person" in one.message for one in found)


def test_a_user_who_vouches_for_the_patient_is_warned_and_not_refused() -> None:
    refused = Alignment(
        np.eye(4), np.eye(4), np.eye(4), AlignmentQuality(0.2, 0.9, 0.5, usable=False), tuple(identity_findings(0.3))
    )
    found = vouched(refused)
    assert found.quality.usable
    assert [one.severity for one in found.findings] == [Severity.WARNING]


def test_vouching_does_not_mend_a_failed_alignment() -> None:
    failed = Alignment(np.eye(4), np.eye(4), np.eye(4), AlignmentQuality(9.0, 0.1, 0.1, usable=False), ())
    assert vouched(failed) is failed


def test_larger_bones_of_another_texture_are_doubted_and_ones_own_are_not() -> None:
    own = moved_pair(drawn_spine(slices=30), 8, jitter_mm=0.5)
    other = moved_pair(drawn_spine(seed=21, slices=30), 8)
    role, series = next(iter(other.followup.series.items()))
    larger = Volume(series.volume.array, series.volume.affine @ np.diag((1.1, 1.15, 1.15, 1.0)))
    instances = other.followup_anatomy.segmentations[role].instances
    stranger = dataclasses.replace(
        own, followup=visit(role, larger), followup_anatomy=anatomy(role, Volume(instances.array, larger.affine))
    )
    refused, kept = aligned(stranger), aligned(own)
    assert {"patient-doubtful", "alignment-failed"} & {one.code for one in refused.findings}
    assert not {"patient-doubtful", "alignment-failed"} & {one.code for one in kept.findings}
