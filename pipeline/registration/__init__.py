"""Registration: two visits in; their rigid alignment, met half-way, out."""

from pipeline import rigid

__all__ = ["rigid"]
