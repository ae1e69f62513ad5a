"""From a file, its text or its data to an inventory; every fault with its place."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gatepost.core.seed import Path, Problem, near
from gatepost.inventory_files.errors import InvalidInventory
from gatepost.inventory_files.model import InventoryFile, problems
from gatepost.inventory_files.source import MOST_BYTES, Source, parse
from gatepost.inventory_files.write import schema

MOST_FAULTS = 100

_WORDS = {
    "string_type": "text is expected",
    "int_type": "a whole number is expected",
    "float_type": "a number is expected",
    "bool_type": "true or false is expected",
    "list_type": "a list is expected",
    "tuple_type": "a list is expected",
    "dict_type": "keys with values are expected",
    "model_type": "keys with values are expected",
    "missing": "it is required",
}


def load(given: FilePath | str | Mapping[str, Any]) -> InventoryFile:
    """An inventory from a path, from YAML text (of more than one line), or from data. Raises InvalidInventory."""
    if isinstance(given, Mapping):
        source = Source("inventory", dict(given))
    elif isinstance(given, str) and "\n" in given:
        source = parse(given, "inventory")
    else:
        source = parse(_read(FilePath(given)), str(given))
    try:
        file = InventoryFile.model_validate(source.data)
        found = list(problems(file))
    except ValidationError as error:
        found = [_problem(details) for details in error.errors(include_url=False)]
    except RecursionError:
        raise InvalidInventory(source.name, ["it is nested too deeply"]) from None
    if found:
        found.sort(key=lambda problem: source.order(problem.path))
        raise InvalidInventory(source.name, [_fault(source, problem) for problem in found[:MOST_FAULTS]])
    return file


def _read(path: FilePath) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        said = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidInventory(str(path), [f"cannot be read: {said}"]) from None
    if len(content) > MOST_BYTES:
        raise InvalidInventory(str(path), [f"it has more than {MOST_BYTES >> 20} MiB"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InvalidInventory(str(path), [f"line {line}: it is not UTF-8"]) from None


def _fault(source: Source, problem: Problem) -> str:
    where, path = source.where(problem.path), _spell(problem.path)
    return ": ".join(part for part in (where, path, problem.text) if part)


def _spell(path: Path) -> str:
    """As `organizations[0].vdcs[1].name`."""
    parts = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in path]
    return "".join(parts).removeprefix(".")


def _problem(details: ErrorDetails) -> Problem:
    path, kind, context = details["loc"], details["type"], details.get("ctx", {})
    if path and path[-1] == "[key]":
        path = path[:-1]
    if kind == "extra_forbidden":
        return Problem(path, "unknown key" + (near(str(path[-1]), _keys(path[:-1])) or _choice(path[:-1])))
    if kind == "value_error":
        return Problem(path, str(context["error"]))
    if kind == "literal_error":
        return Problem(
            path, f"{context['expected']} is expected, not {_shown(details['input'])}{_advice(details['input'])}"
        )
    if kind in _WORDS:
        advice = _advice(details["input"]) if kind == "string_type" else ""
        return Problem(path, _WORDS[kind] + ("" if kind == "missing" else f", not {_shown(details['input'])}{advice}"))
    said = details["msg"].removeprefix("Value error, ").replace("Input should", "it should")
    return Problem(path, said[:1].lower() + said[1:])


def _choice(path: Path) -> str:
    known = _keys(path)
    return f"; there is {', '.join(known)}" if 0 < len(known) <= 30 else ""


def _advice(value: object) -> str:
    """YAML reads OFF, no and 12 as other things than texts."""
    return ": put it in quotes" if isinstance(value, bool | int | float) else ""


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return repr(value[:40])
        case int() | float():
            return str(value)[:40] if not isinstance(value, int) or value.bit_length() < 1_000 else "a huge number"
        case dict():
            return "keys with values"
    return "a list"


@functools.cache
def _schema() -> dict[str, Any]:
    return schema()


def _keys(path: Path) -> list[str]:
    """The keys that can stand at a path, by the schema."""
    here = _schema()
    for step in path:
        here = _resolved(here)
        here = here.get("items", {}) if isinstance(step, int) else here.get("properties", {}).get(step, {})
    return list(_resolved(here).get("properties", {}))


def _resolved(part: dict[str, Any]) -> dict[str, Any]:
    """What a reference, or the one choice that is not null, stands for."""
    for choice in part.get("anyOf", ()):
        if choice.get("type") != "null":
            part = choice
    if "$ref" in part:
        part = _schema()["$defs"][part["$ref"].rpartition("/")[2]]
    return part
