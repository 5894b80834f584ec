"""Evidence about contrast medium: pieces with a weight, gathered for one series at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.weightings import Weighting

DECISIVE = 2.0
"""Sum of weights from which a verdict needs no doubt."""

STRONG = 2.5
"""Weight of a single piece of evidence that contradicts another of its size."""


class Source(StrEnum):
    """Where a piece of evidence comes from."""

    DESCRIPTION = "description"
    ATTRIBUTES = "contrast attributes"
    BOLUS_TIME = "bolus time"
    ORDER = "order of acquisition"
    FAT_SUPPRESSION = "fat suppression"
    PIXELS = "pixels"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Piece:
    """One piece of evidence; a positive weight speaks for contrast medium, a negative one against it."""

    source: Source
    weight: float


@dataclass(frozen=True)
class ContrastVerdict:
    """Whether a series was acquired after contrast medium.

    Attributes
    ----------
    evidence
        Every piece, also those that were overruled.
    decided_by
        Source of the heaviest piece on the winning side.
    """

    enhanced: bool
    evidence: tuple[Piece, ...]
    decided_by: Source

    @property
    def score(self) -> float:
        """Sum of the weights."""
        return sum(piece.weight for piece in self.evidence)


@dataclass
class Case:
    """One series under judgement, while evidence is gathered."""

    facts: StackFacts
    weighting: Weighting
    fat_suppressed: bool
    pieces: list[Piece] = field(default_factory=list)

    @property
    def score(self) -> float:
        """Sum of the weights."""
        return sum(piece.weight for piece in self.pieces)

    @property
    def contradictory(self) -> bool:
        """Whether strong evidence stands against strong evidence, pixels left out."""
        weights = [piece.weight for piece in self.pieces if piece.source is not Source.PIXELS]
        return bool(weights) and max(weights) >= STRONG and min(weights) <= -STRONG

    def add(self, source: Source, weight: float) -> None:
        """Note one more piece."""
        self.pieces.append(Piece(source, weight))

    @property
    def verdict(self) -> ContrastVerdict:
        """What the evidence amounts to so far."""
        enhanced = self.score > 0.0
        winning = [piece for piece in self.pieces if (piece.weight > 0.0) == enhanced]
        heaviest = max(winning, key=lambda piece: abs(piece.weight), default=Piece(Source.NOTHING, 0.0))
        return ContrastVerdict(enhanced, tuple(self.pieces), heaviest.source)
