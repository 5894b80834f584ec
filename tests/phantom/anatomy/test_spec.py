"""A spine's parameters must fit together."""

from __future__ import annotations

import dataclasses

import pytest

from pipeline.errors import UsageError
from pipeline.phantom.anatomy import standard_spine


def test_names_of_discs():
    spine = standard_spine()
    assert spine.disc_names[spine.disc_index("L4/L5")] == "L4/L5"
    assert spine.disc_names[-1] == "S4/S5"


def test_wrong_number_of_values_is_refused():
    with pytest.raises(UsageError, match="values per body"):
        dataclasses.replace(standard_spine(), heights_mm=(20.0,))


def test_negative_size_is_refused():
    spine = standard_spine()
    with pytest.raises(UsageError, match="positive"):
        dataclasses.replace(spine, depths_mm=(-1.0, *spine.depths_mm[1:]))
