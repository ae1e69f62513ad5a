"""The tests of docs/testing-your-connector.md, as a reader copies them, against the connectors in examples/."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "testing-your-connector.md"

pytest_plugins = ["pytester"]


def blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def ten() -> list[str]:
    return [block for block in blocks() if "\ndef test_" in f"\n{block}"]


def test_there_are_ten_and_each_is_short() -> None:
    assert len(ten()) == 10
    for text in ten():
        body = text[text.index("def test_") :].strip().splitlines()
        assert len(body) < 10, text


@pytest.mark.timeout(300)
def test_they_pass(pytester: pytest.Pytester) -> None:
    fixtures = [block for block in blocks() if block.startswith("# conftest.py")]
    pytester.makeconftest("\n\n".join(fixtures))
    pytester.makepyfile(test_page="\n\n".join(ten()))
    for example in (ROOT / "examples").glob("*.py"):
        shutil.copy(example, pytester.path)
    run = pytester.runpytest_subprocess("-n", "2", "-p", "no:cacheprovider")
    run.assert_outcomes(passed=10)
