"""Every tissue has a network class."""

from __future__ import annotations

from pipeline.phantom.anatomy import NETWORK_CLASS, NetworkClass, Tissue


def test_every_tissue_has_a_class():
    assert NETWORK_CLASS.shape == (len(Tissue),)
    assert set(NETWORK_CLASS.tolist()) == {int(c) for c in NetworkClass}


def test_the_rim_is_no_fragment_and_fat_is_no_canal():
    assert NETWORK_CLASS[Tissue.FRAGMENT] == NetworkClass.FRAGMENT
    assert NETWORK_CLASS[Tissue.FRAGMENT_RIM] == NetworkClass.BACKGROUND
    assert NETWORK_CLASS[Tissue.EPIDURAL_FAT] == NetworkClass.BACKGROUND
    assert NETWORK_CLASS[Tissue.CAUDA_EQUINA] == NetworkClass.CANAL
