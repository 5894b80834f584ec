"""One base error; one stable exit code per kind of failure (documented in docs/exit-codes.md)."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """Exit status of the command line. Numbers are stable: scripts rely on them."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    UNREADABLE_INPUT = 3
    NO_USABLE_SERIES = 4
    REFUSED_IDENTITY = 5
    REFUSED_ANATOMY = 6
    REFUSED_LEVEL = 7
    REFUSED_COMPARABILITY = 8
    RESULT_NOT_USABLE = 9
    OUTPUT_NOT_WRITTEN = 10


class DiscdeltaError(Exception):
    """Base of every error that this package raises on purpose.

    The message says what was found, where, and what to do next.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.INTERNAL
    code: ClassVar[str] = "internal"


class UsageError(DiscdeltaError):
    """The call itself is wrong: an unknown level, a missing argument, an invalid setting."""

    exit_code = ExitCode.USAGE
    code = "usage"


class UnreadableInputError(DiscdeltaError):
    """Nothing readable at the given place, or a file that cannot be decoded."""

    exit_code = ExitCode.UNREADABLE_INPUT
    code = "unreadable-input"


class NoUsableSeriesError(DiscdeltaError):
    """MR images were read, but no series can play a role that is needed."""

    exit_code = ExitCode.NO_USABLE_SERIES
    code = "no-usable-series"


class IdentityError(DiscdeltaError):
    """The two visits (or the files of one) belong to different patients."""

    exit_code = ExitCode.REFUSED_IDENTITY
    code = "refused-identity"


class AnatomyError(DiscdeltaError):
    """The images do not show a lumbar spine, or are too degraded to tell."""

    exit_code = ExitCode.REFUSED_ANATOMY
    code = "refused-anatomy"


class LevelError(DiscdeltaError):
    """The requested disc level cannot be named with confidence, or is not in the images."""

    exit_code = ExitCode.REFUSED_LEVEL
    code = "refused-level"


class ComparabilityError(DiscdeltaError):
    """The two visits cannot be compared: alignment failed or the series do not match."""

    exit_code = ExitCode.REFUSED_COMPARABILITY
    code = "refused-comparability"


class ResultNotUsableError(DiscdeltaError):
    """A result was reached but must not be used."""

    exit_code = ExitCode.RESULT_NOT_USABLE
    code = "result-not-usable"


class OutputError(DiscdeltaError):
    """A result file could not be written."""

    exit_code = ExitCode.OUTPUT_NOT_WRITTEN
    code = "output-not-written"
