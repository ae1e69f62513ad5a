"""Documents of settings that are only kept and shown again: how a table of their elements is read and written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple

from gatepost.vcloud import xmlio
from gatepost.vcloud.names import X
from gatepost.vcloud.versions import Traits
from gatepost.vcloud.xmlio import Element

Values = Mapping[str, str]
"""Text by name, or by `Group/Name`. What is not there is not shown."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00)?", re.ASCII)
_LONGEST_HEX = 2**18
"""Characters."""

_HEX = re.compile(r"([0-9A-Fa-f]{2})*")


class Kind(Enum):
    """What an element may hold; INT has 32 bits, LONG 64."""

    TEXT = auto()
    FLAG = auto()
    INT = auto()
    LONG = auto()
    MOMENT = auto()
    HEX = auto()
    SECRET = auto()


class Setting(NamedTuple):
    """One element. `optional`: a PUT may leave it out, and then it stays what it is; `fixed`: no PUT changes it."""

    name: str
    kind: Kind
    default: str | None
    optional: bool = False
    fixed: bool = False
    since: str | None = None
    low: int = -(2**31)
    choices: tuple[str, ...] = ()


class Group(NamedTuple):
    """An element with settings inside, which stand in the namespace `inside`."""

    name: str
    settings: tuple[Setting, ...]
    optional: bool = False
    inside: str = X
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """One document of settings: its root `tag`, its name within SystemSettings, its media type, path, and elements."""

    tag: str
    name: str
    media_type: str
    path: str
    rows: tuple[Setting | Group, ...]

    def defaults(self) -> Values:
        return {key: setting.default for key, setting in self._settings() if setting.default is not None}

    def read(self, body: Element) -> Values:
        """What a PUT changes. Raises Malformed, naming the element."""
        given: dict[str, str] = {}
        for row in self.rows:
            if isinstance(row, Setting):
                _read(row, body, row.name, given)
                continue
            group = xmlio.child(body, row.name)
            if group is None and not row.optional:
                raise xmlio.invalid(row.name, "the element is required")
            for setting in row.settings if group is not None else ():
                assert group is not None
                _read(setting, group, f"{row.name}/{setting.name}", given)
        return given

    def fill(self, element: Element, values: Values, traits: Traits) -> None:
        """Show what this version of the API knows."""
        for row in self.rows:
            if not traits.has(row.since):
                continue
            if isinstance(row, Setting):
                _show(row, element, X, values.get(row.name))
                continue
            group = xmlio.sub(element, X + row.name)
            for setting in row.settings:
                if traits.has(setting.since):
                    _show(setting, group, row.inside, values.get(f"{row.name}/{setting.name}"))

    def _settings(self) -> Iterator[tuple[str, Setting]]:
        for row in self.rows:
            if isinstance(row, Setting):
                yield row.name, row
            else:
                yield from ((f"{row.name}/{setting.name}", setting) for setting in row.settings)


def _show(setting: Setting, parent: Element, namespace: str, value: str | None) -> None:
    if value is not None:
        xmlio.sub(parent, namespace + setting.name, value)


def _read(setting: Setting, parent: Element, key: str, given: dict[str, str]) -> None:
    if setting.kind is Kind.SECRET:  # good for nothing here, so it is not even kept
        return
    text = xmlio.text_of(parent, setting.name, _LONGEST_HEX if setting.kind is Kind.HEX else xmlio.TEXT_LIMIT)
    if text is None:
        if not (setting.optional or setting.fixed):
            raise xmlio.invalid(setting.name, "the element is required")
        return
    value = _checked(setting, text)
    if not setting.fixed:
        given[key] = value


def _checked(setting: Setting, text: str) -> str:
    """The text as the element shows it. Raises Malformed."""
    name = setting.name
    match setting.kind:
        case Kind.FLAG:
            return "true" if xmlio.boolean(text, name, default=False) else "false"
        case Kind.INT | Kind.LONG:
            number = xmlio.long(text, name)
            if setting.kind is Kind.INT and not setting.low <= number < 2**31:
                raise xmlio.invalid(name, f"a whole number from {setting.low} to {2**31 - 1} is expected")
            return str(number)
        case Kind.MOMENT:
            return _moment(name, text.strip())
        case Kind.HEX if _HEX.fullmatch(text.strip()) is None:
            raise xmlio.invalid(name, "hexadecimal digits, two for each byte, are expected")
    if setting.choices and text not in setting.choices:
        raise xmlio.invalid(name, f"one of {', '.join(setting.choices)} is expected")
    return text


def _moment(name: str, text: str) -> str:
    """xs:dateTime."""
    try:
        if _MOMENT.fullmatch(text) is None:
            raise ValueError
        datetime.fromisoformat(text)
    except ValueError:
        raise xmlio.invalid(name, "a date and time such as 2014-03-12T10:41:22.101+01:00 is expected") from None
    return text


def text(name: str, default: str = "", *, optional: bool = True, since: str | None = None) -> Setting:
    return Setting(name, Kind.TEXT, default, optional, since=since)


def flag(name: str, default: bool = False, *, optional: bool = False, since: str | None = None) -> Setting:
    return Setting(name, Kind.FLAG, "true" if default else "false", optional, since=since)


def number(
    name: str, default: int, *, optional: bool = False, since: str | None = None, low: int = -(2**31)
) -> Setting:
    return Setting(name, Kind.INT, str(default), optional, since=since, low=low)


def fixed(name: str, kind: Kind, default: str, since: str | None = None) -> Setting:
    return Setting(name, kind, default, optional=True, fixed=True, since=since)


def unset(name: str, kind: Kind, since: str | None = None) -> Setting:
    """Optional, and not there until it is set."""
    return Setting(name, kind, None, optional=True, since=since)
