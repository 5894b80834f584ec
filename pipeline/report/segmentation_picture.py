"""``segmentation.png``: one row per series, by which a reader judges outlines and level names at a glance."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

from pipeline.dicom.visit import Plane, Role
from pipeline.files import replacing
from pipeline.findings import Severity
from pipeline.report.answer import NOTICE
from pipeline.report.numbers import confidence_in_words
from pipeline.report.plane import ROLES
from pipeline.report.segmentation_canvas import GREY, WHITE, blank, drawn, swatch, text_width, write
from pipeline.report.segmentation_json import labels_carried_over
from pipeline.report.segmentation_panels import Panel, panels
from pipeline.report.segmentation_tables import STRUCTURE_COLOURS
from pipeline.report.segmentation_words import displaced_in_words, levels_in_words, unconfirmed_in_words
from pipeline.report.views import ROLE_NAMES
from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.blocks import labelled_blocks
from pipeline.segmented import SegmentedVisit

EDGE = 24
GAP = 10
GUTTER = 144
"""Left of the first column, for the names of the discs."""
TITLE = 34
LARGE, NORMAL, SMALL = 24, 17, 14
RED = (255, 111, 111)


def write_picture(result: SegmentedVisit, target: Path) -> None:
    """Write the picture as PNG.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    image = picture(result)
    with replacing(target) as temporary:
        image.save(temporary, format="PNG")


def picture(result: SegmentedVisit) -> Image.Image:
    """The whole picture."""
    rows = [(role, shown) for role in _order(result) if (shown := panels(result, role))]
    header = _header_lines(result)
    top = EDGE + LARGE + 14 + len(header) * (NORMAL + 8) + 44
    width = max([760, *(sum(_widths(shown)) for _, shown in rows)]) + 2 * EDGE
    height = top + sum(TITLE + _height(shown) + GAP for _, shown in rows) + EDGE
    sheet = blank(width, height)
    _header(sheet, result, header)
    for role, shown in rows:
        _row(sheet, top, result, role, shown)
        top += TITLE + _height(shown) + GAP
    return sheet


def _order(result: SegmentedVisit) -> list[Role]:
    """The series that names the levels, then the other sagittal ones, then axial ones."""
    roles = [*ROLES[Plane.SAGITTAL], *ROLES[Plane.AXIAL]]
    roles.sort(key=lambda role: role is not result.anatomy.reference)
    return [role for role in roles if role in result.anatomy.segmentations]


def _widths(shown: tuple[Panel, ...]) -> list[int]:
    """Width of every panel of a row, with the gutter of those that carry names."""
    return [(GUTTER if panel.discs else 0) + panel.grey.shape[1] + GAP for panel in shown]


def _height(shown: tuple[Panel, ...]) -> int:
    return max(int(panel.grey.shape[0]) for panel in shown)


def _header_lines(result: SegmentedVisit) -> list[tuple[str, tuple[int, int, int]]]:
    said = levels_in_words(result), displaced_in_words(result), unconfirmed_in_words(result)
    return [(words, WHITE) for words in said if words] + [
        (f.message, RED) for f in result.findings if f.severity is Severity.ERROR
    ]


def _header(sheet: Image.Image, result: SegmentedVisit, lines: list[tuple[str, tuple[int, int, int]]]) -> None:
    draw = ImageDraw.Draw(sheet)
    day = "undated visit" if result.visit.study_date is None else f"visit of {result.visit.study_date.isoformat()}"
    write(draw, (EDGE, EDGE), f"Lumbar segmentation, {day}", LARGE, WHITE)
    write(draw, (sheet.width - EDGE - text_width(_NOTICE, SMALL), EDGE + 8), _NOTICE, SMALL, GREY)
    y = EDGE + LARGE + 14
    for words, colour in lines:
        write(draw, (EDGE, y), words, NORMAL, colour)
        y += NORMAL + 8
    x = float(EDGE)
    for structure in STRUCTURE_COLOURS:
        name = "displaced disc material" if structure is Structure.FRAGMENT else structure.name.lower()
        swatch(draw, (x, y + 14), structure)
        write(draw, (x + 34, y + 5), name, SMALL, WHITE)
        x += 34 + text_width(name, SMALL) + 28
    write(draw, (x, y + 5), "number beside a disc: confidence of its name, 0 to 1", SMALL, GREY)


_NOTICE = NOTICE.replace("\u2014", "-")


def _row(sheet: Image.Image, top: int, result: SegmentedVisit, role: Role, shown: tuple[Panel, ...]) -> None:
    draw = ImageDraw.Draw(sheet)
    write(draw, (EDGE, top + 9), _title(result, role), NORMAL, WHITE)
    x = EDGE
    for panel, width in zip(shown, _widths(shown), strict=True):
        gutter = GUTTER if panel.discs else 0
        sheet.paste(drawn(panel), (x + gutter, top + TITLE))
        if panel.discs:
            _disc_names(draw, (x, top + TITLE), result, role, panel)
        x += width


def _title(result: SegmentedVisit, role: Role) -> str:
    series = result.visit.series[role]
    blocks = labelled_blocks(series, result.anatomy.segmentations[role])
    between, row, column = series.volume.spacing_mm
    count = f"{sum(volume.shape[0] for volume, _ in blocks)} slices" + (f" in {len(blocks)} blocks" * (len(blocks) > 1))
    words = f"{ROLE_NAMES[role]}: {count}, {between:.1f} mm apart, pixels {row:.2f} x {column:.2f} mm"
    if labels_carried_over(result, role):
        words += "; outlines carried over from the sagittal series"
    elif role is result.anatomy.reference:
        words += "; names the levels"
    return words


def _disc_names(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], result: SegmentedVisit, role: Role, panel: Panel
) -> None:
    """Names left of the picture, each with a line to the front of its disc and this series' volume of its fragment."""
    x, y = at
    for name, (row, column) in panel.discs.items():
        confidence = confidence_in_words(result.anatomy.levels[name].confidence)
        write(draw, (x, y + row - 11), name, NORMAL, STRUCTURE_COLOURS[Structure.DISC])
        write(draw, (x + 80, y + row - 9), confidence, SMALL, GREY)
        start, end = x + 114, x + GUTTER + column - 3
        draw.line([(start, y + row), (end, y + row)], STRUCTURE_COLOURS[Structure.DISC], 1)
        fragment = result.fragments[name].measurement
        volume = fragment.volumes_by_role_mm3.get(role, 0.0)
        if fragment.present and volume > 0:
            colour = STRUCTURE_COLOURS[Structure.FRAGMENT]
            write(draw, (x, y + row + 10), f"{volume:.0f} mm\u00b3", SMALL, colour)
