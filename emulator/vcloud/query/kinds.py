"""Kinds of attributes: how a filter's text is read, how values compare, how they are written (reference, section 9)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from gatepost.core.clock import iso
from gatepost.core.ids import UUID_PATTERN

Value = Any
"""What an attribute reads from an object: of the type that its kind is about, or None where the object has no such."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_ID = re.compile(rf"(?:urn:vcloud:\w+:|(?:https?://|/)\S*[/-])?({UUID_PATTERN.pattern})/?", re.IGNORECASE | re.ASCII)
_LOWEST = float("-inf")


class Named(Protocol):
    """What a reference points at."""

    @property
    def kind(self) -> str: ...

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """`expected` says what `parse` takes; it raises ValueError for anything else. `key` makes a value comparable with
    what `parse` gives and with others, all of which sort behind `lowest`. Only `ordered` kinds know less and greater in
    a filter.
    """

    expected: str
    parse: Callable[[str], Any]
    key: Callable[[Value], Any]
    lowest: Any
    write: Callable[[Value], str]
    ordered: bool = False


def milliseconds(moment: float) -> int:
    """The moment as precisely as `iso` shows it, so that a value read from a record finds that record again."""
    return int(moment // 1) * 1000 + round(moment % 1 * 1e6) // 1000


def urn(target: Named) -> str:
    return f"urn:vcloud:{target.kind}:{target.id}"


def id_in(text: str) -> str | None:
    """The bare id of a URN, an href or an id; None in any other text, such as a name."""
    match = _ID.fullmatch(text)
    return match[1].lower() if match is not None else None


def _itself(value: Value) -> Value:
    return value


def _number(text: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(text)
    return int(text)


def _flag(text: str) -> bool:
    flag = _FLAGS.get(text.lower())
    if flag is None:
        raise ValueError(text)
    return flag


def _moment(text: str) -> int:
    # The plus sign of an offset arrives as a blank where a client did not encode it.
    moment = datetime.fromisoformat(text[:19] + text[19:].replace(" ", "+"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return milliseconds(moment.timestamp())


TEXT = Kind("a text", str.casefold, str.casefold, "", _itself)
NUMBER = Kind("a whole number", _number, _itself, _LOWEST, str, ordered=True)
FLAG = Kind("true or false", _flag, _itself, _LOWEST, {True: "true", False: "false"}.__getitem__)
MOMENT = Kind("a date such as 2014-03-12T10:41:22.101Z", _moment, milliseconds, _LOWEST, iso, ordered=True)
REFERENCE = Kind("a name, href or URN", str.casefold, lambda target: target.name.casefold(), "", urn)
