"""How findings name a series, without saying whose it is."""

from __future__ import annotations

from pipeline.dicom.instance import Instance


def series_label(instance: Instance) -> str:
    """Number and description of the series, as people at a scanner call it."""
    number = "without number" if instance.series_number is None else str(instance.series_number)
    return f"Series {number} ({instance.series_description})" if instance.series_description else f"Series {number}"
