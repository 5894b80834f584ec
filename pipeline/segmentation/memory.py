"""Freed memory given back to the system."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Let the C library return what was freed.

    That of Linux (glibc) keeps arrays of some megabytes for later ones, which seldom fit: 150 MB after each step of a
    study of seven series. Elsewhere nothing happens.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
