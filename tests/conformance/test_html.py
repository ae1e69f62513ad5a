"""The HTML report in a real browser: it runs its own script and no other, fits the window, and answers to the keys."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from lxml import html

from tests.conformance.conftest import Run

pytestmark = [pytest.mark.xdist_group("conformance-runs"), pytest.mark.timeout(300), pytest.mark.slow]

# Runs as a part of a copy without the policy; leaves what it found in the DOM.
PROBE = """
<script>
const found = document.createElement("pre");
found.id = "found";
const press = (key) => dispatchEvent(new KeyboardEvent("keydown", { key }));
press("n");
document.querySelector("button[data-open]")?.click();
document.querySelector("button[data-verdict=pass]").click();
found.textContent = JSON.stringify({
  wide: document.documentElement.scrollWidth > innerWidth,
  focus: document.activeElement.id,
  open: document.querySelectorAll(".timeline details[open]").length,
  rules: [...document.querySelectorAll(".rule")].filter((one) => !one.hidden).map((one) => one.id),
});
document.body.append(found);
</script>
"""


@pytest.fixture(scope="module")
def chromium() -> str:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    return path


def dom(chromium: str, page: Path, folder: Path, size: str = "1280,1000") -> tuple[html.HtmlElement, str]:
    """The page's elements after its script has run, and what the browser's log says."""
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    command += [f"--user-data-dir={folder / 'browser'}", f"--window-size={size}", "--enable-logging=stderr"]
    ended = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=200, check=True
    )
    return html.fromstring(ended.stdout), ended.stderr


def test_it_runs_its_own_script_and_no_other(chromium: str, failing: Run, tmp_path: Path) -> None:
    page, log = dom(chromium, failing.folder / "report.html", tmp_path)
    assert page.get("class") == "script", log
    assert not page.cssselect("[data-owned]")
    assert "Content Security Policy" not in log
    assert page.cssselect("h1")[0].text_content() == "acme <img src=x onerror=document.body.dataset.owned=1>"
    assert not page.cssselect("img, iframe, link, object")


def test_the_policy_stops_what_is_slipped_in(chromium: str, failing: Run, tmp_path: Path) -> None:
    slipped = tmp_path / "slipped.html"
    slipped.write_text(
        failing.read("report.html").replace("</main>", "<script>document.body.dataset.owned = 1</script></main>")
    )
    page, log = dom(chromium, slipped, tmp_path)
    assert page.get("class") == "script"
    assert not page.cssselect("[data-owned]")
    assert "Content Security Policy" in log


@pytest.mark.parametrize("size", ["1280,1000", "390,1000"])
def test_it_fits_and_answers(chromium: str, failing: Run, tmp_path: Path, size: str) -> None:
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", failing.read("report.html"))
    probed = tmp_path / "probed.html"
    probed.write_text(text.replace("</body>", PROBE + "</body>"))
    page, log = dom(chromium, probed, tmp_path, size)
    (found,) = page.cssselect("#found")
    assert found.text_content().startswith('{"wide":false,"focus":"failure-VCD-DEC-2","open":'), log
    assert '"open":0' not in found.text_content()
    assert found.text_content().endswith('"rules":["rule-VCD-DEC-1"]}')


def test_what_it_tells(failing: Run) -> None:
    page = html.fromstring(failing.read("report.html"))
    cells = {cell.cssselect(".id")[0].text_content().split()[0]: cell.get("href") for cell in page.cssselect("a.cell")}
    assert cells == {"VCD-DEC-1": "#rule-VCD-DEC-1", "VCD-DEC-2": "#failure-VCD-DEC-2"}
    for target in cells.values():
        assert page.cssselect(f"[id='{str(target)[1:]}']")
    (failure,) = page.cssselect(".failure")
    told = " ".join(failure.text_content().split())
    for part in ("Source: vCloud API reference", "the connector took fail", "gatepost check", "last output"):
        assert part in told
    assert len(failure.cssselect(".moment.near")) == 1
    assert failure.cssselect("details .detail")


def test_it_needs_nothing_from_elsewhere(failing: Run, passing: Run) -> None:
    for run in (failing, passing):
        text = run.read("report.html")
        page = html.fromstring(text)
        assert not page.cssselect("[src], link, [style], [onclick], form")
        assert [one.get("href") for one in page.cssselect("a") if not str(one.get("href")).startswith("#")] == []
        assert "url(" not in text
        assert "@import" not in text
