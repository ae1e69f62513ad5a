"""JSON, written in one of the many ways that mean the same."""

from __future__ import annotations

import json
import random
from typing import Any

from gatepost.variation.chance import Chance
from gatepost.variation.kinds import Kind
from gatepost.variation.order import shuffled_pairs

UNKNOWN_MEMBERS = ("revision", "x-shard", "hints", "costCentre", "_meta")
_FLAT: tuple[Any, ...] = ("blue", 42, True, None, 1.5, "2014-03-12T10:41:22Z")
_VALUES: tuple[Any, ...] = (*_FLAT, ["a", "b"], {"a": {"b": []}})
_INDENTS = (None, 1, 2, "\t")
_SEPARATORS = ((",", ":"), (", ", ": "), (" , ", " : "))


def read(body: bytes) -> Any:
    """The document; None for what is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def write(document: Any, chance: Chance) -> bytes:
    """The document with its members in another order, other white space, and other escapes, as wanted."""
    order, blanks, encoding = (chance.of(kind) for kind in (Kind.ORDER, Kind.WHITESPACE, Kind.ENCODING))
    if order is not None:
        document = _reordered(document, order)
    indent = separators = None
    end = ""
    if blanks is not None:
        indent, separators, end = blanks.choice(_INDENTS), blanks.choice(_SEPARATORS), blanks.choice(("", "\n"))
    text = json.dumps(document, ensure_ascii=encoding is not None, indent=indent, separators=separators) + end
    if encoding is not None:
        text = text.replace("/", "\\/")  # in JSON a slash can only stand in a text
    return text.encode("utf-8", "replace")


def add_members(document: dict[str, Any], source: random.Random, *, flat: bool = False) -> None:
    """One or two that nobody knows; into a `flat` document only such as leave it flat."""
    for name in source.sample(UNKNOWN_MEMBERS, source.randint(1, 2)):
        document.setdefault(name, source.choice(_FLAT if flat else _VALUES))


def _reordered(value: Any, source: random.Random) -> Any:
    if isinstance(value, list):
        return [_reordered(item, source) for item in value]
    if isinstance(value, dict):
        return {name: _reordered(item, source) for name, item in shuffled_pairs(value.items(), source)}
    return value
