"""The record types in the docs are those of the code, with who may ask for them."""

from __future__ import annotations

import re
from pathlib import Path

from gatepost.vcloud.query.records import Who
from gatepost.vcloud.query.types import RECORD_TYPES

DOCS = Path(__file__).parents[2] / "docs" / "vcloud.md"
WORDS = {
    "everybody": Who.EVERYBODY,
    "administrators": Who.ADMINISTRATORS,
    "system administrators": Who.SYSTEM,
}


def test_every_record_type_stands_in_the_docs() -> None:
    section = DOCS.read_text().partition("## Queries")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| ([a-z ]+) \| (`.+`) \|$", section, re.MULTILINE))
    assert {WORDS[who]: sorted(re.findall(r"`(\w+)`", types)) for who, types in rows.items()} == {
        who: sorted(one.name for one in RECORD_TYPES.values() if one.who is who) for who in Who
    }
