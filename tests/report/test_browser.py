"""The page in a real browser: scrolling moves both visits, outlines can be switched off, nothing is fetched."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from pipeline.report.as_html import render_html
from tests.report import cases

pytestmark = pytest.mark.system

PROBE = """
<script>
(() => {
  const viewer = document.querySelector("#view-sagittal"), stage = viewer.querySelector(".slices");
  const axial = document.querySelector("#view-axial");
  const seen = () => [...viewer.querySelectorAll(".film img, .film svg")].filter((e) => e.getClientRects().length);
  const state = (root = viewer) => ({
    shown: [...root.querySelectorAll(".slice")].filter((s) => s.getClientRects().length).map((s) => +s.dataset.index),
    pictures: seen().filter((e) => e.tagName === "IMG").length,
    roles: seen().filter((e) => e.tagName === "IMG").map((e) => e.dataset.role),
    slider: +root.querySelector("input[type=range]").value,
    words: root.querySelector("output").textContent,
    fragments: [...root.querySelectorAll(".shown .o.fragment")].filter((e) => e.getClientRects().length).length,
    bones: [...root.querySelectorAll(".shown .o.bone")].filter((e) => e.getClientRects().length).length,
  });
  const key = (name, at = document.body) => at.dispatchEvent(new KeyboardEvent("keydown", {key: name, bubbles: true}));
  const result = {};
  result.start = state();
  key("ArrowDown", stage);
  result.down = state();
  stage.dispatchEvent(new WheelEvent("wheel", {deltaY: -120, bubbles: true, cancelable: true}));
  result.wheel = state();
  const slider = viewer.querySelector("input[type=range]");
  slider.value = "0";
  slider.dispatchEvent(new Event("input"));
  result.slider = state();
  key("ArrowUp", stage);
  result.stopped = state();
  slider.value = String(result.start.slider);
  slider.dispatchEvent(new Event("input"));
  key("f");
  result.noFragment = [state(), state(axial)];
  key("f"); key("b");
  result.bone = state();
  key("o");
  result.noOutlines = state();
  viewer.querySelector("button[data-role=sagittal_t1]").click();
  result.t1 = state();
  const blend = document.querySelector(".blend");
  const layers = () => [...blend.querySelectorAll("img")].filter((e) => e.getClientRects().length).length;
  result.layers = [layers()];
  document.querySelector("[data-blend=mix]").click();
  result.layers.push(layers());
  result.distortion = [...document.querySelectorAll(".film img")].filter((e) => e.getClientRects().length).map((e) => {
    const box = e.getBoundingClientRect();
    return (box.width / box.height) / (e.naturalWidth / e.naturalHeight);
  });
  result.fetched = performance.getEntriesByType("resource").map((e) => e.name).filter((n) => !n.startsWith("data:"));
  const out = document.createElement("pre");
  out.id = "probe";
  out.textContent = JSON.stringify(result);
  document.body.append(out);
})();
</script>
"""


FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1300,1000",
    "--virtual-time-budget=4000",
)


@pytest.fixture(scope="module")
def browser() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("no chromium here: install the system package chromium to drive the page")


def dump(browser: str, folder: Path, page: str, fragment: str = "") -> str:
    """The document after its scripts have run."""
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    command = [browser, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", path.as_uri() + fragment]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def probed(browser: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    page, _ = render_html(cases.comparison())
    document = dump(browser, tmp_path_factory.mktemp("browser"), page.replace("</body>", PROBE + "</body>"))
    found = re.search(r'<pre id="probe">(.*?)</pre>', document, re.DOTALL)
    assert found, "the page's script did not reach its end"
    return dict(json.loads(unescape(found.group(1))))


def test_one_slice_of_both_visits_is_shown(probed: dict[str, Any]) -> None:
    start = probed["start"]
    assert len(start["shown"]) == 1
    assert start["pictures"] == 2
    assert start["words"].endswith("through the centre")


def test_keys_wheel_and_slider_move_both_visits(probed: dict[str, Any]) -> None:
    first = probed["start"]["slider"]
    for step, expected in (("down", first + 1), ("wheel", first), ("slider", 0), ("stopped", 0)):
        assert probed[step]["shown"] == [expected]
        assert probed[step]["slider"] == expected
        assert probed[step]["pictures"] == 2


def test_outlines_are_switched_off_and_on_in_both_planes(probed: dict[str, Any]) -> None:
    assert probed["start"]["fragments"] == 2
    assert [view["fragments"] for view in probed["noFragment"]] == [0, 0]
    assert (probed["bone"]["fragments"], probed["bone"]["bones"] > 0) == (2, True)
    assert probed["start"]["bones"] == 0
    assert probed["noOutlines"]["fragments"] == probed["noOutlines"]["bones"] == 0


def test_another_series_is_shown_at_both_visits(probed: dict[str, Any]) -> None:
    assert probed["start"]["roles"] == ["sagittal_t2"] * 2
    assert probed["t1"]["roles"] == ["sagittal_t1"] * 2


def test_visits_are_blended(probed: dict[str, Any]) -> None:
    assert probed["layers"] == [1, 3]


def test_pictures_keep_their_proportions(probed: dict[str, Any]) -> None:
    assert all(abs(ratio - 1) < 0.01 for ratio in probed["distortion"])


def test_nothing_is_fetched(probed: dict[str, Any]) -> None:
    assert probed["fetched"] == []


def test_an_address_opens_a_slice_without_outlines(browser: str, tmp_path: Path) -> None:
    page, _ = render_html(cases.comparison())
    document = dump(browser, tmp_path, page, "#slice=2&outlines=off")
    sagittal = document.split('id="view-sagittal"')
    assert "hide-all" in sagittal[0].rsplit("<section", 1)[1]
    shown = re.findall(r'class="slice[^"]*\bshown\b[^"]*" data-index="(\d+)"', sagittal[1].split("</section>")[0])
    assert shown == ["1"]
