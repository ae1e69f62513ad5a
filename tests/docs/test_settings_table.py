"""The tables of settings in the docs are the table of settings in the code."""

from __future__ import annotations

import re
from pathlib import Path

from gatepost.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"


def shown(default: object) -> str:
    if isinstance(default, tuple):
        return ",".join(default)
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_every_setting_stands_in_the_docs_with_its_default() -> None:
    tables = "".join((DOCS / name).read_text() for name in ("vcloud.md", "abiquo.md"))
    documented = dict(re.findall(r"^\| `([\w.]+)` \| ([^|]+?) \|", tables, re.MULTILINE))
    assert documented == {field.alias: shown(field.default) for field in Settings.model_fields.values()}
