"""TotalSpineSeg (github.com/neuropoly/totalspineseg): the numbers of its list of classes.

Its ``step2_output`` names every vertebra and disc. ``step1_output`` names the discs and calls all bone 50, the value of
the sacrum in step 2. Releases before October 2024 used other numbers, which begin with the spinal cord at 200.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.segmenters.scheme import Meaning, Scheme

_THORACIC = [f"T{n}" for n in range(1, 13)]
_LUMBAR = [f"L{n}" for n in range(1, 6)]

_CANAL, _SACRUM = Meaning(Structure.CANAL), Meaning(Structure.SACRUM, "S1")
_BONE = Meaning(Structure.VERTEBRA)


def _vertebrae(numbers: Mapping[str, int]) -> dict[int, Meaning]:
    return {value: Meaning(Structure.VERTEBRA, name) for name, value in numbers.items()}


def _discs(numbers: Mapping[str, int]) -> dict[int, Meaning]:
    return {value: Meaning(Structure.DISC, name) for name, value in numbers.items()}


NOW: dict[int, Meaning] = {
    1: _CANAL,  # spinal cord: the sac of this project includes it
    2: _CANAL,
    **_vertebrae({name: 21 + n for n, name in enumerate(_THORACIC)}),
    **_vertebrae({name: 41 + n for n, name in enumerate([*_LUMBAR, "L6"])}),
    50: _SACRUM,
    **_discs({f"T{n}/T{n + 1}": 71 + n for n in range(1, 12)}),
    **_discs({"T12/L1": 91, "L1/L2": 92, "L2/L3": 93, "L3/L4": 94, "L4/L5": 95, "L5/L6": 96, "L5/S1": 100}),
}
BEFORE: dict[int, Meaning] = {
    **_vertebrae({name: 18 + n for n, name in enumerate([*reversed(_LUMBAR), *reversed(_THORACIC)])}),
    92: _SACRUM,
    200: _CANAL,
    201: _CANAL,
    **_discs({"L5/S1": 202, "L4/L5": 203, "L3/L4": 204, "L2/L3": 205, "L1/L2": 206, "T12/L1": 207}),
    **_discs({f"T{n}/T{n + 1}": 219 - n for n in range(1, 12)}),
}
FIRST_OF_BEFORE = 200
SACRUM = 50


def _table(values: frozenset[int]) -> Mapping[int, Meaning]:
    if any(value >= FIRST_OF_BEFORE for value in values):
        return BEFORE
    table = dict(NOW)
    if SACRUM in values and not any(21 <= value <= 46 for value in values):
        table[SACRUM] = _BONE  # step 1
    if 96 in values or 46 in values:
        table[100] = Meaning(Structure.DISC, "L6/S1")
    return table


SCHEME = Scheme("totalspineseg", "TotalSpineSeg", _table)
