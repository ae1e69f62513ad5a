"""The table of version differences in the docs is the table in the code."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from gatepost.vcloud.versions import Traits

DOCS = Path(__file__).parents[2] / "docs" / "vcloud.md"


def test_every_difference_stands_in_the_docs() -> None:
    section = DOCS.read_text().partition("## Differences between API versions")[2].partition("\n## ")[0]
    documented = re.findall(r"^\| (from|before) ([\d.]+) \| (.+) \|$", section, re.MULTILINE)
    told = [trait.metadata for trait in fields(Traits)[1:]]
    assert sorted(documented) == sorted(
        ("from", when["since"], when["what"]) if "since" in when else ("before", when["before"], when["what"])
        for when in told
    )
