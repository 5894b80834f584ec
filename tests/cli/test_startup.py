"""Asking for the version must not cost a second: nothing heavy is imported before a command needs it."""

from __future__ import annotations

import subprocess
import sys

from pipeline import __version__

HEAVY = {"numpy", "scipy", "skimage", "SimpleITK", "onnxruntime", "pydicom", "nibabel", "jinja2", "PIL"}


def test_the_command_line_imports_nothing_heavy() -> None:
    code = f"import sys, pipeline.cli; print(sorted({HEAVY!r} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_the_installed_command_says_its_version() -> None:
    code = "import sys; from pipeline.cli import main; sys.argv = ['discdelta', '--version']; main()"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == f"discdelta {__version__}\n"
