"""What was there before lesions and forms came is voxel for voxel the same: shipped samples rely on it."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest

from pipeline.phantom.anatomy import FragmentSpec, build_anatomy, standard_spine

COARSE = (3.0, 2.0, 2.0)
CENTRAL = (FragmentSpec("L4/L5", 900, lateral_mm=3, migration_mm=7, rim_mm=1.5, fat_halo_mm=1, seed=5),)
TWO = (
    FragmentSpec("L5/S1", 1300, lateral_mm=-7, migration_mm=-14, sequestered=True, rim_mm=1, rim_extent=0.5, seed=8),
    FragmentSpec("L3/L4", 300, lateral_mm=5, seed=2),
)
PLAIN = standard_spine(1)
N = len(PLAIN.disc_names)
BENT = dataclasses.replace(PLAIN, stenosis=(0.3,) * N, scoliosis_mm=5.0, listhesis_mm=(1.5,) * N)


@pytest.mark.parametrize(
    ("spine", "fragments", "spacing", "digest"),
    [
        (standard_spine(0), (), COARSE, "12d8936da0c8b40d"),
        (standard_spine(0), (), (1.5, 1.0, 1.0), "9f7ca18da41abc33"),
        (standard_spine(0), CENTRAL, COARSE, "70d006da3cea6378"),
        (standard_spine(3), TWO, COARSE, "bfe28251e9e330e7"),
        (BENT, TWO, COARSE, "7e993f023ac3bdf2"),
    ],
    ids=["standard", "standard-fine", "central", "two-fragments", "bent-and-narrow"],
)
def test_defaults_give_the_same_voxels_as_ever(spine, fragments, spacing, digest):
    anatomy = build_anatomy(spine, fragments, spacing_mm=spacing)
    content = anatomy.tissue.array.tobytes() + anatomy.instance.array.tobytes()
    assert hashlib.sha256(content).hexdigest()[:16] == digest
