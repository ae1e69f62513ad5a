"""FIQL, the filter language of the query service: text to expression and back. What it means is told in `filters`.

`;` is and, `,` is or and binds weaker, parentheses group (reference, section 9).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, unquote

LONGEST = 8_192
"""Characters of a filter."""

DEEPEST = 32
"""Parentheses within parentheses."""

MOST = 256
"""Comparisons in one filter."""


class InvalidFilter(ValueError):
    """A text that is no filter; the message says where and what would do."""


class Operator(StrEnum):
    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "=lt="
    AT_MOST = "=le="
    GREATER = "=gt="
    AT_LEAST = "=ge="


@dataclass(frozen=True, slots=True)
class Comparison:
    attribute: str
    operator: Operator
    value: str


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more parts."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more parts."""

    parts: tuple[Expression, ...]


Expression = Comparison | And | Or

_HEAD = re.compile(r"([A-Za-z][\w.@:-]*)(==|!=|=lt=|=le=|=gt=|=ge=)", re.ASCII)
_PLAIN = re.compile(r"[^;,()]*")
_ESCAPED = re.compile(r"(?:\\.|[^;,()\\])*", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def parse(text: str, *, encoded: bool = False, escapes: bool = False) -> Expression:
    """The expression that a filter says. Raises InvalidFilter.

    With `encoded` each value is percent-encoded once more than the URL it came in; with `escapes` a backslash takes the
    meaning from the character behind it.
    """
    if len(text) > LONGEST:
        raise InvalidFilter(f"it has {len(text)} characters; at most {LONGEST} are allowed")
    return _Parser(text, encoded, escapes).whole()


def write(expression: Expression) -> str:
    """The filter that says this, with encoded values."""
    match expression:
        case Comparison(attribute, operator, value):
            return f"{attribute}{operator}{quote(value, safe='')}"
        case And(parts):
            return ";".join(_group(part) for part in parts)
        case Or(parts):
            return ",".join(_group(part) if isinstance(part, Or) else write(part) for part in parts)


def comparisons(expression: Expression) -> int:
    """How many comparisons an expression has."""
    return 1 if isinstance(expression, Comparison) else sum(map(comparisons, expression.parts))


def _group(part: Expression) -> str:
    return write(part) if isinstance(part, Comparison) else f"({write(part)})"


class _Parser:
    """One walk along a filter."""

    def __init__(self, text: str, encoded: bool, escapes: bool) -> None:
        self._text = text
        self._encoded = encoded
        self._escapes = escapes
        self._at = 0
        self._depth = 0
        self._comparisons = 0

    def whole(self) -> Expression:
        expression = self._any()
        if self._at < len(self._text):
            raise self._wrong("a ')' without its '('")
        return expression

    def _any(self) -> Expression:
        parts = [self._all()]
        while self._take(","):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self) -> Expression:
        parts = [self._one()]
        while self._take(";"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self) -> Expression:
        if not self._take("("):
            return self._comparison()
        self._depth += 1
        if self._depth > DEEPEST:
            raise InvalidFilter(f"more than {DEEPEST} parentheses within each other")
        expression = self._any()
        if not self._take(")"):
            raise self._wrong("')', ';' or ',' is expected")
        self._depth -= 1
        return expression

    def _comparison(self) -> Comparison:
        head = _HEAD.match(self._text, self._at)
        if head is None:
            raise self._wrong("an attribute and ==, !=, =lt=, =le=, =gt= or =ge= are expected")
        self._comparisons += 1
        if self._comparisons > MOST:
            raise InvalidFilter(f"more than {MOST} comparisons")
        raw = (_ESCAPED if self._escapes else _PLAIN).match(self._text, head.end())
        assert raw is not None  # both match the empty text
        self._at = raw.end()
        if self._at < len(self._text) and self._text[self._at] not in ";,)":
            raise self._wrong("';', ',' or ')' is expected")
        return Comparison(head[1], Operator(head[2]), self._decoded(head[1], raw[0]))

    def _decoded(self, attribute: str, value: str) -> str:
        if self._escapes:
            return _ESCAPE.sub(r"\1", value)
        if not self._encoded:
            return value
        try:
            return unquote(value, errors="strict")
        except UnicodeDecodeError:
            raise InvalidFilter(f"the value of {attribute} is not percent-encoded UTF-8") from None

    def _take(self, character: str) -> bool:
        if not self._text.startswith(character, self._at):
            return False
        self._at += 1
        return True

    def _wrong(self, why: str) -> InvalidFilter:
        return InvalidFilter(f"{why} at character {self._at + 1}")
