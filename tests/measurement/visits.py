"""Visits with one fragment of known size behind L4/L5, as the stages before would hand them over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.dicom.visit import PatientIdentity, Role, Series, SeriesFacts, Stack, Visit
from pipeline.registration.alignment import Alignment, AlignmentQuality
from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation, Structure, Vertebra
from pipeline.volume import Volume
from tests.measurement.balls import Ball, ellipsoid

GRID = (11, 140, 110)
AXES = np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]])  # left, posterior, cranial: an upright spine
DISC_PITCH_MM = 34.0


def still(usable: bool = True) -> Alignment:
    """Two visits that lie alike."""
    return Alignment(np.eye(4), np.eye(4), np.eye(4), AlignmentQuality(0.2, 0.95, 0.9, usable), ())


def visit_of(ball: Ball, role: Role = Role.SAGITTAL_T2, facts: SeriesFacts | None = None) -> tuple[Visit, Anatomy]:
    """The visit and its anatomy; the discs end 9 mm in front of the grid's middle."""
    image = ball.image
    middle = image.to_lps((np.array(image.shape) - 1) / 2)
    margin = middle - np.array([0, 9.0, 0])
    levels, vertebrae = {}, {}
    for n, name in enumerate(("L3/L4", "L4/L5", "L5/S1")):
        at = margin + np.array([0, 0, DISC_PITCH_MM * (1 - n)])
        levels[name] = Level(name, 122 + n, at - np.array([0, 17.0, 0]), AXES, at, 1.0)
        below = name.split("/")[1]
        centre = at - np.array([0, 17.0, DISC_PITCH_MM / 2])
        vertebrae[below] = Vertebra(below, 23 + n, centre)
    probabilities = np.zeros((6, *image.shape), np.float32)
    probabilities[Structure.FRAGMENT] = ball.probability.array
    probabilities[Structure.BACKGROUND] = 1 - ball.probability.array
    labels = np.where(ball.probability.array > 0.5, Structure.FRAGMENT, 0).astype(np.uint8)
    variants = np.stack([np.clip(ball.probability.array * f, 0, 1) for f in (0.95, 0.99, 1.01, 1.05)])
    segmentation = SeriesSegmentation(
        role, image.with_array(labels), image.with_array(np.zeros_like(labels)), probabilities, variants
    )
    series = Series(role, facts or SeriesFacts("1.2.3"), (Stack(image, None),))
    visit = Visit(PatientIdentity(), None, None, None, {role: series}, (), (), "simulated")
    return visit, Anatomy({role: segmentation}, role, levels, vertebrae, "sacrum", False, ())


def fragment(
    volume_mm3: float, seed: int = 0, role: Role = Role.SAGITTAL_T2, **options: float
) -> tuple[Visit, Anatomy]:
    """A visit with a fragment of that volume, 0 for none."""
    ball = ellipsoid(max(volume_mm3, 1.0), seed, grid=GRID, **options)
    if volume_mm3 == 0:
        empty = np.zeros(ball.image.shape, np.float32)
        ball = Ball(ball.image, Volume(empty, ball.image.affine), empty > 0, Volume(empty, ball.image.affine), 0)
    return visit_of(ball, role)


def seen_by(volumes_mm3: dict[Role, float], seed: int = 1) -> tuple[Visit, Anatomy]:
    """A visit whose series, all on one grid, each show a fragment of another volume at L4/L5, 0 for none."""
    made = {role: fragment(volume, seed, role=role) for role, volume in volumes_mm3.items()}
    (visit, anatomy), *_ = made.values()
    return (
        replace(visit, series={role: one.series[role] for role, (one, _) in made.items()}),
        replace(anatomy, segmentations={role: one.segmentations[role] for role, (_, one) in made.items()}),
    )
