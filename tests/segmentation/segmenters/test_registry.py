"""Segmenters by name."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest

from pipeline.config import Config
from pipeline.errors import UsageError
from pipeline.segmentation.segmenters import registry
from pipeline.segmentation.segmenters.contribution import Contribution, receive
from pipeline.segmentation.segmenters.registry import find_segmenter, installed
from pipeline.segmentation.stage import segment
from tests.report.cases import comparison


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another package, which offers a segmenter, something that is none, one that is broken, and a usurper."""
    module = ModuleType("elsewhere")
    module.segment = lambda visit, settings, progress=None: comparison().baseline_anatomy  # type: ignore[attr-defined]
    module.wrong = lambda visit, settings, progress=None: "no anatomy"  # type: ignore[attr-defined]
    module.number = 5  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "elsewhere", module)
    places = {
        "mine": "elsewhere:segment",
        "wrong": "elsewhere:wrong",
        "number": "elsewhere:number",
        "broken": "nowhere_at_all:segment",
        "discdelta": "elsewhere:segment",
    }
    entries = [EntryPoint(name, place, "discdelta.segmenters") for name, place in places.items()]
    monkeypatch.setattr(registry, "entry_points", lambda group: entries)


def test_the_shipped_one_is_always_there() -> None:
    assert find_segmenter("discdelta") is segment
    assert installed()[0] == "discdelta"


@pytest.mark.usefixtures("offered")
def test_another_package_offers_one_but_cannot_take_the_shipped_ones_place() -> None:
    assert installed() == ("discdelta", "broken", "mine", "number", "wrong")
    assert find_segmenter("mine").__module__ == __name__
    assert find_segmenter("discdelta") is segment


@pytest.mark.usefixtures("offered")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nobody", "there are: discdelta, broken, mine, number, wrong"),
        ("broken", "cannot be loaded: ModuleNotFoundError"),
        ("number", "cannot be called"),
    ],
)
def test_what_cannot_be_used_says_why(name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        find_segmenter(name)


@pytest.mark.usefixtures("offered")
def test_its_work_is_recorded_and_looked_at() -> None:
    made = comparison()
    visits = made.baseline, made.followup

    def settings(name: str) -> Config:
        return Config.model_validate({"segmentation": {"segmenter": name}})

    first, _ = receive((Contribution(), Contribution()), visits, settings("mine"))
    assert [finding.code for finding in first.findings] == ["segmenter-other"]
    assert first.segment(made.baseline, settings("mine").segmentation) is made.baseline_anatomy
    first, _ = receive((Contribution(), Contribution()), visits, settings("wrong"))
    with pytest.raises(UsageError, match="gave str and no anatomy"):
        first.segment(made.baseline, settings("wrong").segmentation)
