"""What an entry must be like."""

from __future__ import annotations

from collections.abc import Callable
from difflib import SequenceMatcher
from functools import cache, cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from gatepost.core.journal import Entry
from gatepost.core.patterns import Pattern, compiled

_HEADER = "header."


class InvalidLike(ValueError):
    """A condition that no entry can be held against; the text names the field, and what would do."""


class Difference(BaseModel):
    """A field that is not as wanted."""

    wanted: str | int
    seen: str | int | None


class Like(BaseModel):
    """Fields of an entry of the journal; what is not named may be anything.

    In texts `*` stands for any characters and `?` for one; what an entry does not have matches nothing. `kind` matches
    its kinds too, as `http` does `http.request`, and `path` a path with or without its query. `body` needs only to
    occur somewhere in the body, and `headers` are found whatever the case of their names. `exchange` and `routing_key`
    are those of AMQP entries, `method` and `path` those of HTTP's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Pattern | None = None
    direction: Pattern | None = None
    dialect: Pattern | None = None
    method: Pattern | None = None
    path: Pattern | None = None
    exchange: Pattern | None = None
    routing_key: Pattern | None = None
    status: int | None = None
    user: Pattern | None = None
    task: Pattern | None = None
    note: Pattern | None = None
    fault: int | None = None
    headers: dict[str, Pattern] = {}
    body: Pattern | None = None

    @model_validator(mode="after")
    def _is_not_empty(self) -> Like:
        if not self.checks:
            raise ValueError("name at least one field, such as kind or path")
        return self

    def fits(self, entry: Entry) -> bool:
        # Asked of every entry of a full journal: a loop takes half of the time of all().
        for check in self.checks:  # noqa: SIM110
            if not check.fits(check.value(entry)):
                return False
        return True

    @property
    def asks_late(self) -> bool:
        """Whether it asks for what is filled in only after a request was noted: who asks, and about what."""
        return not {"user", "task", "note", "fault"}.isdisjoint(check.field for check in self.checks)

    def differences(self, entry: Entry) -> dict[str, Difference]:
        """Each field that is not as wanted."""
        found = {}
        for check in self.checks:
            seen = check.value(entry)
            if not check.fits(seen):
                found[check.field] = Difference(wanted=check.wanted, seen=_shown(seen))
        return found

    def similarity(self, entry: Entry) -> float:
        """How much of the texts that are wanted stands in it, from 0 to 1 for each that does not fit."""
        return sum(
            _overlap(check.wanted, value) for check in self.checks if not check.fits(value := check.value(entry))
        )

    def __str__(self) -> str:
        return " ".join(f"{check.field}={check.wanted}" for check in self.checks)

    @cached_property
    def checks(self) -> list[_Check]:
        named = [_Check(field, getattr(self, field), value) for field, value in _VALUES.items()]
        headers = [_Check(_HEADER + name.lower(), wanted, _header(name)) for name, wanted in self.headers.items()]
        return [check for check in (*named, *headers) if check.wanted is not None]


Value = Callable[[Entry], str | int | None]


class _Check:
    """One field of a condition."""

    def __init__(self, field: str, wanted: Any, value: Value) -> None:
        self.field = field
        self.wanted = wanted
        self.value = value
        self._matches: Callable[[str], object] | None = _test(field, wanted) if isinstance(wanted, str) else None

    def fits(self, seen: str | int | None) -> bool:
        if self._matches is None:
            return bool(seen == self.wanted)
        return seen is not None and bool(self._matches(str(seen)))


def _test(field: str, wanted: str) -> Callable[[str], object]:
    if field == "body":
        return (lambda seen: wanted in seen) if {"*", "?"}.isdisjoint(wanted) else compiled(f"*{wanted}*").fullmatch
    matches = compiled(wanted).fullmatch
    if field == "kind":
        # There are few kinds and many entries.
        return cache(lambda seen: matches(seen) or matches(seen.partition(".")[0]))
    if field == "path":
        return lambda seen: matches(seen) or ("?" in seen and matches(seen.partition("?")[0]))
    return matches


def _header(name: str) -> Value:
    lowered = name.lower()

    def value(entry: Entry) -> str | None:
        found = next((value for key, value in entry.headers.items() if key.lower() == lowered), None)
        return None if found is None else str(found)

    return value


_VALUES: dict[str, Value] = {
    "kind": lambda entry: entry.kind,
    "direction": lambda entry: entry.direction,
    "dialect": lambda entry: entry.dialect,
    "method": lambda entry: None if _is_amqp(entry) else entry.method,
    "path": lambda entry: None if _is_amqp(entry) else entry.path,
    "exchange": lambda entry: entry.method if _is_amqp(entry) else None,
    "routing_key": lambda entry: entry.path if _is_amqp(entry) else None,
    "status": lambda entry: entry.status,
    "user": lambda entry: entry.user,
    "task": lambda entry: entry.task,
    "note": lambda entry: entry.note,
    "fault": lambda entry: entry.fault,
    "body": lambda entry: entry.body.decode("utf-8", "replace"),
}


def _overlap(wanted: object, seen: object) -> float:
    """The longest piece that both have, as a part of what is wanted."""
    if not isinstance(wanted, str) or not isinstance(seen, str):
        return 0.0
    seen = seen[:2_000]
    match = SequenceMatcher(None, wanted, seen, autojunk=False).find_longest_match()
    return match.size / len(wanted)


def _is_amqp(entry: Entry) -> bool:
    return entry.kind.startswith("amqp.")


def _shown(seen: str | int | None) -> str | int | None:
    return seen[:500] + "…" if isinstance(seen, str) and len(seen) > 500 else seen


def parse_like(fields: Any) -> Like:
    """A condition from JSON's types; `header.NAME` is a header too. Raises InvalidLike."""
    if isinstance(fields, dict):
        headers = {name[len(_HEADER) :]: fields[name] for name in fields if name.startswith(_HEADER)}
        rest = {name: value for name, value in fields.items() if not name.startswith(_HEADER)}
        more = rest.get("headers", {})
        fields = {**rest, "headers": {**more, **headers}} if headers and isinstance(more, dict) else fields
    try:
        return Like.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        known = f"; there are {', '.join(Like.model_fields)}" if first["type"] == "extra_forbidden" else ""
        raise InvalidLike(f"{field}: {first['msg']}{known}" if field else first["msg"]) from None
