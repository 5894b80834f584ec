"""Whatever way the second visit was planned and stored, it is laid onto the first."""

import dataclasses

import numpy as np
import pytest
from scipy import ndimage

from pipeline import rigid
from pipeline.config import RegistrationSettings
from pipeline.dicom.visit import Role
from pipeline.registration.alignment import Alignment
from pipeline.registration.stage import align
from pipeline.segmentation.anatomy import Anatomy
from pipeline.volume import Affine, Volume
from tests.registration.pairs import Pair, anatomy, drawn_spine, moved_pair, visit

SETTINGS = RegistrationSettings()
ROLE = Role.SAGITTAL_T2


@pytest.fixture(scope="module")
def pair() -> Pair:
    return moved_pair(drawn_spine(slices=30), 8, jitter_mm=0.5)


def aligned(pair: Pair) -> Alignment:
    return align(pair.baseline, pair.baseline_anatomy, pair.followup, pair.followup_anatomy, SETTINGS)


def stored_anew(pair: Pair, image: Volume, instances: Volume) -> Pair:
    """The same with another follow-up."""
    return dataclasses.replace(pair, followup=visit(ROLE, image), followup_anatomy=anatomy(ROLE, instances))


def followup(pair: Pair) -> tuple[Volume, Volume]:
    return pair.followup.series[ROLE].volume, pair.followup_anatomy.segmentations[ROLE].instances


def reversed_axes(volume: Volume, axes: tuple[int, ...]) -> Volume:
    """The same voxels at the same places, stored from the other end."""
    affine = volume.affine.copy()
    for axis in axes:
        affine[:3, 3] += affine[:3, axis] * (volume.shape[axis] - 1)
        affine[:3, axis] *= -1
    return Volume(np.ascontiguousarray(np.flip(volume.array, axes)), affine)


def test_slices_turned_by_half_a_turn_in_storage_change_nothing(pair: Pair) -> None:
    image, instances = followup(pair)
    turned = stored_anew(pair, reversed_axes(image, (1, 2)), reversed_axes(instances, (1, 2)))
    # A faultless segmentation knows left, back and head whichever way the slices are stored.
    turned = dataclasses.replace(turned, followup_anatomy=with_axes_of(turned.followup_anatomy, pair.followup_anatomy))
    assert pair.error_mm(aligned(turned).baseline_to_followup).max() < 0.2


def with_axes_of(stored: Anatomy, known: Anatomy) -> Anatomy:
    return dataclasses.replace(stored, levels=known.levels, vertebrae=known.vertebrae)


def test_a_patient_registered_the_wrong_way_round_is_laid_back(pair: Pair) -> None:
    """Feet first, entered as head first: left is right and head is feet in the coordinates."""
    image, instances = followup(pair)
    wrong: Affine = np.diag((-1.0, 1.0, -1.0, 1.0))
    other = stored_anew(
        pair, Volume(image.array, wrong @ image.affine), Volume(instances.array, wrong @ instances.affine)
    )
    other = dataclasses.replace(other, truth=wrong @ pair.truth)
    there = aligned(other)
    assert other.error_mm(there.baseline_to_followup).max() < 0.2
    assert there.quality.usable
    through = rigid.inverse(there.followup_to_halfway) @ there.baseline_to_halfway
    np.testing.assert_allclose(through, there.baseline_to_followup, atol=1e-9)


def test_a_small_field_of_view_on_another_grid_is_enough(pair: Pair) -> None:
    image, instances = followup(pair)
    part = (slice(2, 28), slice(55, 150), slice(12, 80))
    scale = np.array([1.0, 0.8, 0.8])
    affine = image.affine.copy()
    affine[:3, 3] = image.to_lps(np.array([one.start for one in part], float))
    affine[:3, :3] *= scale
    count = [int((one.stop - one.start - 1) / s) for one, s in zip(part, scale, strict=True)]
    place = np.moveaxis(np.indices(count).transpose(1, 2, 3, 0) * scale + [one.start for one in part], -1, 0)
    finer = ndimage.map_coordinates(image.array, place, order=3, mode="nearest").astype(np.float32)
    named = ndimage.map_coordinates(instances.array, place, order=0, mode="nearest")
    other = stored_anew(pair, Volume(finer, affine), Volume(named, affine))
    assert other.error_mm(aligned(other).baseline_to_followup).max() < 0.3


def test_a_followup_of_noise_is_refused(pair: Pair) -> None:
    image, instances = followup(pair)
    rng = np.random.default_rng(1)
    noise = image.with_array(rng.gamma(2.0, 40.0, image.shape).astype(np.float32))
    found = aligned(stored_anew(pair, noise, instances))
    assert not found.quality.usable
    assert "alignment-failed" in [one.code for one in found.findings]


def test_bones_of_one_shape_but_another_texture_are_far_less_sure(pair: Pair) -> None:
    own = aligned(pair)
    stranger = moved_pair(drawn_spine(seed=21, slices=30), 8)
    found = aligned(dataclasses.replace(pair, followup=stranger.followup, followup_anatomy=stranger.followup_anatomy))
    assert found.quality.estimated_tre_mm > 3 * own.quality.estimated_tre_mm
    assert found.quality.similarity < own.quality.similarity - 0.2
