"""An inventory as YAML, and the JSON schema of inventories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from gatepost.inventory_files.model import InventoryFile

HEAD = """\
# yaml-language-server: $schema=./inventory.schema.json
# An inventory of Gatepost: `gatepost serve --inventory FILE`. An editor that knows the comment above completes the keys
# once `gatepost inventory --schema > inventory.schema.json` has put the schema beside this file.
"""


def slim(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is not as it is anyway, as plain data."""
    file = InventoryFile.model_validate(facts)
    return file.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def write(facts: Mapping[str, Any]) -> str:
    """Plain data as YAML with a head."""
    return HEAD + yaml.dump(dict(facts), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def schema() -> dict[str, Any]:
    """The JSON schema of inventory files."""
    own = InventoryFile.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Gatepost inventory", **own}


class _Dumper(yaml.SafeDumper):
    """Indents lists, and writes no aliases."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:
        return True
