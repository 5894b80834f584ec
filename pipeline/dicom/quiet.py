"""Silence around the parser and the codecs while they meet odd files."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_TALKATIVE = ("pydicom", "openjpeg", "libjpeg", "pylibjpeg", "pyjpegls")
_NOWHERE = logging.NullHandler()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep warnings and logged tracebacks of pydicom and its codecs from the user, who gets our own sentence instead.

    They would also repeat values of a header, and with them the patient's identity.
    """
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    before = [logger.propagate for logger in loggers]
    for logger in loggers:
        logger.addHandler(_NOWHERE)  # without any handler, Python would write to standard error
        logger.propagate = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, propagated in zip(loggers, before, strict=True):
            logger.removeHandler(_NOWHERE)
            logger.propagate = propagated
