"""The page shows what was measured, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from training.evaluation.tables import TABLES, markdown, rendered

PAGES = ("evaluation.md", "model-card.md")


@pytest.fixture(scope="module")
def results(repository: Path) -> dict[str, Any]:
    path = repository / "training" / "evaluation" / "results.json"
    measured: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return measured


@pytest.mark.parametrize("name", PAGES)
def test_the_page_shows_the_measured_figures(repository: Path, results: dict[str, Any], name: str) -> None:
    page = (repository / "docs" / name).read_text(encoding="utf-8")
    assert rendered(page, results) == page, "run `python -m training.evaluation --write`"


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_on_a_page(repository: Path, name: str) -> None:
    pages = "".join((repository / "docs" / page).read_text(encoding="utf-8") for page in PAGES)
    assert f"<!-- table: {name} -->" in pages


def test_filling_a_page_leaves_the_rest_alone(results: dict[str, Any]) -> None:
    page = "before\n<!-- table: goals -->\nold\n<!-- end -->\nafter\n"
    filled = rendered(page, results)
    assert filled.startswith("before\n<!-- table: goals -->\n| what |")
    assert filled.endswith("|\n<!-- end -->\nafter\n")
    assert "old" not in filled


def test_a_table_is_markdown() -> None:
    assert markdown(["a", "b"], [[1, 2.5]]) == "| a | b |\n| --- | --- |\n| 1 | 2.5 |"
