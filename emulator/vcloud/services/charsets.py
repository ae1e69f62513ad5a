"""Sets of characters as java.util.regex has them: `\\d`, `\\p{Alpha}`, `[a-z&&[^aeiou]]`, all of ASCII as there."""

from __future__ import annotations

from collections.abc import Iterable

from gatepost.vcloud.services.matcher import Test

LINE_ENDS = frozenset("\n\r\u0085\u2028\u2029")

CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}

_DIGITS = frozenset("0123456789")
_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz")
_UPPER = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LETTERS = _LOWER | _UPPER
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")

SHORTHANDS = {
    "d": _DIGITS,
    "w": _DIGITS | _LETTERS | {"_"},
    "s": frozenset(" \t\n\x0b\f\r"),
}
"""Behind a backslash; in upper case, all others."""

CATEGORIES = {
    "Lower": _LOWER,
    "Upper": _UPPER,
    "Alpha": _LETTERS,
    "Digit": _DIGITS,
    "Alnum": _DIGITS | _LETTERS,
    "Punct": _PUNCTUATION,
    "Graph": _DIGITS | _LETTERS | _PUNCTUATION,
    "Print": _DIGITS | _LETTERS | _PUNCTUATION | {" "},
    "Blank": frozenset(" \t"),
    "Space": SHORTHANDS["s"],
    "XDigit": _DIGITS | frozenset("abcdefABCDEF"),
}
"""Between the braces of `\\p{…}`; of `\\P{…}`, all others."""


def one_of(characters: Iterable[str]) -> Test:
    members = frozenset(characters)
    if len(members) == 1:
        return next(iter(members)).__eq__
    return members.__contains__


def between(low: str, high: str) -> Test:
    return lambda character: low <= character <= high


def none_of(test: Test) -> Test:
    return lambda character: not test(character)


def any_of(tests: list[Test]) -> Test:
    return tests[0] if len(tests) == 1 else lambda character: any(test(character) for test in tests)


def all_of(tests: list[Test]) -> Test:
    return tests[0] if len(tests) == 1 else lambda character: all(test(character) for test in tests)


def of_any_case(test: Test) -> Test:
    return lambda character: (
        test(character) or (character.isascii() and (test(character.lower()) or test(character.upper())))
    )


def anything(character: str) -> bool:
    return True
