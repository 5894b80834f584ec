"""One sagittal series whose structures are told apart, whoever told them."""

from __future__ import annotations

from typing import Protocol

from pipeline.segmentation.inference import Prediction
from pipeline.segmentation.instances import Spine


class Separated(Protocol):
    """One sagittal series whose structures are told apart, by a network or a label map."""

    @property
    def prediction(self) -> Prediction:
        """What each voxel is."""
        ...

    @property
    def spine(self) -> Spine:
        """Its bodies and discs."""
        ...
