"""Fixtures that every folder of tests shares."""

from __future__ import annotations

import os
from collections.abc import Generator
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
        # The filter came with 3.11.4; Debian 12 has 3.11.2.
        tar.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where ``DISCDELTA_REQUIRE_SYSTEM`` is set (continuous integration), a ``system`` test that skips has failed."""
    report = yield
    if report.skipped and os.environ.get("DISCDELTA_REQUIRE_SYSTEM") and item.get_closest_marker("system"):
        report.outcome = "failed"
        report.longrepr = f"skipped, although this machine was to have every system package: {report.longrepr}"
    return report
