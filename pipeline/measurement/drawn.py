"""The fragment of one visit where a person drew it: their voxels are counted, their uncertainty is a reader's."""

from __future__ import annotations

from dataclasses import replace

from pipeline.config import MeasurementSettings
from pipeline.findings import Finding, Severity
from pipeline.measurement.change import FragmentMeasurement
from pipeline.measurement.fragment import MeasuredFragment, centroid, share_at_edge, smallest_detectable_mm3
from pipeline.measurement.uncertainty import Spread, slice_error_mm3, surface_mm2, volume_interval
from pipeline.segmentation.segmenters.hand_drawn import DrawnFragment

READER_SD_MM = 0.36
"""Standard deviation of a drawn border. Tunset et al. 2013: limits of agreement of two readers −450 to 713 mm³, so
one drawing has (713 + 450) / 2 / 1.96 / √2 = 210 mm³; over the 576 mm² of a 1300 mm³ ball that is 0.36 mm."""
SHARED_BY_DRAWINGS = 0.75
"""Two drawings, of one reader or two, share less of their error than two results of one network do. The same study:
one reader repeats to 0.15 to 0.30 mm, so of the 0.36² mm² about six tenths are the reader's own habit; the network's
share is eight tenths."""


def drawn_fragment(drawn: DrawnFragment, found: MeasuredFragment, settings: MeasurementSettings) -> MeasuredFragment:
    """Measure a drawn fragment.

    Parameters
    ----------
    drawn
        What a person drew, on the grid of a series.
    found
        The same visit without the drawing.

    Returns
    -------
    MeasuredFragment
        Without the sources of error that only a network has. No other series stands beside it: nobody drew there.
    """
    share, spacing = drawn.share.array, drawn.share.spacing_mm
    limit = smallest_detectable_mm3(spacing[0], settings)
    spread = Spread(
        volume_mm3=drawn.volume_mm3,
        boundary_mm3=surface_mm2(share, spacing) * max(READER_SD_MM, settings.boundary_sd_mm),
        variants_mm3=0.0,
        slices_mm3=slice_error_mm3(share, spacing),
        limit_mm3=limit,
    )
    present = drawn.volume_mm3 > limit
    interval = volume_interval(spread)
    measurement = FragmentMeasurement(
        present=present,
        volume_mm3=drawn.volume_mm3,
        interval95_mm3=interval,
        detection_limit_mm3=limit,
        centroid_lps_mm=centroid(drawn.share) if present and share.any() else None,
        role=drawn.role,
        occupancy=drawn.share,
        volumes_by_role_mm3={drawn.role: drawn.volume_mm3},
        replaced_mm3=found.measurement.volume_mm3,
        alone_mm3=drawn.volume_mm3,
        sd_mm3=spread.total_mm3,
    )
    return replace(
        found,
        measurement=measurement,
        spread=spread,
        own_interval=interval,
        contrast=0.0,
        at_edge=share_at_edge(drawn.share),
        suppressed_mm3=0.0,
        by_role={},
        probability=None,
        view=None,
    )


def drawn_finding(when: str, drawn: DrawnFragment, measured: MeasuredFragment, level: str) -> Finding:
    """Record that a mask took the place of what was found."""
    before, after = measured.measurement.replaced_mm3 or 0.0, measured.measurement.volume_mm3
    what = f"{drawn.voxels} voxels, {after:.0f} mm³" if drawn.voxels else "empty: no fragment"
    text = (
        f"At {when} the fragment of {level} is the mask that was given ({drawn.format}, {drawn.chosen}; SHA-256 "
        f"{drawn.sha256[:12]}…; {what}). It replaces the {before:.0f} mm³ that were found without it; the interval is "
        "that of a drawn border."
    )
    # That nothing is left is then a person's word against the networks', and no measurement.
    against = not drawn.voxels and before > measured.measurement.detection_limit_mm3
    return Finding("mask-corrected", Severity.WARNING if against else Severity.INFO, text)


def shared_by(first: DrawnFragment | None, second: DrawnFragment | None) -> float:
    """Factor 0…1 on what the border errors of both visits have in common.

    A drawing and a network's result are different instruments and share nothing.
    """
    if first is None and second is None:
        return 1.0
    return SHARED_BY_DRAWINGS if first is not None and second is not None else 0.0
