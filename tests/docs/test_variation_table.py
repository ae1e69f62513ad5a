"""The table of kinds in docs/variation.md is that of the code."""

from __future__ import annotations

import re
from pathlib import Path

from gatepost.variation import Kind

DOCS = Path(__file__).parents[2] / "docs" / "variation.md"


def test_every_kind_stands_in_the_docs_in_its_order() -> None:
    section = DOCS.read_text().partition("## The kinds")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(Kind)
