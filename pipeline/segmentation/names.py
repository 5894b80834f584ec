"""Names and numbers of vertebrae and discs (``docs/label-table.md``)."""

from __future__ import annotations

from itertools import pairwise

from pipeline.errors import UsageError

BODIES: tuple[str, ...] = (*(f"T{n}" for n in range(1, 13)), *(f"L{n}" for n in range(1, 6)), "S1", "S2")
"""Bodies of a spine of the usual count, cranial to caudal."""

_VERTEBRA_VALUES: dict[str, int] = {
    **{f"T{n}": 7 + n for n in range(1, 13)},
    **{f"L{n}": 19 + n for n in range(1, 7)},
    "S1": 26,
    "S2": 27,
    "T13": 28,
}


def vertebra_value(name: str) -> int:
    """Value of a vertebra in an instance map; ``"S1"`` stands for the whole sacrum.

    Raises
    ------
    UsageError
        If no vertebra has this name.
    """
    if name not in _VERTEBRA_VALUES:
        raise UsageError(f"No vertebra is called {name!r}; known are {', '.join(_VERTEBRA_VALUES)}.")
    return _VERTEBRA_VALUES[name]


def disc_value(name: str) -> int:
    """Value of a disc in an instance map: 100 more than the vertebra above it.

    Raises
    ------
    UsageError
        If the name is not of the kind ``"L4/L5"``.
    """
    above, _, below = name.partition("/")
    if not below:
        raise UsageError(f"A disc is named by the vertebrae above and below it, such as L4/L5; {name!r} is not.")
    vertebra_value(below)
    return 100 + vertebra_value(above)


def known_instances() -> dict[int, tuple[str, str]]:
    """Every value that an instance map can hold: its kind (``"vertebra"``, ``"sacrum"``, ``"disc"``) and usual name.

    ``"S1"`` stands for the whole sacrum. Value 124 is called L5/S1; in a spine with an L6 it is L5/L6.
    """
    names = {_VERTEBRA_VALUES[name]: ("vertebra", name) for name in (*BODIES[:-2], "L6")}
    names[_VERTEBRA_VALUES["S1"]] = ("sacrum", "S1")
    discs = (*(f"{above}/{below}" for above, below in pairwise(BODIES)), "L6/S1")
    return names | {disc_value(name): ("disc", name) for name in discs}


def bodies_above(lowest_disc: str) -> tuple[str, ...]:
    """Names of all bodies counted up from the one above ``lowest_disc``, CAUDAL TO CRANIAL, T1 the last.

    ``"L6/S1"`` counts L6, L5, and so on; a thirteenth rib-bearing vertebra is not counted, as nothing in a lumbar
    image tells it apart.

    Raises
    ------
    UsageError
        If the disc is unknown or cannot be counted from.
    """
    disc_value(lowest_disc)
    above, _, below = lowest_disc.partition("/")
    chain = [*BODIES]
    if above == "L6":
        chain.insert(chain.index("S1"), "L6")
    if above not in chain or chain[chain.index(above) + 1 : chain.index(above) + 2] != [below]:
        raise UsageError(f"Levels cannot be counted up from {lowest_disc}; name a disc such as L5/S1, L4/L5 or L6/S1.")
    return tuple(reversed(chain[: chain.index(above) + 1]))
