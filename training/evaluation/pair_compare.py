"""One pair compared as its user compares it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.comparison import Comparison
from pipeline.config import Config, SegmentationSettings
from pipeline.dicom.visit import Role
from pipeline.errors import DiscdeltaError
from pipeline.workflow import compare
from training.evaluation.pair_visits import DrawnPair
from training.evaluation.product import nearest_level, visit_of
from training.evaluation.real import Patient

LOWEST_DISC = "L5/S1"
"""What a user would name where the pipeline refuses to count."""


@dataclass(frozen=True, eq=False)
class Compared:
    """What became of a pair.

    Attributes
    ----------
    comparison
        None where it was refused for good.
    refused
        Name of the error with which it was refused when left alone.
    lowest_disc_named
        Whether the result rests on ``--lowest-disc``, as the refusal asks its user to give.
    """

    comparison: Comparison | None
    refused: str | None
    lowest_disc_named: bool


def compared_at(patient: Patient, pair: DrawnPair, threads: int) -> Compared:
    """Compare as ``discdelta compare --level`` does, with the level by the name that the pipeline gives it."""
    visits = [visit_of({Role.SAGITTAL_T2: one.image}) for one in (pair.baseline, pair.followup)]
    disc = patient.image.to_lps(np.argwhere(patient.disc(pair.wanted.level)).mean(axis=0))
    refused = None
    for lowest in (None, LOWEST_DISC):
        level = pair.wanted.level
        try:
            found = compare(*visits, config=_config(level, lowest, threads))
            own = nearest_level(found.baseline_anatomy, disc)
            if own is not None and own != level:
                found = compare(*visits, config=_config(own, lowest, threads))
        except DiscdeltaError as error:
            refused = refused or f"{type(error).__name__}: {error}"
            continue
        return Compared(found, refused, lowest is not None)
    return Compared(None, refused, False)


def _config(level: str, lowest_disc: str | None, threads: int) -> Config:
    settings = SegmentationSettings(threads=threads, level=level, lowest_disc=lowest_disc)
    return Config(segmentation=settings)
