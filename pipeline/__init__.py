"""Volume change of an extruded lumbar disc fragment between two MRI studies."""

__version__ = "0.1.0"
