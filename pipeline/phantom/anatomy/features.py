"""Lesions and operations that a spine may carry: Schmorl nodes, protrusions, removed laminae."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import UsageError


@dataclass(frozen=True)
class SchmorlNode:
    """Disc material that broke through an endplate into a body.

    Attributes
    ----------
    level
        Disc that it came from, such as "L2/L3".
    above
        True: into the body above the disc; False: into the one below.
    lateral_mm, behind_mm
        Its middle on the endplate, from the body's centre: + towards the patient's left, + towards posterior.
    radius_mm, depth_mm
        Radius of the hole, and how deep it reaches beyond the endplate.
    """

    level: str
    above: bool = False
    lateral_mm: float = 0.0
    behind_mm: float = 0.0
    radius_mm: float = 5.0
    depth_mm: float = 4.0

    def __post_init__(self) -> None:
        if not (self.radius_mm > 0 and 0 < self.depth_mm <= 8):
            raise UsageError(f"a Schmorl node at {self.level} needs a radius above 0 and a depth within 0 … 8 mm")


@dataclass(frozen=True)
class Protrusion:
    """A part of a disc that stands out behind its posterior margin and stays disc: its base is wider than its dome.

    Attributes
    ----------
    level
        The disc, such as "L4/L5".
    reach_mm
        How far it stands out, beyond the disc's bulge.
    width_mm
        Width of its base, left to right.
    lateral_mm
        Its middle, + towards the patient's left.
    """

    level: str
    reach_mm: float
    width_mm: float
    lateral_mm: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.reach_mm < self.width_mm or self.reach_mm > 8:
            raise UsageError(
                f"a protrusion at {self.level} reaches {self.reach_mm} mm on a base of {self.width_mm} mm: it"
                " must reach 0 … 8 mm and less than its base is wide; ask for a fragment instead"
            )


@dataclass(frozen=True)
class Laminectomy:
    """Removed lamina of one vertebra, filled with scar and fat.

    Attributes
    ----------
    body
        The vertebra, such as "L4".
    side
        +1 the patient's left half, -1 the right half, 0 both halves.
    spinous
        0 … 1, share of the spinous process that was removed.
    scar
        0 … 1, share of the gap that is scar; the rest is fat.
    """

    body: str
    side: int = 0
    spinous: float = 0.5
    scar: float = 0.5

    def __post_init__(self) -> None:
        if self.side not in (-1, 0, 1) or not 0 <= self.spinous <= 1 or not 0 <= self.scar <= 1:
            raise UsageError(f"a laminectomy of {self.body} needs a side of -1, 0 or 1, and shares within 0 … 1")
