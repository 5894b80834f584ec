"""The project's own maps (docs/label-table.md): ``…_labels`` with structures and ``…_instances`` with names."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.names import BODIES, disc_value, vertebra_value
from pipeline.segmentation.segmenters.scheme import Meaning, Scheme

STRUCTURES = {int(s): Meaning(s) for s in Structure if s is not Structure.BACKGROUND}
_NAMED = [name for name in BODIES if name != "S2"]


def _table(values: frozenset[int]) -> Mapping[int, Meaning]:
    table = dict(STRUCTURES)
    names = [*_NAMED]
    if vertebra_value("L6") in values or disc_value("L6/S1") in values:
        names.insert(names.index("S1"), "L6")
    table |= {vertebra_value(name): Meaning(Structure.VERTEBRA, name) for name in names if name != "S1"}
    table[vertebra_value("S1")] = Meaning(Structure.SACRUM, "S1")
    pairs = pairwise(names)
    return table | {disc_value(f"{a}/{b}"): Meaning(Structure.DISC, f"{a}/{b}") for a, b in pairs}


def _has_instances(values: frozenset[int]) -> bool:
    return any(value > max(STRUCTURES) for value in values)


SCHEME = Scheme("discdelta", "discdelta", _table, _has_instances, structures=frozenset(STRUCTURES))
