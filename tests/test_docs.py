"""What the documents promise: links lead somewhere, options exist, and the examples run as they are printed."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.main import get_command

import pipeline.workflow
from pipeline.cli import app
from pipeline.dicom.skipping import _REASONS

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")]
NAMES = [str(page.relative_to(REPOSITORY)) for page in PAGES]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[list[str]]:
    """Arguments of every line of a shell example that begins with ``discdelta``."""
    lines = (line for block in blocks(page, "sh") for line in block.splitlines())
    found = (re.search(r"(?:^|\$\(|/)discdelta (.*)", line) for line in lines)
    return [shlex.split(match[1].split(")")[0], comments=True) for match in found if match]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_and_options_exist(page: Path) -> None:
    known = get_command(app).commands  # type: ignore[attr-defined]
    for arguments in commands(page):
        name = arguments[0]
        if name.startswith("-"):
            continue
        assert name in known, f"{page.name} names a command {name}"
        options = {option for parameter in known[name].params for option in parameter.opts}
        used = {argument for argument in arguments if argument.startswith("-") and argument != "-"}
        assert used <= options, f"{page.name}: discdelta {' '.join(arguments)}"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_python_examples_are_python(page: Path) -> None:
    for block in blocks(page, "python"):
        compile(block, str(page), "exec")


@pytest.mark.slow
def test_python_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both pages compare the same pair, so it is computed once."""
    compare, computed = pipeline.workflow.compare, []

    def compare_once(baseline: object, followup: object = None, **options: object) -> object:
        if followup == "nowhere" or not computed:
            computed.append(compare(baseline, followup, **options))  # type: ignore[arg-type]
        return computed[0]

    monkeypatch.setattr(pipeline.workflow, "compare", compare_once)
    (tmp_path / "sample_dicoms").symlink_to(REPOSITORY / "sample_dicoms")
    monkeypatch.chdir(tmp_path)
    for name in ("README.md", "docs/use-from-python.md"):
        for block in blocks(REPOSITORY / name, "python"):
            exec(compile(block, name, "exec"), {"__name__": "example"})
        assert (tmp_path / "demo-report" / "from-python" / "report.html").is_file()
        shutil.rmtree(tmp_path / "demo-report")


def codes_of_findings() -> set[str]:
    """Codes given to ``Finding`` anywhere in the package, and those of files that are left out."""
    calls = (
        node
        for path in (REPOSITORY / "pipeline").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding" and node.args
    )
    given = {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)}
    return {str(code) for code in given} | set(_REASONS)


def test_every_finding_is_explained_and_no_other() -> None:
    page = (REPOSITORY / "docs" / "findings.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `([a-z0-9-]+)` \|", page, re.MULTILINE))
    codes = codes_of_findings()
    assert codes - explained == set(), "add these to docs/findings.md"
    assert explained - codes == set(), "docs/findings.md explains findings that are never made"
