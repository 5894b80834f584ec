"""Refusal of images that do not show a lumbar spine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import AnatomyError
from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.instances import Spine
from pipeline.segmentation.junction import sacral_slope_degrees

FEWEST_DISCS = 3
GAP_MM = (24.0, 46.0)
"""Distance between neighbouring lumbar discs: 27 to 39 mm in 30 real spines; cervical ones lie 13 to 20 mm apart,
those of the middle of the chest 21 to 25 mm."""
EVEN_GAP = 0.35
UNEVEN_SHARE = 0.5
"""Distances between discs differ by less than the former from their median, at least in this share of them; a lost or a
false disc among them is no fault."""
COLUMN_MM = 90.0
"""Bodies and discs together are at least so long: three vertebrae."""
COLUMN_BEFORE_MM = (4.0, 60.0)
BODY_DEPTH_MM = (22.0, 46.0)
"""26 to 39 mm in 30 real spines."""
DISC_HEIGHT_MM = (1.5, 20.0)
CANAL_SHARE = 0.6
"""Of the discs, so many must have canal behind them."""
SACRAL_SLOPE_DEGREES = 13.0
"""The steepest of the three lowest discs slopes forward by at least this much: 14 to 49 degrees in 30 real spines."""
SHRINKING_MM = 2.0
"""Distance between discs in the upper half less that in the lower half: −10.5 to −0.4 mm in 30 real spines."""
CERTAINTY = 0.55
"""Mean probability of the chosen structure over the spine; noise stays far below."""


def require_lumbar(spine: Spine, probabilities: NDArray[np.float32], what: str) -> None:
    """Refuse what is no lumbar spine.

    Parameters
    ----------
    spine
        What was found.
    probabilities
        Shape (6, slices, rows, columns), on the plane of the spine's labels.
    what
        The series, for the message, e.g. ``"sagittal T2"``.

    Raises
    ------
    AnatomyError
        Saying what was seen instead.
    """
    faults = _faults(spine, probabilities)
    if faults:
        raise AnatomyError(
            f"The {what} series does not look like a lumbar spine: {'; '.join(faults)}. "
            "Give a sagittal lumbar MRI, or check that its orientation in the header is right."
        )


def _faults(spine: Spine, probabilities: NDArray[np.float32]) -> list[str]:
    if not (spine.labels != Structure.BACKGROUND).any():
        return ["no vertebra, disc or canal was seen"]
    alternations = _alternations(spine)
    if alternations < FEWEST_DISCS:
        return [
            f"{alternations} disc{'' if alternations == 1 else 's'} between two vertebrae were seen, "
            f"at least {FEWEST_DISCS} are needed"
        ]
    return [
        *_size_faults(spine),
        *_column_faults(spine),
        *_canal_faults(spine),
        *_direction_faults(spine),
        *_certainty_faults(spine, probabilities),
    ]


def _alternations(spine: Spine) -> int:
    """Discs with bone above and below them."""
    bone = [body.voxels > 0 for body in spine.bodies]
    return sum(bone[k] and bone[k + 1] for k in range(len(spine.discs)))


def _size_faults(spine: Spine) -> list[str]:
    faults = []
    gap = float(np.median(np.linalg.norm(np.diff([disc.centre for disc in spine.discs], axis=0), axis=1)[-4:]))
    if not GAP_MM[0] <= gap <= GAP_MM[1]:
        faults.append(f"the discs lie {gap:.0f} mm apart (lumbar: {GAP_MM[0]:.0f} to {GAP_MM[1]:.0f} mm)")
    inner = [body.depth_mm for body in spine.bodies[1:-1] if body.voxels]
    depth = float(np.median(inner)) if inner else 0.0
    if not BODY_DEPTH_MM[0] <= depth <= BODY_DEPTH_MM[1]:
        usual = f"{BODY_DEPTH_MM[0]:.0f} to {BODY_DEPTH_MM[1]:.0f} mm"
        faults.append(f"the vertebral bodies are {depth:.0f} mm deep (lumbar: {usual})")
    height = float(np.median([disc.height_mm for disc in spine.discs]))
    if not DISC_HEIGHT_MM[0] <= height <= DISC_HEIGHT_MM[1]:
        faults.append(f"the discs are {height:.1f} mm high (lumbar: {DISC_HEIGHT_MM[0]:g} to {DISC_HEIGHT_MM[1]:g} mm)")
    return faults


def _column_faults(spine: Spine) -> list[str]:
    """A lumbar column is long, and its discs follow each other at even distances."""
    faults = []
    gaps = np.linalg.norm(np.diff([disc.centre for disc in spine.discs], axis=0), axis=1)
    even = np.abs(gaps / np.median(gaps) - 1.0) < EVEN_GAP
    if even.mean() < UNEVEN_SHARE:
        faults.append(f"the discs lie unevenly, {gaps.min():.0f} to {gaps.max():.0f} mm apart")
    if spine.axis is not None:
        before = (spine.axis.before > COLUMN_BEFORE_MM[0]) & (spine.axis.before < COLUMN_BEFORE_MM[1])
        bodies = np.isin(spine.labels, (Structure.VERTEBRA, Structure.SACRUM, Structure.DISC)).any(axis=0) & before
        along = spine.axis.along[bodies]
        length = float(np.ptp(np.percentile(along, (1, 99)))) if along.size else 0.0
        if length < COLUMN_MM:
            faults.append(f"the column of bodies and discs is only {length:.0f} mm long (at least {COLUMN_MM:.0f} mm)")
    return faults


def _canal_faults(spine: Spine) -> list[str]:
    """The canal must run behind the discs; upside down or back to front it does not."""
    if spine.axis is None:
        return ["no canal was seen"]
    rows = (spine.labels == Structure.CANAL).any(axis=0)
    behind = 0
    for disc, margin in zip(spine.discs, spine.margins, strict=True):
        row, column = round(float(margin[1])), round(float(margin[2]))
        window = rows[max(0, row - 12) : row + 13, max(0, column - 2) : column + 26]
        behind += bool(window.any()) and disc.axes[2, 1] > 0
    if behind < CANAL_SHARE * len(spine.discs):
        return [f"a canal was seen behind only {behind} of {len(spine.discs)} discs"]
    return []


def _direction_faults(spine: Spine) -> list[str]:
    """Vertebrae grow towards the sacrum, and S1 slopes forward: an image that is upside down shows neither.

    With a sacrum at the lower end nothing is asked here, and without one (the upper half of a spine) no slope is;
    whether the image as such is the right way up is for :func:`~pipeline.segmentation.orientation.require_upright`.
    """
    gaps = np.linalg.norm(np.diff([disc.centre for disc in spine.discs], axis=0), axis=1)
    if len(gaps) < 4 or spine.bodies[-1].sacral:
        return []
    half = len(gaps) // 2
    shrinking = float(gaps[:half].mean() - gaps[-half:].mean())
    slopes = [sacral_slope_degrees(disc) for disc in spine.discs]
    low, high = max(slopes[-3:]), min(slopes[:3])
    sacrum_above = any(body.sacral for body in spine.bodies)
    if low >= SACRAL_SLOPE_DEGREES or not (sacrum_above or shrinking > SHRINKING_MM):
        return []
    change = f"{abs(shrinking):.0f} mm {'closer together' if shrinking > 0 else 'further apart'} below than above"
    return [
        f"the lowest discs slope forward by no more than {low:.0f} degrees, the highest by {high:.0f}, and discs lie "
        f"{change}, as if the image were upside down"
    ]


def _certainty_faults(spine: Spine, probabilities: NDArray[np.float32]) -> list[str]:
    chosen = np.take_along_axis(probabilities, spine.labels[None].astype(np.intp), axis=0)[0]
    certainty = float(chosen[spine.labels != Structure.BACKGROUND].mean())
    if certainty < CERTAINTY:
        return [f"the structures are told apart with a mean probability of only {certainty:.2f}"]
    return []
