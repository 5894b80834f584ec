"""Outlines of structures on one picture, as SVG paths in millimetres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.measure import find_contours

SMALLEST_MM2 = 4.0
FRAME = 4


def outline_path(inside: NDArray[np.float32], pixel_mm: float, level: float = 0.5) -> str:
    """The border where ``inside`` crosses ``level``.

    Parameters
    ----------
    inside
        Shape (rows, columns), 0…1: how much of each pixel belongs to the structure.
    pixel_mm
        Size of a pixel; the centre of the first lies half a pixel from the corner.
    level
        Where the border runs.

    Returns
    -------
    str
        SVG path data in mm from the top left corner; empty when nothing is inside.
    """
    rings = outline_rings(inside, level, SMALLEST_MM2 / pixel_mm**2)
    return "".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for y, x in (_thinned(ring) + 0.5) * pixel_mm) + "Z" for ring in rings
    )


def outline_rings(inside: NDArray[np.float32], level: float, smallest_pixels: float) -> list[NDArray[np.float64]]:
    """Closed curves where ``inside`` crosses ``level``.

    Parameters
    ----------
    inside
        Shape (rows, columns), 0…1: how much of each pixel belongs to the structure.
    level
        Where the border runs.
    smallest_pixels
        Curves around less than this area are left out.

    Returns
    -------
    list of ndarray
        Shape (points, 2) each: row and column, the centre of the first pixel at (0, 0); the last point is the first.
    """
    if not (inside > level).any():
        return []
    # What runs out of the picture is closed well outside of it, where the closing line is not seen.
    framed = np.pad(np.pad(inside, FRAME, mode="edge"), 1)
    contours = (np.asarray(contour) for contour in find_contours(framed, level))
    return [contour - 1.0 - FRAME for contour in contours if _area(contour) >= smallest_pixels]


def _thinned(contour: NDArray[np.float64]) -> NDArray[np.float64]:
    """Every second point of a closed contour, each averaged with its neighbours: the steps of pixels go."""
    ring = contour[:-1]
    smooth = (np.roll(ring, 1, axis=0) + 2 * ring + np.roll(ring, -1, axis=0)) / 4
    return np.asarray(smooth[::2])


def _area(polygon: NDArray[np.float64]) -> float:
    """Area in pixels by the shoelace formula."""
    y, x = polygon[:, 0], polygon[:, 1]
    return float(abs(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) / 2)
