"""Anatomy on a grid: determinism, order of landmarks, and what a fragment may change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import ndimage

from pipeline.errors import UsageError
from pipeline.phantom.anatomy import (
    FragmentSpec,
    NetworkClass,
    Tissue,
    build_anatomy,
    sample_fragment,
    sample_spine,
    standard_spine,
)

COARSE = (3.0, 2.0, 2.0)
IN_CANAL = (Tissue.CSF, Tissue.CORD, Tissue.CAUDA_EQUINA, Tissue.DURA)


def code_at(anatomy, volume, name):
    index = np.round(volume.to_index(np.array(anatomy.landmarks[name]))).astype(int)
    return int(volume.array[tuple(index)])


def test_same_seed_gives_the_same_voxels():
    spine, fragment = standard_spine(seed=4), FragmentSpec("L4/L5", 600, migration_mm=6, rim_mm=1)
    first, second = (build_anatomy(spine, [fragment], spacing_mm=COARSE) for _ in range(2))
    np.testing.assert_array_equal(first.tissue.array, second.tissue.array)
    assert first.fragment_volume_mm3 == second.fragment_volume_mm3


def test_another_seed_gives_other_irregularities():
    first, second = (build_anatomy(standard_spine(seed), spacing_mm=COARSE) for seed in (0, 1))
    assert (first.tissue.array != second.tissue.array).any()
    assert first.landmarks == second.landmarks


def test_grid_is_canonical_sagittal():
    anatomy = build_anatomy(standard_spine(), spacing_mm=COARSE)
    np.testing.assert_allclose(anatomy.tissue.axes_lps, [[1, 0, 0], [0, 0, 1], [0, -1, 0]], atol=1e-12)
    assert anatomy.tissue.spacing_mm == pytest.approx(COARSE)
    assert anatomy.tissue.shape == (32, 160, 120)


def test_landmarks_run_from_cranial_to_caudal_and_lie_in_their_structure():
    anatomy = build_anatomy(standard_spine(), spacing_mm=(1.5, 1.0, 1.0))
    heights = [anatomy.landmarks[name][2] for name in anatomy.spine.names]
    assert heights == sorted(heights, reverse=True)
    assert anatomy.landmarks["L3"] == (0.0, 0.0, 0.0)
    for name in ("T12", "L1", "L2", "L3", "L4", "L5", "S1", "L3/L4", "L4/L5", "L5/S1"):
        assert anatomy.structures[code_at(anatomy, anatomy.instance, name) - 1] == name
    assert code_at(anatomy, anatomy.classes(), "L4/L5") == NetworkClass.DISC
    assert code_at(anatomy, anatomy.classes(), "L4") == NetworkClass.VERTEBRA
    assert code_at(anatomy, anatomy.classes(), "S1") == NetworkClass.SACRUM


def test_landmarks_do_not_depend_on_the_grid():
    spine = standard_spine()
    first = build_anatomy(spine, spacing_mm=COARSE)
    second = build_anatomy(spine, spacing_mm=(4, 3, 3), extent_mm=(40, 60, 60), centre_lps=(0, 0, -60))
    assert first.landmarks == second.landmarks


def test_a_fragment_changes_nothing_but_itself_its_rim_and_its_halo():
    spine = standard_spine(seed=9)
    fragment = FragmentSpec("L5/S1", 900, lateral_mm=3, migration_mm=7, rim_mm=1.5, fat_halo_mm=1)
    with_it = build_anatomy(spine, [fragment], spacing_mm=(1.5, 1, 1))
    without = build_anatomy(spine, [], spacing_mm=(1.5, 1, 1))
    changed = with_it.tissue.array != without.tissue.array
    assert changed.any()
    assert set(np.unique(with_it.tissue.array[changed])) <= {
        Tissue.FRAGMENT,
        Tissue.FRAGMENT_RIM,
        Tissue.EPIDURAL_FAT,
    }
    distance = np.linalg.norm(
        with_it.tissue.to_lps(np.argwhere(changed).astype(float)) - np.array(with_it.fragment_centroid_lps["L5/S1"]),
        axis=1,
    )
    assert distance.max() < 25
    hard = np.isin(without.tissue.array[changed], (Tissue.VERTEBRA, Tissue.SACRUM, Tissue.DISC_ANNULUS))
    assert not hard.any()


def test_unknown_level_is_refused_by_name():
    with pytest.raises(UsageError, match="L7/S1"):
        build_anatomy(standard_spine(), [FragmentSpec("L7/S1", 500)], spacing_mm=COARSE)


def test_a_fragment_that_does_not_fit_is_refused():
    with pytest.raises(UsageError, match="room"):
        build_anatomy(standard_spine(), [FragmentSpec("L4/L5", 36000)], spacing_mm=COARSE)


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**20))
def test_random_spines_are_whole(seed):
    spine = sample_spine(np.random.default_rng(seed))
    anatomy = build_anatomy(spine, spacing_mm=(2.0, 1.5, 1.5), extent_mm=(44, 320, 240), centre_lps=(0.0, -5.0, -25.0))
    for name in ("L2", "L3", "L4"):
        assert code_at(anatomy, anatomy.tissue, name) == Tissue.VERTEBRA
    # The sac reaches, in one piece, from the top of the field of view to the last lumbar body.
    pieces, _ = ndimage.label(np.isin(anatomy.tissue.array, IN_CANAL), structure=np.ones((3, 3, 3)))
    rows = np.nonzero((pieces == np.bincount(pieces[pieces > 0]).argmax()).any(axis=(0, 2)))[0]
    height = anatomy.tissue.affine[2, 3] - 1.5 * rows
    last = spine.names[spine.names.index("S1") - 1]
    assert height.min() < anatomy.landmarks[last][2]
    assert height.max() > anatomy.landmarks["L1"][2]


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 2**20))
def test_random_specs_are_valid(seed):
    rng = np.random.default_rng(seed)
    spine = sample_spine(rng)
    fragment = sample_fragment(rng, spine)
    assert fragment.level in spine.disc_names
    assert spine.names[spine.names.index("S1") - 1].startswith("L")
