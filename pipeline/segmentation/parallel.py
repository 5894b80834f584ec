"""Several series at once: each is work of its own, and one core is rarely the only one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def for_each(function: Callable[[Item], Result], items: Sequence[Item], threads: int) -> list[Result]:
    """``function`` of every item, up to ``threads`` at a time, in the order of the items.

    Threads serve, for NumPy and ONNX Runtime let others run while they calculate. The result does not depend on
    ``threads``. The first exception, in the order of the items, is raised.
    """
    if threads == 1 or len(items) < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(min(threads, len(items))) as pool:
        return list(pool.map(function, items))
