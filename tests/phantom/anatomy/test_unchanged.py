"""The first edition of the anatomy is voxel for voxel what it ever was: shipped samples rely on it."""

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
FIRST, PLAIN, OTHER = (dataclasses.replace(standard_spine(seed), edition=1) for seed in (0, 1, 3))
N = len(PLAIN.disc_names)
BENT = dataclasses.replace(PLAIN, stenosis=(0.3,) * N, scoliosis_mm=5.0, listhesis_mm=(1.5,) * N)


@pytest.mark.parametrize(
    ("spine", "fragments", "spacing", "digest"),
    [
        (FIRST, (), COARSE, "12d8936da0c8b40d"),
        (FIRST, (), (1.5, 1.0, 1.0), "9f7ca18da41abc33"),
        (FIRST, CENTRAL, COARSE, "70d006da3cea6378"),
        (OTHER, TWO, COARSE, "bfe28251e9e330e7"),
        (BENT, TWO, COARSE, "7e993f023ac3bdf2"),
    ],
    ids=["standard", "standard-fine", "central", "two-fragments", "bent-and-narrow"],
)
def test_the_first_edition_gives_the_same_voxels_as_ever(spine, fragments, spacing, digest):
    anatomy = build_anatomy(spine, fragments, spacing_mm=spacing)
    content = anatomy.tissue.array.tobytes() + anatomy.instance.array.tobytes()
    assert hashlib.sha256(content).hexdigest()[:16] == digest
