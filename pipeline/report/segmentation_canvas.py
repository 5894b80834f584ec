"""Drawing for the picture of a segmentation: smooth lines, readable words on any background."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline.report.segmentation_panels import Panel, Rings
from pipeline.report.segmentation_tables import STRUCTURE_COLOURS, Colour
from pipeline.segmentation.anatomy import Structure

FINER = 3
"""Lines are drawn so many times larger and made smaller again, which rounds their steps."""
LINE_WIDTH: Mapping[Structure, float] = {
    Structure.VERTEBRA: 1.0,
    Structure.SACRUM: 1.2,
    Structure.DISC: 1.5,
    Structure.CANAL: 1.4,
    Structure.FRAGMENT: 2.0,
}
FILL_OPACITY: Mapping[Structure, int] = {Structure.FRAGMENT: 56}
WHITE: Colour = (240, 240, 240)
GREY: Colour = (168, 168, 168)
BLACK: Colour = (0, 0, 0)
_CUBE = "\u00b3"
_RAISED = 0.65


@lru_cache(maxsize=8)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font that comes with Pillow, so that the picture is the same on every machine."""
    return ImageFont.load_default(size)


def text_width(words: str, size: int) -> float:
    """Width of one line in pixels."""
    whole, raised = font(size), font(round(size * _RAISED))
    parts = words.split(_CUBE)
    return sum(whole.getlength(part) for part in parts) + raised.getlength("3") * (len(parts) - 1)


def write(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], words: str, size: int, colour: Colour, *, halo: bool = False
) -> None:
    """One line of text from its upper left corner. A raised 3 is drawn small, as the font has none of its own."""
    x, y = at
    edge = 2 if halo else 0
    for n, part in enumerate(words.split(_CUBE)):
        if n:
            small = round(size * _RAISED)
            draw.text((x, y), "3", colour, font(small), stroke_width=edge, stroke_fill=BLACK)
            x += font(small).getlength("3")
        draw.text((x, y), part, colour, font(size), stroke_width=edge, stroke_fill=BLACK)
        x += font(size).getlength(part)


def drawn(panel: Panel) -> Image.Image:
    """A panel with its outlines, directions, caption and the names of its vertebrae."""
    image = Image.fromarray(panel.grey).convert("RGBA")
    if panel.outlines:
        image.alpha_composite(_outlines(panel.outlines, image.size))
    draw = ImageDraw.Draw(image)
    width, height = image.size
    for name, (row, column) in panel.bodies.items():
        write(draw, (column - text_width(name, 17) / 2, row - 10), name, 17, WHITE, halo=True)
    aside = width * (0.2 if panel.marks["top"] == "H" else 0.5)  # above the belly no name stands
    places = {
        "left": (6, height / 2 - 8), "right": (width - 16, height / 2 - 8),
        "top": (aside - 5, 4), "bottom": (aside - 5, height - 40),
    }  # fmt: skip
    for side, mark in panel.marks.items():
        write(draw, places[side], mark, 14, GREY, halo=True)
    write(draw, (7, height - 22), panel.caption, 14, WHITE, halo=True)
    return image.convert("RGB")


def _outlines(outlines: Mapping[Structure, Rings], size: tuple[int, int]) -> Image.Image:
    large = Image.new("RGBA", (size[0] * FINER, size[1] * FINER))
    for structure, rings in outlines.items():
        colour = STRUCTURE_COLOURS[structure]
        for ring in rings:
            points = [(float(x), float(y)) for y, x in (ring + 0.5) * FINER]
            if structure in FILL_OPACITY:
                fill = Image.new("RGBA", large.size)
                ImageDraw.Draw(fill).polygon(points, (*colour, FILL_OPACITY[structure]))
                large.alpha_composite(fill)
            width = round(LINE_WIDTH[structure] * FINER)
            ImageDraw.Draw(large).line(points, (*colour, 255), width, joint="curve")
    return large.resize(size, Image.Resampling.BOX)


def swatch(draw: ImageDraw.ImageDraw, at: tuple[float, float], structure: Structure) -> None:
    """A short line in a structure's colour, for the legend."""
    x, y = at
    draw.line([(x, y), (x + 26, y)], STRUCTURE_COLOURS[structure], round(2 * LINE_WIDTH[structure]))


def blank(width: int, height: int) -> Image.Image:
    """A dark sheet, as a reading room has it."""
    return Image.fromarray(np.full((height, width, 3), 17, dtype=np.uint8))
