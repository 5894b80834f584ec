"""Where a result may go: not among the images, and in the place of nothing but an earlier result."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cli.output import refuse_foreign, require_apart
from pipeline.errors import UsageError
from pipeline.report.as_html import render_html
from tests.report import cases


def test_a_result_is_not_written_among_the_images(tmp_path: Path) -> None:
    images = tmp_path / "study"
    images.mkdir()
    with pytest.raises(UsageError, match="holds the images themselves"):
        require_apart(tmp_path / "other" / ".." / "study", [None, images])
    require_apart(images / "report", [images])
    require_apart(tmp_path, [images, images / "file.dcm"])


def test_a_page_of_another_program_is_kept(tmp_path: Path) -> None:
    made = cases.comparison()
    (tmp_path / "report.html").write_text("<html><title>Discharge letter</title></html>", encoding="utf-8")
    with pytest.raises(UsageError, match="is not of discdelta"):
        refuse_foreign(tmp_path, made.baseline, made.followup)


def test_the_page_of_a_killed_run_is_replaced(tmp_path: Path) -> None:
    made = cases.comparison()
    page, _ = render_html(made)
    (tmp_path / "report.html").write_text(page, encoding="utf-8")
    refuse_foreign(tmp_path, made.baseline, made.followup)
