"""Who uses the processor's cores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def linear_algebra_on_one_core() -> Iterator[None]:
    """Let NumPy and SciPy multiply matrices on the core that asks for it, for as long as this lasts.

    Visits and series already share the cores. The matrices here are small: threads of the linear algebra would mostly
    wait for each other, and take from others the cores that they wait on. On one core the last digits do not depend on
    how many there are, either. The limit is that of the whole process, so it belongs around a whole run and not into
    what runs at once.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        yield
