"""What a filter means: an expression, made into one function that picks the objects that pass (reference, section 9).

Texts are compared without case; `*` in a value of `==` stands for any characters. A reference is met by the name, the
href or the URN of its object. An attribute that an object does not have equals nothing, so `!=` lets that object pass.

Each comparison takes a whole list, since calling a function for each object would take most of the time.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from gatepost.vcloud.query.fiql import And, Comparison, Expression, InvalidFilter, Operator, Or
from gatepost.vcloud.query.kinds import REFERENCE, TEXT, id_in, urn
from gatepost.vcloud.query.records import Attribute

WILDCARD = "*"

Pick = Callable[[list[Any]], list[Any]]
"""Those of a list that pass, in their order."""

_ORDER: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: operator.eq,
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.GREATER: operator.gt,
    Operator.AT_LEAST: operator.ge,
}


def picker(expression: Expression, attributes: Mapping[str, Attribute[Any]]) -> Pick:
    """What picks the objects that the expression is true of. Raises InvalidFilter for what cannot be compared."""
    match expression:
        case And(parts):
            return _all([picker(part, attributes) for part in parts])
        case Or(parts):
            return _any([picker(part, attributes) for part in parts])
        case Comparison():
            return _comparison(expression, attributes)


def like(pattern: str) -> Callable[[str], bool]:
    """Whether a text in lower case is what the pattern says. Takes time in proportion to the two, whatever they are."""
    first, *between = pattern.casefold().split(WILDCARD)
    if not between:
        return first.__eq__
    last = between.pop()
    if not between and not last:
        return lambda text: text.startswith(first)
    if len(between) == 1 and not first and not last:
        inside = between[0]
        return lambda text: inside in text

    def matches(text: str) -> bool:
        if not text.startswith(first):
            return False
        at = len(first)
        for part in between:
            at = text.find(part, at)
            if at < 0:
                return False
            at += len(part)
        return len(text) - len(last) >= at and text.endswith(last)

    return matches


def _comparison(comparison: Comparison, attributes: Mapping[str, Attribute[Any]]) -> Pick:
    attribute = attributes.get(comparison.attribute)
    if attribute is None:
        raise InvalidFilter(f"there is no attribute {comparison.attribute!r:.80}")
    kind, value = attribute.kind, comparison.value
    if comparison.operator is Operator.UNEQUAL:
        if WILDCARD in value and kind in (TEXT, REFERENCE):
            raise InvalidFilter(f"{attribute.name}!= takes no wildcards; give the whole value")
        return _not(_comparison(Comparison(attribute.name, Operator.EQUAL, value), attributes))
    if comparison.operator is not Operator.EQUAL and not kind.ordered:
        raise InvalidFilter(f"{attribute.name} knows == and != only")
    if kind is TEXT:
        return _text(attribute.read, value)
    if kind is REFERENCE:
        return _reference(attribute.read, value)
    try:
        wanted = kind.parse(value)
    except (ValueError, OverflowError):
        raise InvalidFilter(f"{attribute.name} is compared with {kind.expected}, not with {value!r:.80}") from None
    compare, key, read = _ORDER[comparison.operator], kind.key, attribute.read
    return lambda objects: [one for one in objects if (known := read(one)) is not None and compare(key(known), wanted)]


def _text(read: Callable[[Any], str | None], value: str) -> Pick:
    if WILDCARD not in value:
        wanted = value.casefold()
        return lambda objects: [one for one in objects if (text := read(one)) is not None and text.casefold() == wanted]
    matches = like(value)
    return lambda objects: [one for one in objects if (text := read(one)) is not None and matches(text.casefold())]


def _reference(read: Callable[[Any], Any], value: str) -> Pick:
    id = id_in(value)
    if id is not None:
        return lambda objects: [one for one in objects if (target := read(one)) is not None and target.id == id]
    matches = like(value)
    return lambda objects: [
        one
        for one in objects
        if (target := read(one)) is not None and (matches(target.name.casefold()) or matches(urn(target).casefold()))
    ]


def _all(parts: list[Pick]) -> Pick:
    def pick(objects: list[Any]) -> list[Any]:
        for part in parts:
            objects = part(objects)
        return objects

    return pick


def _any(parts: list[Pick]) -> Pick:
    def pick(objects: list[Any]) -> list[Any]:
        passed: set[int] = set()
        left = objects
        for part in parts:
            found = set(map(id, part(left)))
            passed |= found
            left = [one for one in left if id(one) not in found]
        return [one for one in objects if id(one) in passed]

    return pick


def _not(part: Pick) -> Pick:
    def pick(objects: list[Any]) -> list[Any]:
        found = set(map(id, part(objects)))
        return [one for one in objects if id(one) not in found]

    return pick
