"""In front of the canal and of displaced material lie disc and bone, and epidural fat and veins in their hollows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pipeline.phantom.anatomy import FragmentSpec, Tissue, build_anatomy, sample_spine, standard_spine
from pipeline.phantom.anatomy.build import paint_spine
from pipeline.phantom.anatomy.canal import canal_size, relative_level
from pipeline.phantom.anatomy.curve import make_curve
from pipeline.phantom.anatomy.grid import Grid
from pipeline.phantom.anatomy.spec import FORMS

SPINE = standard_spine(seed=2)
HARD = (
    Tissue.CORTICAL_BONE,
    Tissue.VERTEBRA,
    Tissue.ENDPLATE,
    Tissue.DISC_ANNULUS,
    Tissue.DISC_NUCLEUS,
    Tissue.SACRUM,
    Tissue.SACRUM_CORTEX,
    Tissue.SACRAL_DISC,
)
BONY = (*HARD, Tissue.POSTERIOR_CORTEX, Tissue.POSTERIOR_ELEMENT)
FREE_SEED, BOUND_SEED = 6, 7


def built(fragment, spine=SPINE, centre=(0.0, 16.0, -60.0)):
    return build_anatomy(spine, [fragment], spacing_mm=(1.0, 0.5, 0.5), extent_mm=(44, 72, 44), centre_lps=centre)


def gaps_mm(anatomy):
    """Of every line from front to back through a fragment: how far in front of it disc or bone ends (mm)."""
    tissue = anatomy.tissue.array
    fragment = tissue == Tissue.FRAGMENT
    columns = np.where(np.isin(tissue, HARD), np.arange(tissue.shape[2]), -1000)
    ahead = np.maximum.accumulate(columns, axis=2)
    front = fragment.argmax(axis=2)
    last = np.take_along_axis(ahead, front[:, :, None], axis=2)[:, :, 0]
    return (front - 1 - last)[fragment.any(axis=2)] * anatomy.tissue.spacing_mm[2]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("volume", "migration", "lateral"), [(500.0, -4.0, 4.0), (1400.0, 11.0, -3.0)])
def test_a_fragment_lies_on_disc_and_bone(form, volume, migration, lateral):
    """Neither fat nor a line of ligament is left between them."""
    spec = FragmentSpec(
        "L4/L5", volume, lateral, migration, form=form, seed=4, mass_effect=0.8, rim_mm=1.0, fat_halo_mm=0.5
    )
    anatomy = built(spec)
    assert (gaps_mm(anatomy) <= 0.5).mean() >= 0.9
    assert anatomy.fragment_volume_mm3["L4/L5"] == pytest.approx(volume, abs=0.25)


def test_what_is_sequestered_mostly_lies_on_the_wall_too():
    anatomy = built(FragmentSpec("L4/L5", 700.0, migration_mm=14, sequestered=True, seed=BOUND_SEED))
    assert (gaps_mm(anatomy) <= 0.5).mean() >= 0.9


@pytest.mark.parametrize("form", ["chain", "mushroom"])
def test_one_sequestered_in_four_lies_free(form):
    anatomy = built(FragmentSpec("L4/L5", 700.0, migration_mm=14, sequestered=True, seed=FREE_SEED, form=form))
    assert gaps_mm(anatomy).min() >= 1.5
    assert anatomy.fragment_volume_mm3["L4/L5"] == pytest.approx(700, abs=0.25)
    specs = [FragmentSpec("L4/L5", 700.0, sequestered=True, seed=seed) for seed in range(400)]
    assert np.mean([spec.free for spec in specs]) == pytest.approx(0.25, abs=0.06)
    # It does so at every visit, and nothing that joins its disc does.
    assert all(dataclasses.replace(spec, volume_mm3=90.0).free == spec.free for spec in specs)
    assert not any(dataclasses.replace(spec, sequestered=False).free for spec in specs)


@pytest.mark.parametrize("level", ["L4/L5", "L5/S1"])
@pytest.mark.parametrize("seed", [3, 12])
def test_other_spines_have_no_gap_either(level, seed):
    spine = sample_spine(np.random.default_rng(seed))
    curve = make_curve(spine)
    y, z = curve.disc_centres[spine.disc_index(level)]
    centre = (float(curve.lateral(z)), float(y) + 20.0, float(z))
    anatomy = built(FragmentSpec(level, 600.0, migration_mm=5.0, form="lobulated", seed=seed), spine, centre)
    assert (gaps_mm(anatomy) <= 0.5).mean() >= 0.9


def test_a_shrinking_fragment_stays_on_the_wall_and_in_its_place():
    before = FragmentSpec("L4/L5", 1300.0, 2.0, 10.0, form="lobulated", seed=4, mass_effect=0.7)
    first, second = built(before), built(dataclasses.replace(before, volume_mm3=500.0))
    assert (gaps_mm(second) <= 0.5).mean() >= 0.9
    masks = [anatomy.tissue.array == Tissue.FRAGMENT for anatomy in (first, second)]
    assert (masks[0] & masks[1]).sum() > 0.85 * masks[1].sum()
    # Disc and bone are the same at both visits.
    hard = [np.where(np.isin(a.tissue.array, BONY), a.tissue.array, 0) for a in (first, second)]
    np.testing.assert_array_equal(*hard)


@pytest.mark.parametrize("volume", [60.0, 95.5])
def test_small_volumes_are_met_to_the_voxel(volume):
    anatomy = built(FragmentSpec("L4/L5", volume, form="flat", seed=3))
    assert anatomy.fragment_volume_mm3["L4/L5"] == pytest.approx(volume, abs=0.0626)


@pytest.mark.parametrize(
    "spine", [SPINE, sample_spine(np.random.default_rng(11)), sample_spine(np.random.default_rng(3))]
)
def test_no_visceral_fat_is_left_inside_the_column(spine):
    grid = Grid.centred((0.0, 5.0, -50.0), (60, 170, 100), (2.0, 1.0, 1.0))
    scenes = [paint_spine(dataclasses.replace(spine, edition=e), make_curve(spine), grid) for e in (1, 2)]
    scene = scenes[1]
    relative, d = relative_level(scene, scene.wall.level), scene.wall.depth
    aside = np.abs(grid.x[:, None, None] - scene.wall.offset[None, :, None]) - canal_size(scene, scene.wall.level)[1]
    behind_bone = np.maximum.accumulate(np.isin(scene.tissue, HARD), axis=2)
    column = behind_bone & ((relative > -5.5) & (relative < 0.3) & (d > -9) & (d < 3))
    old, new = (one.tissue for one in scenes)
    assert (old == Tissue.FAT_VISCERAL)[column & (aside < 0)].sum() > 200
    assert not (new == Tissue.FAT_VISCERAL)[column & (aside < 0)].any()
    assert not (new == Tissue.FAT_VISCERAL)[column & (aside < 6) & (d > -4)].any()
    # Nothing but that fat was changed, and part of it into the plexus behind the bodies.
    changed = old != new
    assert set(np.unique(old[changed])) == {Tissue.FAT_VISCERAL}
    assert set(np.unique(new[changed])) == {Tissue.EPIDURAL_FAT, Tissue.EPIDURAL_VEIN}
    assert not changed[np.broadcast_to((d < -9) | (d > 3), changed.shape)].any()
