"""Fragments of every form and zone have their volume, and the sac yields to them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pipeline.errors import UsageError
from pipeline.phantom.anatomy import FragmentSpec, NetworkClass, Tissue, build_anatomy, sample_spine, standard_spine
from pipeline.phantom.anatomy.spec import FORMS

SPINE = standard_spine(seed=2)


def near(fragments, spacing=(1.0, 1.0, 1.0), spine=SPINE):
    return build_anatomy(spine, fragments, spacing_mm=spacing, extent_mm=(70, 80, 80), centre_lps=(0.0, 20.0, -60.0))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("volume", "migration"), [(250.0, -5.0), (1100.0, 11.0)])
def test_every_form_has_the_volume_that_was_asked_for(form, volume, migration):
    anatomy = near([FragmentSpec("L4/L5", volume, migration_mm=migration, form=form, mass_effect=0.8, seed=4)])
    assert anatomy.fragment_volume_mm3["L4/L5"] == pytest.approx(volume, rel=0.001)
    painted = (anatomy.tissue.array == Tissue.FRAGMENT).sum() * anatomy.tissue.voxel_volume_mm3
    assert painted == pytest.approx(volume, rel=0.06)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_form_ends_in_a_plane(form, seed):
    """What is painted for a fragment ends somewhere; the fragment has to end before."""
    spec = FragmentSpec("L4/L5", 2300.0, migration_mm=-2.0, form=form, mass_effect=0.6, seed=seed)
    anatomy = build_anatomy(
        SPINE, [spec], spacing_mm=(1.0, 1.0, 1.0), extent_mm=(70, 140, 80), centre_lps=(0.0, 20.0, -60.0)
    )
    rows = (anatomy.tissue.array == Tissue.FRAGMENT).sum(axis=(0, 2))
    rows = rows[rows > 0]
    assert max(rows[0], rows[-1]) < 0.3 * rows.max()


@pytest.mark.parametrize(("lateral", "migration"), [(13.0, -4.0), (-13.0, -4.0), (20.0, -3.0), (-22.0, 0.0)])
def test_foramen_and_beyond_have_room(lateral, migration):
    plain = near([])
    anatomy = near([FragmentSpec("L4/L5", 400.0, lateral_mm=lateral, migration_mm=migration, mass_effect=0.5)])
    x = anatomy.fragment_centroid_lps["L4/L5"][0]
    assert x == pytest.approx(lateral, abs=4.0)
    fragment = anatomy.tissue.array == Tissue.FRAGMENT
    assert fragment.sum() == pytest.approx(400, rel=0.1)
    hard = (NetworkClass.VERTEBRA, NetworkClass.SACRUM, NetworkClass.DISC)
    assert not np.isin(plain.classes().array[fragment], hard).any()


def test_the_sac_flattens_but_keeps_its_distance():
    spec = FragmentSpec("L4/L5", 1300.0, migration_mm=8)
    over, pushed = near([spec]), near([dataclasses.replace(spec, mass_effect=1.0)])
    np.testing.assert_array_equal(over.tissue.array == Tissue.FRAGMENT, pushed.tissue.array == Tissue.FRAGMENT)
    canal = [a.classes().array == NetworkClass.CANAL for a in (over, pushed)]
    gained, lost = canal[1] & ~canal[0], canal[0] & ~canal[1]
    assert gained.sum() > 100
    assert lost.sum() > 100
    fragment = pushed.tissue.array == Tissue.FRAGMENT
    touching = sum(
        (np.roll(fragment, step, axis) & (pushed.tissue.array == Tissue.CSF)).sum()
        for axis in range(3)
        for step in (-1, 1)
    )
    assert touching == 0
    # What the sac takes lies behind the fragment's front.
    middle = np.argwhere(fragment).mean(axis=0)
    assert np.argwhere(gained)[:, 2].mean() > middle[2]


def test_a_narrow_canal_may_hold_a_fragment():
    narrow = dataclasses.replace(SPINE, stenosis=tuple(0.9 if n == "L4/L5" else 0.0 for n in SPINE.disc_names))
    anatomy = near([FragmentSpec("L4/L5", 500.0, migration_mm=5, mass_effect=1.0)], spine=narrow)
    assert anatomy.fragment_volume_mm3["L4/L5"] == pytest.approx(500, rel=0.001)


def test_unknown_forms_are_refused():
    with pytest.raises(UsageError, match="form"):
        FragmentSpec("L4/L5", 100.0, form="cube")
    with pytest.raises(UsageError, match="mass effect"):
        FragmentSpec("L4/L5", 100.0, mass_effect=2.0)


def test_random_spines_show_all_of_it():
    spines = [sample_spine(np.random.default_rng(seed)) for seed in range(150)]
    assert any(s.schmorl_nodes for s in spines)
    assert any(s.protrusions for s in spines)
    assert any(s.laminectomies for s in spines)
    assert any(s.sacralised for s in spines)
    assert any(s.lumbarised for s in spines)
    assert any(min(s.disc_heights_mm[4 : s.names.index("S1")]) < 3.5 for s in spines)
    assert any(sum(abs(x) > 2 for x in s.listhesis_mm) > 1 for s in spines)
    assert max(s.scoliosis_mm for s in spines) > 6
