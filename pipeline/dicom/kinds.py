"""Telling original images from localizers and from what was made of other images (PS3.3 C.7.6.1.1.2, C.8.3.1.1.1)."""

from __future__ import annotations

import re

from pipeline.dicom.instance import Instance
from pipeline.dicom.stack import StackKind

_BY_IMAGE_TYPE: tuple[tuple[StackKind, frozenset[str]], ...] = (
    (StackKind.MOSAIC, frozenset(("MOSAIC",))),
    (StackKind.LOCALIZER, frozenset(("LOCALIZER", "SCOUT", "SURVEY"))),
    (StackKind.SUBTRACTION, frozenset(("SUBTRACTION", "SUB", "SUBTRACT", "SUBTRACTED"))),
    (StackKind.PROJECTION, frozenset(("PROJECTION IMAGE", "MIP", "MAX_IP", "MIN_IP", "MINIP", "MIP SAG", "MPR THICK"))),
    (StackKind.REFORMATTED, frozenset(("MPR", "CSA MPR", "REFORMATTED", "CURVED", "CPR", "COMP_MPR", "STITCHED"))),
    (StackKind.SCREENSHOT, frozenset(("SCREEN SAVE", "CSA REPORT", "CSA GRAPH", "SCREENSHOT", "CAPTURE"))),
    (StackKind.PHASE, frozenset(("P", "PHASE", "PHASE MAP", "R", "REAL", "I", "IMAGINARY"))),
)
_LOCALIZER_NAME = re.compile(
    r"\b(loc|loca|localizer|localiser|scout|survey|3[- ]?pl(ane)?|plan scan|topo(gram)?)\b", re.I
)
_COMPLEX = frozenset(("PHASE", "REAL", "IMAGINARY"))


def kind_of(instance: Instance) -> StackKind:
    """What the image says that it is, first by ImageType, then by the series' name for localizers."""
    values = frozenset(value.upper() for value in instance.image_type)
    for kind, marks in _BY_IMAGE_TYPE:
        if values & marks:
            return kind
    if instance.complex_component.upper() in _COMPLEX:
        return StackKind.PHASE
    name = f"{instance.series_description} {instance.protocol_name}".replace("_", " ")
    if _LOCALIZER_NAME.search(name):
        return StackKind.LOCALIZER
    # DERIVED alone says too little to reject: some exporters write it on every image that they filtered.
    return StackKind.DERIVED if "DERIVED" in values else StackKind.ORIGINAL
