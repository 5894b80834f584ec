"""Segmenters by name: the shipped one, and those that installed packages offer."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from pipeline.errors import UsageError
from pipeline.segmentation.segmenters.protocol import GROUP, SHIPPED, Segmenter


def installed() -> tuple[str, ...]:
    """Names of all segmenters that can be asked for, the shipped one first."""
    return (SHIPPED, *sorted(_offered()))


def find_segmenter(name: str) -> Segmenter:
    """The segmenter of that name.

    Raises
    ------
    UsageError
        If none of that name is installed, or the package that offers it cannot be loaded.
    """
    if name == SHIPPED:
        from pipeline.segmentation.stage import segment

        return segment
    offered = _offered()
    if name not in offered:
        raise UsageError(
            f"No segmenter called {name!r} is installed; there are: {', '.join(installed())}. Install the package that "
            f"offers it (entry-point group {GROUP}), or change the setting segmentation.segmenter."
        )
    return _loaded(offered[name])


def _offered() -> dict[str, EntryPoint]:
    """Entry points of other packages by name; no package can take the place of the shipped segmenter."""
    return {entry.name: entry for entry in entry_points(group=GROUP) if entry.name != SHIPPED}


def _loaded(entry: EntryPoint) -> Segmenter:
    try:
        segmenter: Segmenter = entry.load()
    except Exception as error:
        raise UsageError(
            f"The segmenter {entry.name!r} ({entry.value}) cannot be loaded: {type(error).__name__}: {error}. "
            "Mend or remove the package that offers it."
        ) from error
    if not callable(segmenter):
        raise UsageError(
            f"The segmenter {entry.name!r} ({entry.value}) cannot be called with a visit and settings. "
            "Mend or remove the package that offers it; docs/segmenters.md says what is expected."
        )
    return segmenter
