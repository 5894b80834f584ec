"""Procedural lumbar anatomy: one generator for the digital reference object and for training."""

from pipeline.phantom.anatomy.build import AnatomyMap, build_anatomy
from pipeline.phantom.anatomy.features import Laminectomy, Protrusion, SchmorlNode
from pipeline.phantom.anatomy.sample import sample_spine, standard_spine
from pipeline.phantom.anatomy.sample_fragment import sample_fragment
from pipeline.phantom.anatomy.spec import FragmentSpec, SpineSpec
from pipeline.phantom.anatomy.tissue import NETWORK_CLASS, NetworkClass, Tissue

__all__ = [
    "NETWORK_CLASS",
    "AnatomyMap",
    "FragmentSpec",
    "Laminectomy",
    "NetworkClass",
    "Protrusion",
    "SchmorlNode",
    "SpineSpec",
    "Tissue",
    "build_anatomy",
    "sample_fragment",
    "sample_spine",
    "standard_spine",
]
