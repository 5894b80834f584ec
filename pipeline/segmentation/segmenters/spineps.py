"""SPINEPS (github.com/Hendrik-code/spineps): its vertebra mask and its subregion mask.

``seg-vert`` numbers vertebrae as VerSe does (8 to 19 thoracic, 20 to 25 lumbar, 26 sacrum, 28 T13) with their discs 100
higher and endplates from 200; ``seg-spine`` marks parts of vertebrae, canal and cord, and all discs alike. Without its
labelling model SPINEPS counts vertebrae from the top of the image, and the numbers name nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.segmenters.scheme import Meaning, Scheme

_NAMES = {
    **{7 + n: f"T{n}" for n in range(1, 13)},
    **{19 + n: f"L{n}" for n in range(1, 7)},
}
SACRUM, THIRTEENTH, DISC_OFFSET = 26, 28, 100
LOWEST_LUMBAR = (24, 25)
SUBREGIONS = range(41, 51)
CORD_AND_CANAL = (60, 61)
ANY_DISC = 100


def _table(values: frozenset[int]) -> Mapping[int, Meaning]:
    table: dict[int, Meaning] = {value: Meaning(Structure.VERTEBRA) for value in (*SUBREGIONS, *range(1, 8))}
    table |= {value: Meaning(Structure.CANAL) for value in CORD_AND_CANAL}
    table |= {value: Meaning(Structure.DISC) for value in range(ANY_DISC, ANY_DISC + 8)}
    named = reliable(values)
    has_sixth = 25 in values or 125 in values
    for value, name in _NAMES.items():
        lower = _NAMES.get(value + 1, "S1")
        lower = "S1" if name == "L5" and not has_sixth else lower
        table[value] = Meaning(Structure.VERTEBRA, name if named else None)
        table[value + DISC_OFFSET] = Meaning(Structure.DISC, f"{name}/{lower}" if named else None)
    table[SACRUM] = Meaning(Structure.SACRUM, "S1")
    table[THIRTEENTH] = Meaning(Structure.VERTEBRA, "T13" if named else None)
    table[THIRTEENTH + DISC_OFFSET] = Meaning(Structure.DISC, "T13/L1" if named else None)
    return table


def reliable(values: frozenset[int]) -> bool:
    """Whether the numbers are names: the lowest vertebra of a lumbar image is L5 or L6, and none is cervical."""
    vertebrae = {value for value in values if value < SACRUM}
    return bool(vertebrae) and max(vertebrae) in LOWEST_LUMBAR and min(vertebrae) > 7


SCHEME = Scheme("spineps", "SPINEPS", _table, reliable)
