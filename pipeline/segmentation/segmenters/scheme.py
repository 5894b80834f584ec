"""What the values of a label map mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipeline.errors import UsageError
from pipeline.segmentation.anatomy import Structure


@dataclass(frozen=True)
class Meaning:
    """What one value stands for.

    Attributes
    ----------
    structure
        Vertebra, sacrum, disc or canal.
    name
        Of a vertebra (``"L4"``) or a disc (``"L4/L5"``); None where the value does not tell one from the other.
    """

    structure: Structure
    name: str | None = None


@dataclass(frozen=True)
class Scheme:
    """The published numbers of one program.

    Attributes
    ----------
    name
        As on the command line.
    title
        As the program calls itself.
    table
        The meaning of every value that occurs in a file, given the set of those values: programs number their files
        differently from one step or release to the next.
    reliable_names
        Whether names can be believed, given the set of values; else levels are counted anew.
    structures
        Values of a file that marks displaced material too; empty where no file of the program does.
    """

    name: str
    title: str
    table: Callable[[frozenset[int]], Mapping[int, Meaning]]
    reliable_names: Callable[[frozenset[int]], bool] = field(default=lambda values: True)
    structures: frozenset[int] = frozenset()


def find_scheme(name: str) -> Scheme:
    """The scheme of that name.

    Raises
    ------
    UsageError
        If there is none.
    """
    from pipeline.segmentation.segmenters import own, spineps, totalspineseg

    known = {scheme.name: scheme for scheme in (totalspineseg.SCHEME, spineps.SCHEME, own.SCHEME)}
    if name not in known:
        raise UsageError(f"There is no label scheme {name!r}; known are {', '.join(known)}.")
    return known[name]
