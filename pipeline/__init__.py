"""Volume change of an extruded lumbar disc fragment between two MRI studies.

>>> from pipeline import compare, load_visit, write_report  # doctest: +SKIP
>>> comparison = compare(load_visit("march"), load_visit("july"))  # doctest: +SKIP
>>> write_report(comparison, "report")  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from pipeline.comparison import Comparison
    from pipeline.config import Config, load_config
    from pipeline.course import Course
    from pipeline.dicom.visit import Role
    from pipeline.errors import (
        AnatomyError,
        ComparabilityError,
        DiscdeltaError,
        IdentityError,
        LevelError,
        NoUsableSeriesError,
        OutputError,
        ResultNotUsableError,
        UnreadableInputError,
        UsageError,
    )
    from pipeline.report.as_json import report_dict
    from pipeline.report.course_json import course_dict
    from pipeline.report.course_write import write_course
    from pipeline.report.segmentation_write import write_segmentation
    from pipeline.report.write import write_report
    from pipeline.segmented import SegmentedVisit
    from pipeline.segmenting import segment_visit
    from pipeline.workflow import compare, follow, load_visit

__all__ = [
    "AnatomyError",
    "ComparabilityError",
    "Comparison",
    "Config",
    "Course",
    "DiscdeltaError",
    "IdentityError",
    "LevelError",
    "NoUsableSeriesError",
    "OutputError",
    "ResultNotUsableError",
    "Role",
    "SegmentedVisit",
    "UnreadableInputError",
    "UsageError",
    "__version__",
    "compare",
    "course_dict",
    "follow",
    "load_config",
    "load_visit",
    "report_dict",
    "segment_visit",
    "write_course",
    "write_report",
    "write_segmentation",
]

_HOME = {
    "AnatomyError": "pipeline.errors",
    "ComparabilityError": "pipeline.errors",
    "Comparison": "pipeline.comparison",
    "Config": "pipeline.config",
    "Course": "pipeline.course",
    "DiscdeltaError": "pipeline.errors",
    "IdentityError": "pipeline.errors",
    "LevelError": "pipeline.errors",
    "NoUsableSeriesError": "pipeline.errors",
    "OutputError": "pipeline.errors",
    "ResultNotUsableError": "pipeline.errors",
    "Role": "pipeline.dicom.visit",
    "SegmentedVisit": "pipeline.segmented",
    "UnreadableInputError": "pipeline.errors",
    "UsageError": "pipeline.errors",
    "compare": "pipeline.workflow",
    "course_dict": "pipeline.report.course_json",
    "follow": "pipeline.workflow",
    "load_config": "pipeline.config",
    "load_visit": "pipeline.workflow",
    "report_dict": "pipeline.report.as_json",
    "segment_visit": "pipeline.segmenting",
    "write_course": "pipeline.report.course_write",
    "write_report": "pipeline.report.write",
    "write_segmentation": "pipeline.report.segmentation_write",
}


def __getattr__(name: str) -> object:
    """Import on first use: ``discdelta inspect`` must not pay for the network runtime."""
    if name not in _HOME:
        raise AttributeError(f"module 'pipeline' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
