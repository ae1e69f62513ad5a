"""The pages that are made from the harness are up to date: requirements, the form of a report, the commands' help."""

from __future__ import annotations

import pytest

from tools.pages import PAGES, ROOT


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name: str) -> None:
    assert (ROOT / name).read_text() == PAGES[name](), "run: python -m tools.pages --write"
