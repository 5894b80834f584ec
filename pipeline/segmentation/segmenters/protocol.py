"""What a segmenter is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pipeline.config import SegmentationSettings
from pipeline.dicom.visit import Visit
from pipeline.segmentation.anatomy import Anatomy

GROUP = "discdelta.segmenters"
"""Entry-point group under which a package offers its segmenters."""
SHIPPED = "discdelta"


class Segmenter(Protocol):
    """Anything that names the levels of a visit and marks its structures.

    It has to raise subclasses of :class:`~pipeline.errors.DiscdeltaError` where it refuses. Every segmentation that it
    gives lies on the grid of its series (``visit.series[role].volume``), in LPS mm.
    """

    def __call__(
        self,
        visit: Visit,
        settings: SegmentationSettings,
        progress: Callable[[str], None] | None = None,
        /,
    ) -> Anatomy:
        """Segment one visit.

        Parameters
        ----------
        visit
            Its series by role.
        settings
            ``level`` must be among the levels that are given; ``lowest_disc`` overrides the count where it is set.
        progress
            Called with a short text when a series begins.

        Raises
        ------
        DiscdeltaError
            Where the visit cannot be segmented; the subclass says why.
        """
        ...
