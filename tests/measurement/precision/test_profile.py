"""The precision profile is read strictly, and says what its cells say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.errors import UnreadableInputError
from pipeline.measurement.precision import Contrast, PrecisionCell, PrecisionProfile


def cell(volume: float, contrast: Contrast = Contrast.DARK, *, sd: float = 10.0, missed: float = 0.0) -> PrecisionCell:
    return PrecisionCell(volume, 4.4, contrast, 15.0, 10_000, -5.0, sd, 20.0, 6.0, missed)


PROFILE = PrecisionProfile(
    (
        cell(200, sd=40, missed=0.3),
        cell(800, sd=20),
        cell(2400, sd=10),
        cell(800, Contrast.BRIGHT, sd=60, missed=0.5),
    ),
    {},
)


def test_the_shipped_profile_is_read_and_says_what_it_is() -> None:
    profile = PrecisionProfile.load()
    assert profile.cells
    assert profile.made_with
    known = profile.at(1300, 4.4, 0.35, 15)
    assert 0 < known.sd < 1
    assert known.bias > -1


def test_a_cell_gives_its_own_values_and_between_cells_lies_between() -> None:
    assert PROFILE.at(800, 4.4, 0.3, 15).sd == pytest.approx(0.20, abs=0.01)
    between = PROFILE.at(1400, 4.4, 0.3, 15).sd
    assert 0.10 < between < 0.20


def test_brightness_between_two_classes_counts_for_both() -> None:
    dark, half, bright = (PROFILE.at(800, 4.4, brightness, 15).sd for brightness in (0.2, 0.5, 0.9))
    assert dark < half < bright


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ((800, 4.4, 0.3, 15), ()),
        ((9000, 4.4, 0.3, 15), ("volume",)),
        ((800, 8.0, 0.3, 15), ("slice distance",)),
        ((800, 4.4, 0.3, 90), ("signal-to-noise ratio",)),
        ((800, 4.4, None, None), ()),
    ],
)
def test_what_lies_outside_is_clamped_and_named(asked: tuple[float, ...], named: tuple[str, ...]) -> None:
    found = PROFILE.at(*asked)
    assert found.exceeded == named
    assert 0.09 < found.sd < 0.7


def test_the_least_volume_that_is_surely_seen() -> None:
    assert 200 < PROFILE.surely_seen_mm3(4.4, 0.3, 15) <= 800
    assert PROFILE.surely_seen_mm3(4.4, 0.7, 15) == pytest.approx(2400)
    assert PROFILE.surely_seen_mm3(4.4, None, 15) == pytest.approx(2400), "nobody knows how bright the unseen is"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "is no precision profile"),
        ('{"version": 2, "made_with": {}, "cells": []}', "version"),
        ('{"version": 1, "made_with": {}, "cells": []}', "at least one cell"),
        ('{"version": 1, "made_with": {}, "cells": [{"contrast": "blue"}]}', "blue"),
        (None, "cannot be read"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, text: str | None, words: str) -> None:
    file = tmp_path / "profile.json"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableInputError, match=words):
        PrecisionProfile.load(file)


@pytest.mark.parametrize("changed", [{"n": 0}, {"missed_share": 1.2}, {"sd_percent": -1}, {"bias_percent": -100}])
def test_an_impossible_cell_is_refused(tmp_path: Path, changed: dict[str, float]) -> None:
    good = dict.fromkeys(PrecisionCell.__slots__, 1.0) | {"contrast": "dark", "n": 5, "missed_share": 0.1}
    file = tmp_path / "profile.json"
    file.write_text(json.dumps({"version": 1, "made_with": {}, "cells": [good | changed]}), encoding="utf-8")
    with pytest.raises(UnreadableInputError, match="is no precision profile"):
        PrecisionProfile.load(file)
