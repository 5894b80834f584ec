"""What may be named as a source."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.dicom.opening import as_paths
from pipeline.errors import UsageError


def test_text_and_lists_become_paths() -> None:
    assert as_paths("march") == Path("march")
    assert as_paths(["march", Path("july")]) == (Path("march"), Path("july"))


def test_an_empty_list_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="at least one file or folder"):
        as_paths([])
