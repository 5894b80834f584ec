"""Displaced material has the volume that was asked for, on every grid."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.errors import UsageError
from pipeline.phantom.anatomy import FragmentSpec, Tissue, build_anatomy, standard_spine

SPINE = standard_spine(seed=2)


def near_fragment(fragment, spacing):
    return build_anatomy(SPINE, [fragment], spacing_mm=spacing, extent_mm=(44, 80, 70), centre_lps=(0.0, 20.0, -60.0))


@pytest.mark.parametrize(("volume", "migration"), [(120.0, 0.0), (500.0, -8.0), (1300.0, 12.0), (2300.0, 4.0)])
def test_volume_is_met_within_one_percent(volume, migration):
    anatomy = near_fragment(FragmentSpec("L4/L5", volume, lateral_mm=2, migration_mm=migration), (0.5, 0.5, 0.5))
    assert anatomy.fragment_volume_mm3["L4/L5"] == pytest.approx(volume, rel=0.001)
    painted = (anatomy.tissue.array == Tissue.FRAGMENT).sum() * anatomy.tissue.voxel_volume_mm3
    # Another 0.5 mm grid than the reference: a small one differs by a few voxels.
    assert painted == pytest.approx(volume, rel=0.01, abs=4.0)


def test_coarse_grids_agree_with_the_reference():
    anatomy = near_fragment(FragmentSpec("L4/L5", 1300.0, migration_mm=9), (1.5, 1.0, 1.0))
    painted = (anatomy.tissue.array == Tissue.FRAGMENT).sum() * anatomy.tissue.voxel_volume_mm3
    assert painted == pytest.approx(1300.0, rel=0.03)


def test_the_rim_surrounds_the_fragment_and_adds_nothing_to_it():
    plain = near_fragment(FragmentSpec("L4/L5", 800.0, migration_mm=5), (0.8, 0.8, 0.8))
    rimmed = near_fragment(FragmentSpec("L4/L5", 800.0, migration_mm=5, rim_mm=1.6), (0.8, 0.8, 0.8))
    np.testing.assert_array_equal(plain.tissue.array == Tissue.FRAGMENT, rimmed.tissue.array == Tissue.FRAGMENT)
    assert (rimmed.tissue.array == Tissue.FRAGMENT_RIM).sum() > 200
    half = near_fragment(FragmentSpec("L4/L5", 800.0, migration_mm=5, rim_mm=1.6, rim_extent=0.5), (0.8, 0.8, 0.8))
    counts = [(a.tissue.array == Tissue.FRAGMENT_RIM).sum() for a in (half, rimmed)]
    assert counts[0] == pytest.approx(counts[1] / 2, rel=0.05)


@pytest.mark.parametrize(("field", "axis", "sign"), [("lateral_mm", 0, 1), ("migration_mm", 2, -1)])
def test_it_lies_where_it_was_asked_to(field, axis, sign):
    here, there = (near_fragment(FragmentSpec("L4/L5", 400.0, **{field: value}), (1, 1, 1)) for value in (-6.0, 6.0))
    moved = np.subtract(there.fragment_centroid_lps["L4/L5"], here.fragment_centroid_lps["L4/L5"])
    # Unless it is sequestered, part of it stays at the disc: the centre moves less than the far end.
    assert sign * moved[axis] > 3


def test_two_fragments_do_not_overlap():
    both = build_anatomy(
        SPINE,
        [FragmentSpec("L4/L5", 500.0, migration_mm=12), FragmentSpec("L4/L5", 300.0, migration_mm=-6, seed=3)],
        spacing_mm=(0.5, 0.5, 0.5),
        extent_mm=(44, 80, 70),
        centre_lps=(0.0, 20.0, -60.0),
    )
    painted = (both.tissue.array == Tissue.FRAGMENT).sum() * both.tissue.voxel_volume_mm3
    assert painted == pytest.approx(800.0, rel=0.015)


@pytest.mark.parametrize("wrong", [{"volume_mm3": 0.0}, {"volume_mm3": 5.0, "rim_mm": -1.0}])
def test_impossible_fragments_are_refused(wrong):
    with pytest.raises(UsageError):
        FragmentSpec("L4/L5", **wrong)
