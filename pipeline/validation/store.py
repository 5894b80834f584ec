"""Finished pairs on disk: a study that was killed goes on where it stopped, and never mixes two studies."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline import __version__
from pipeline.config import Config
from pipeline.errors import OutputError, UnreadableInputError
from pipeline.files import write_text
from pipeline.phantom.anatomy.spec import EDITIONS
from pipeline.segmentation.network import weights_sha256
from pipeline.validation.outcome import PairOutcome, outcome_from_json
from pipeline.validation.protocol import Protocol

_NAME = re.compile(r"pair-(\d{5})\.json")


FORMAT = 2
"""Of a finished pair; raised when what it holds changes."""


def study_key(protocol: Protocol, config: Config) -> str:
    """What finished pairs depend on: protocol with its seed, settings, weights, version,
    the form they are kept in, and the edition of the anatomy.

    The precision profile is no part of it: a pair keeps what it takes to judge it with any.

    Returns
    -------
    16 hexadecimal digits.
    """
    own = config.model_copy(update={"measurement": config.measurement.model_copy(update={"precision_profile": None})})
    parts = (protocol.sha256(), own.to_yaml(), weights_sha256(), __version__, f"{FORMAT}/{EDITIONS[-1]}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Store:
    """Finished pairs of one study, one file each, below ``pairs/<key>/``.

    Attributes
    ----------
    folder
        Holds the files of this study alone.
    """

    folder: Path

    @classmethod
    def of(cls, out: Path, protocol: Protocol, config: Config) -> Store:
        """Where a study keeps its pairs below its output folder."""
        return cls(out / "pairs" / study_key(protocol, config))

    def numbers(self) -> set[int]:
        """Numbers of the pairs that are there, readable or not."""
        found = (_NAME.fullmatch(path.name) for path in self.folder.glob("pair-*.json"))
        return {int(match[1]) for match in found if match}

    def write(self, outcome: PairOutcome) -> None:
        """Keep a pair.

        Raises
        ------
        pipeline.errors.OutputError
            If it cannot be written.
        """
        write_text(self._path(outcome.number), outcome.to_json())

    @contextmanager
    def room(self, number: int) -> Iterator[Path]:
        """A folder for the images of a pair while it is worked on; what a killed run left there goes first.

        Raises
        ------
        OutputError
            If it cannot be made.
        """
        folder = self.folder / f".partial-{number:05d}"
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise OutputError(
                f"Cannot write into {self.folder}: {error.strerror}. Choose another --out folder or mend its rights."
            ) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def read(self, number: int) -> PairOutcome | None:
        """A finished pair; None where there is none that can be read."""
        try:
            outcome = outcome_from_json(self._path(number).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, UnreadableInputError):
            return None
        return outcome if outcome.number == number else None

    def _path(self, number: int) -> Path:
        return self.folder / f"pair-{number:05d}.json"
