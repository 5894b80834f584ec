"""Series rules from a YAML file; what does not fit is told with its place in the file."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import ValidationError

from pipeline.config import fault, package_file, yaml_fault
from pipeline.dicom.rules import SeriesRules
from pipeline.errors import UsageError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as fast, where it was built

DEFAULT_RULES = "dicom/series_rules.yaml"
"""The rules inside the package."""


def load_rules(path: Path | None = None) -> SeriesRules:
    """Read series rules from ``path``, or those inside the package.

    Raises
    ------
    UsageError
        If the file is missing, is not YAML, or does not fit; the message names the place in the file.
    """
    return _shipped_rules() if path is None else _read_rules(path)


@lru_cache(maxsize=1)
def _shipped_rules() -> SeriesRules:
    return _read_rules(package_file(DEFAULT_RULES))


def _read_rules(place: Path) -> SeriesRules:
    try:
        text = place.read_text(encoding="utf-8")
        return SeriesRules.model_validate(yaml.load(text, Loader=_LOADER) or {})  # noqa: S506 - a safe loader
    except OSError as error:
        raise UsageError(
            f"Cannot read the series rules {place}: {error.strerror}. Name an existing file under dicom.rules."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The series rules {place} are not valid YAML: {yaml_fault(error)}. Compare with configs/series_rules.yaml."
        ) from error
    except ValidationError as error:
        root = yaml.compose(place.read_text(encoding="utf-8"), Loader=_LOADER)
        wrong = "; ".join(fault(e["type"], _place(root, e["loc"]), e["msg"]) for e in error.errors())
        raise UsageError(
            f"The series rules {place} do not fit: {wrong}. Compare with configs/series_rules.yaml."
        ) from error


def _place(node: yaml.Node | None, location: tuple[int | str, ...]) -> str:
    """Name and line of a faulty entry, e.g. ``"line 12, roles.sagittal_t2.require.plane"``."""
    line = 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return f"line {line}, {'.'.join(map(str, location)) or 'the file'}"
