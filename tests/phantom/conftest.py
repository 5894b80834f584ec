"""One small case, generated once for all tests that look at its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.phantom.case import PhantomCase, load_case
from pipeline.phantom.generate import generate
from pipeline.phantom.truth import PhantomTruth


@dataclass(frozen=True)
class Generated:
    """A case, its truth and the folder that holds its files."""

    case: PhantomCase
    truth: PhantomTruth
    folder: Path

    def images(self) -> list[Path]:
        """All DICOM files."""
        return sorted(p for visit in self.truth.visits for p in (self.folder / visit.folder).glob("*/IM*"))


@pytest.fixture(scope="session")
def quick_case(repository: Path) -> PhantomCase:
    return load_case(repository / "configs" / "phantom" / "quick.yaml")


@pytest.fixture(scope="session")
def quick(quick_case: PhantomCase, tmp_path_factory: pytest.TempPathFactory) -> Generated:
    folder = tmp_path_factory.mktemp("phantom") / "quick"
    return Generated(quick_case, generate(quick_case, folder), folder)
