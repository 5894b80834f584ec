"""Lesions, operations and transitional anatomy put the right classes in the right places."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pipeline.errors import UsageError
from pipeline.phantom.anatomy import (
    Laminectomy,
    NetworkClass,
    Protrusion,
    SchmorlNode,
    Tissue,
    build_anatomy,
    standard_spine,
)

PLAIN = standard_spine(seed=2)
BONE = (Tissue.POSTERIOR_ELEMENT, Tissue.POSTERIOR_CORTEX)


def with_features(centre=(0.0, 20.0, -55.0), **features):
    spine = dataclasses.replace(PLAIN, **features)
    return build_anatomy(spine, spacing_mm=(1, 1, 1), extent_mm=(70, 110, 110), centre_lps=centre)


@pytest.fixture(scope="module")
def plain():
    return with_features()


def changes(plain, changed):
    """Positions (LPS mm) where the maps differ, with the class before and after."""
    where = plain.tissue.array != changed.tissue.array
    at = plain.tissue.to_lps(np.argwhere(where).astype(float))
    return at, plain.classes().array[where], changed.classes().array[where]


def test_a_schmorl_node_is_disc_inside_the_body(plain):
    node = SchmorlNode("L3/L4", above=False, lateral_mm=4, behind_mm=2, radius_mm=5, depth_mm=5)
    at, before, after = changes(plain, with_features(schmorl_nodes=(node,)))
    new = after == NetworkClass.DISC
    hole = new.sum()
    # Half an ellipsoid of 5 × 5 × 5 mm is 262 mm³; some of it lies in the endplate.
    assert 170 < hole < 300
    assert set(before.tolist()) <= {NetworkClass.VERTEBRA, NetworkClass.BACKGROUND}
    x, _, z = at[new].mean(axis=0)
    assert x == pytest.approx(4, abs=0.7)
    assert plain.landmarks["L4"][2] < z < plain.landmarks["L3/L4"][2]


def test_rough_endplates_let_the_disc_eat_into_both_bodies(plain):
    erosion = tuple(1.0 if name == "L4/L5" else 0.0 for name in PLAIN.disc_names)
    at, before, after = changes(plain, with_features(endplate_erosion_mm=erosion))
    assert (after == NetworkClass.DISC).sum() > 100
    assert not (before == NetworkClass.DISC).any()
    assert np.abs(at[:, 2] - plain.landmarks["L4/L5"][2]).max() < 20


@pytest.mark.parametrize(("reach", "width", "side"), [(3.0, 20.0, 0.0), (5.0, 14.0, -6.0)])
def test_a_protrusion_is_disc_wider_at_its_base_than_it_reaches(plain, reach, width, side):
    bumped = with_features(protrusions=(Protrusion("L4/L5", reach, width, side),))
    at, before, after = changes(plain, bumped)
    new = (after == NetworkClass.DISC) & (before != NetworkClass.DISC)
    assert not (bumped.classes().array == NetworkClass.FRAGMENT).any()
    assert np.median(at[new, 0]) == pytest.approx(side, abs=1.5)
    # It stands behind the disc, in the canal: bone keeps its place.
    assert not (before == NetworkClass.VERTEBRA).any()
    wide, deep = np.ptp(at[new, 0]) + 1, np.ptp(at[new, 1]) + 1
    assert wide > deep
    assert width * 0.6 < wide <= width + 1


def test_the_sac_gives_way_to_a_protrusion(plain):
    bumped = with_features(protrusions=(Protrusion("L4/L5", 5.0, 18.0),))
    canal = [(a.classes().array == NetworkClass.CANAL).sum() for a in (plain, bumped)]
    assert canal[1] < canal[0] - 100


@pytest.mark.parametrize(("side", "kept"), [(1, -1), (-1, 1), (0, None)])
def test_a_removed_lamina_is_missing_on_its_side(plain, side, kept):
    operated = with_features(laminectomies=(Laminectomy("L4", side=side, spinous=0.5),))
    at, before, after = changes(plain, operated)
    lost = (before == NetworkClass.VERTEBRA) & (after == NetworkClass.BACKGROUND)
    assert lost.sum() > 500
    assert not (after == NetworkClass.VERTEBRA).any()
    if kept is not None:
        assert (at[lost, 0] * kept).max() < 3.0
    numbers = operated.instance.array[np.isin(operated.tissue.array, BONE)]
    for name in ("L3", "L5"):
        own = PLAIN.names.index(name) + 1
        bone = plain.instance.array[np.isin(plain.tissue.array, BONE)]
        assert (numbers == own).sum() == (bone == own).sum()


def test_a_lumbarised_s1_has_a_disc_below_it():
    heights = tuple(
        7.0 if name == "S1/S2" else h for name, h in zip(PLAIN.disc_names, PLAIN.disc_heights_mm, strict=True)
    )
    anatomy = with_features((0.0, 20.0, -110.0), lumbarised=True, disc_heights_mm=heights)
    at = np.round(anatomy.tissue.to_index(np.array(anatomy.landmarks["S1/S2"]))).astype(int)
    assert anatomy.classes().array[tuple(at)] == NetworkClass.DISC
    assert anatomy.structures[anatomy.instance.array[tuple(at)] - 1] == "S1/S2"


def test_a_sacralised_vertebra_touches_the_sacrum_aside(plain):
    joined = with_features(sacralised=1.0)
    at, _, after = changes(plain, joined)
    new = after == NetworkClass.VERTEBRA
    assert new.sum() > 500
    assert np.abs(at[new, 0]).min() > 12
    instances = np.unique(joined.instance.array[(plain.tissue.array != joined.tissue.array)])
    assert PLAIN.names.index("L5") + 1 in instances


@pytest.mark.parametrize(
    "wrong",
    [
        {"schmorl_nodes": (SchmorlNode("L8/S1"),)},
        {"protrusions": (Protrusion("L4/L6", 3, 12),)},
        {"laminectomies": (Laminectomy("S1"),)},
        {"endplate_erosion_mm": (1.0,)},
    ],
)
def test_features_of_what_this_spine_lacks_are_refused(wrong):
    with pytest.raises(UsageError):
        dataclasses.replace(PLAIN, **wrong)


def test_impossible_features_are_refused():
    with pytest.raises(UsageError, match="fragment"):
        Protrusion("L4/L5", reach_mm=6, width_mm=5)
    with pytest.raises(UsageError, match="depth"):
        SchmorlNode("L4/L5", depth_mm=20)
    with pytest.raises(UsageError, match="side"):
        Laminectomy("L4", side=2)
