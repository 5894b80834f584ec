"""Fixtures that every folder of tests shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real studies that are not part of the repository: ``$DISCDELTA_SHARED_DATA`` or ``../shared/data``."""
    folder = Path(os.environ.get("DISCDELTA_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real studies are not here: {folder} does not exist (set DISCDELTA_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def clinical_study(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One complete clinical lumbar study, 183 files, unpacked."""
    archive = shared_data / "ucla_contrast" / "study.tar.xz"
    if not archive.is_file():
        pytest.skip(f"the clinical study is not here: {archive}")
    import tarfile

    folder = tmp_path_factory.mktemp("clinical_study")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder
