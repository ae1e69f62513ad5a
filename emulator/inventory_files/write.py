"""An inventory as YAML, and the JSON schema of inventories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import BaseModel

from gatepost.core.seed import Part
from gatepost.inventory_files.model import InventoryFile

_NAMES = frozenset({"name", "nick", "label", "moref", "key"})
HEAD = """\
# yaml-language-server: $schema=./inventory.schema.json
# An inventory of Gatepost: `gatepost serve --inventory FILE`. An editor that knows the comment above completes the keys
# once `gatepost inventory --schema > inventory.schema.json` has put the schema beside this file.
"""


def slim(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data of both dialects without what goes without saying; their own keys are all there, to be changed."""
    file = InventoryFile.model_validate(facts)
    parts = {
        "settings": _plain(file.settings),
        "vcloud": _dialect(file.vcloud),
        "abiquo": _dialect(file.abiquo),
    }
    return {name: part for name, part in parts.items() if part}


def _dialect(plan: Part) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in type(plan).model_fields:
        value = getattr(plan, name)
        if isinstance(value, list):
            found[name] = [_names_first(_plain(one)) for one in value]
        else:
            found[name] = value.model_dump(mode="json", exclude_none=True)
    return found


def _plain(part: BaseModel) -> dict[str, Any]:
    return part.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _names_first(part: Any) -> Any:
    if isinstance(part, list):
        return [_names_first(one) for one in part]
    if isinstance(part, dict):
        keys = sorted(part, key=lambda key: key not in _NAMES)
        return {key: _names_first(part[key]) for key in keys}
    return part


def write(facts: Mapping[str, Any]) -> str:
    """Plain data as YAML with a head."""
    return HEAD + yaml.dump(dict(facts), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def schema() -> dict[str, Any]:
    """The JSON schema of inventory files."""
    own = InventoryFile.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **own, "title": "Gatepost inventory"}


class _Dumper(yaml.SafeDumper):
    """Indents lists, and writes no aliases."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:
        return True
