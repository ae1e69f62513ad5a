"""The tests of docs/testing-your-connector.md, as a reader copies them, against the connectors in examples/.

They are tests of this module: the page's code runs here, each block at the lines where it stands on the page.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "testing-your-connector.md"

# The page's own patience is a minute, several times over.
pytestmark = pytest.mark.timeout(300)


def blocks() -> Iterator[str]:
    """The page's code, with the empty lines before it that make its line numbers those of the page."""
    text = PAGE.read_text()
    for found in re.finditer(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield "\n" * text.count("\n", 0, found.start(1)) + found[1]


for _block in blocks():
    exec(compile(_block, PAGE, "exec"), globals())


@pytest.fixture(autouse=True)
def _in_the_folder_of_the_connectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "examples")


def test_there_are_ten_and_each_is_short() -> None:
    functions = [part for block in blocks() for part in ast.parse(block).body if isinstance(part, ast.FunctionDef)]
    tests = [part for part in functions if part.name.startswith("test_")]
    assert len({test.name for test in tests}) == len(tests) == 10
    for test in tests:
        assert (test.end_lineno or 0) - test.lineno + 1 < 10, test.name
        assert test.name in globals()
