"""How a result arose: versions, hashes, and the time of each stage."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib import metadata

from pipeline import __version__
from pipeline.comparison import Provenance
from pipeline.segmentation.network import weights_sha256
from pipeline.segmentation.segmenters.contribution import Record

PACKAGES = ("numpy", "scipy", "scikit-image", "SimpleITK", "onnxruntime", "pydicom", "nibabel")
"""Packages whose version can change a number."""


class Stopwatch:
    """Times named stages and announces each when it begins."""

    def __init__(self, announce: Callable[[str], None]) -> None:
        self._announce = announce
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Announce and time what runs inside, in seconds of wall time."""
        self._announce(name)
        begin = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begin


def describe_run(
    started: datetime, stage_seconds: dict[str, float], contributions: tuple[Record, ...] = ()
) -> Provenance:
    """Gather versions and hashes; nothing that names the machine, its user or a path."""
    return Provenance(
        version=__version__,
        started_at=started.isoformat(timespec="seconds"),
        weights_sha256=weights_sha256(),
        packages={name: metadata.version(name) for name in PACKAGES},
        stage_seconds=dict(stage_seconds),
        platform=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        contributions=contributions,
    )
