"""Names and colours of label values, as 3D Slicer and ITK-SNAP read them."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.measurement.structures import named_instances
from pipeline.segmentation.anatomy import Anatomy, Structure
from pipeline.segmentation.names import known_instances

Colour = tuple[int, int, int]

STRUCTURE_COLOURS: dict[Structure, Colour] = {
    Structure.VERTEBRA: (232, 232, 232),
    Structure.SACRUM: (206, 160, 255),
    Structure.DISC: (86, 180, 233),
    Structure.CANAL: (61, 220, 132),
    Structure.FRAGMENT: (255, 176, 0),
}
"""Disc, canal and fragment as in the report of a comparison."""

_GOLDEN = 0.618034


@dataclass(frozen=True)
class LabelEntry:
    """One value of a label map, its name and its colour (red, green, blue 0…255)."""

    value: int
    name: str
    colour: Colour


def structure_table() -> tuple[LabelEntry, ...]:
    """Values of every ``…_labels.nii.gz``, background left out."""
    return tuple(LabelEntry(int(s), s.name.lower(), colour) for s, colour in STRUCTURE_COLOURS.items())


def instance_table(anatomy: Anatomy | None = None) -> tuple[LabelEntry, ...]:
    """Values of every ``…_instances.nii.gz``: all that can occur, so that a colour means the same in every patient.

    Parameters
    ----------
    anatomy
        Where given, its names win: disc 124 is L5/L6 in a spine with six lumbar vertebrae.
    """
    names = known_instances() if anatomy is None else named_instances(anatomy)
    return tuple(
        LabelEntry(value, "sacrum" if kind == "sacrum" else f"{kind} {name}", _instance_colour(value))
        for value, (kind, name) in sorted(names.items())
    )


def _instance_colour(value: int) -> Colour:
    """Neighbours get hues far apart; discs are more vivid than the vertebrae between them."""
    disc = value >= 100
    hue = (value * _GOLDEN) % 1.0
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.85 if disc else 0.40, 1.0 if disc else 0.90)
    return round(255 * red), round(255 * green), round(255 * blue)


def itk_snap_text(entries: Sequence[LabelEntry]) -> str:
    """A label description file for ITK-SNAP: Segmentation > Import Label Descriptions."""
    lines = [
        "################################################",
        "# ITK-SnAP Label Description File",
        "# File format:",
        "# IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL",
        "################################################",
        '    0     0    0    0        0  0  0    "Clear Label"',
    ]
    for one in entries:
        red, green, blue = one.colour
        lines.append(f'{one.value:5d} {red:5d}{green:5d}{blue:5d}        1  1  1    "{one.name}"')
    return "\n".join(lines) + "\n"


def slicer_text(entries: Sequence[LabelEntry], name: str) -> str:
    """A colour table for 3D Slicer; spaces in names stand as underscores there, and Slicer shows them as spaces."""
    lines = [f"# Color table file {name}", f"# {len(entries) + 1} values", "0 background 0 0 0 0"]
    for one in entries:
        red, green, blue = one.colour
        lines.append(f"{one.value} {one.name.replace(' ', '_')} {red} {green} {blue} 255")
    return "\n".join(lines) + "\n"
