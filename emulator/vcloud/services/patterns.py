"""URL patterns: the part of java.util.regex that describes URLs (reference, section 8.2).

Left out, and refused: what a regular language cannot say (back references, looking ahead or behind, possessive
quantifiers, atomic groups), word boundaries, and categories of Unicode.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gatepost.vcloud.services import charsets
from gatepost.vcloud.services.matcher import (
    Chars,
    Choice,
    Edge,
    Marked,
    Matcher,
    Node,
    Repeat,
    Sequence,
    Test,
    TooLarge,
)

_DEEPEST = 50

_COUNT = re.compile(r"\{(\d{1,4})(,(\d{1,4})?)?\}", re.ASCII)
_GROUP_NAME = re.compile(r"\?<([A-Za-z][A-Za-z0-9]*)>")
_FLAGS = re.compile(r"\?([is]*)([:)])")
_CATEGORY = re.compile(r"\{(?:Is)?(\w+)\}")


class InvalidPattern(ValueError):
    """A pattern that is wrong, too large, or beyond what is supported; the text says which."""


def compile(source: str) -> Matcher:
    """Raises InvalidPattern."""
    try:
        return Matcher(_Parser(source).parse())
    except TooLarge as error:
        raise InvalidPattern(str(error)) from None


class _Flags(NamedTuple):
    ignore_case: bool = False
    dot_all: bool = False


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._depth = 0
        self._flags = _Flags()

    def parse(self) -> Node:
        node = self._choice()
        if self._at < len(self._source):
            raise self._wrong("a closing parenthesis without an opening one")
        return node

    # --- groups and what repeats

    def _choice(self) -> Node:
        """What stands between two parentheses, or all of it. Flags that are set inside end with it."""
        self._go_deeper()
        outer = self._flags
        parts: list[Node] = [self._sequence()]
        while self._take("|"):
            parts.append(self._sequence())
        self._flags = outer
        self._depth -= 1
        return parts[0] if len(parts) == 1 else Choice(parts)

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._at < len(self._source) and self._source[self._at] not in "|)":
            atom = self._atom()
            if atom is not None:
                parts.append(self._repeated(atom))
        return Sequence(parts)

    def _repeated(self, atom: Node) -> Node:
        least: int
        most: int | None
        if self._take("*"):
            least, most = 0, None
        elif self._take("+"):
            least, most = 1, None
        elif self._take("?"):
            least, most = 0, 1
        elif count := _COUNT.match(self._source, self._at):
            self._at = count.end()
            least = int(count[1])
            most = least if count[2] is None else int(count[3]) if count[3] else None
            if most is not None and most < least:
                raise self._wrong("a repetition that counts downwards")
        else:
            return atom
        if self._take("+"):
            raise self._wrong("a possessive quantifier, which is not supported; leave the second + out")
        return Repeat(atom, least, most, self._take("?"))

    def _atom(self) -> Node | None:
        """None for what only sets flags."""
        character = self._next()
        match character:
            case "(":
                return self._group()
            case "[":
                return Chars(self._class())
            case ".":
                return Chars(
                    charsets.anything if self._flags.dot_all else charsets.none_of(charsets.one_of(charsets.LINE_ENDS))
                )
            case "^":
                return Edge(at_end=False)
            case "$":
                return Edge(at_end=True)
            case "\\":
                return self._escaped()
            case "*" | "+" | "?" | "{":
                raise self._wrong(f"{character} where nothing can be repeated; the character itself is \\{character}")
        return self._literal(character)

    def _group(self) -> Node | None:
        if flags := _FLAGS.match(self._source, self._at):
            self._at = flags.end()
            outer = self._flags
            self._flags = _Flags(outer.ignore_case or "i" in flags[1], outer.dot_all or "s" in flags[1])
            if flags[2] == ")":  # they hold from here to the end of the group around
                return None
            node = self._choice()
            self._flags = outer
        elif name := _GROUP_NAME.match(self._source, self._at):
            self._at = name.end()
            node = self._choice()
            if name[1] == "id":
                node = Marked(node)
        elif self._source.startswith("?", self._at):
            raise self._wrong("a group of a kind that is not supported")
        else:
            node = self._choice()
        if not self._take(")"):
            raise self._wrong("a group without an end")
        return node

    def _escaped(self) -> Node:
        if self._take("Q"):
            return Sequence([self._literal(character) for character in self._quoted()])
        if self._take("A"):
            return Edge(at_end=False)
        if self._take("z") or self._take("Z"):
            return Edge(at_end=True)
        character = self._escaped_character()
        return Chars(self._escaped_set()) if character is None else self._literal(character)

    def _literal(self, character: str) -> Chars:
        return Chars(self._cased(charsets.one_of(character)))

    # --- sets of characters

    def _class(self) -> Test:
        """What stands between two brackets."""
        self._go_deeper()
        negated = self._take("^")
        parts = [self._union()]
        while self._take("&&"):
            parts.append(self._union())
        if not self._take("]"):
            raise self._wrong("brackets without an end")
        self._depth -= 1
        test = self._cased(charsets.all_of(parts))
        return charsets.none_of(test) if negated else test

    def _union(self) -> Test:
        """Characters, ranges and inner brackets, up to the end or `&&`. A `]` that comes first is a character."""
        tests: list[Test] = []
        while self._at < len(self._source) and not self._source.startswith("&&", self._at):
            if self._source[self._at] == "]" and tests:
                break
            if self._take("["):
                tests.append(self._class())
            elif self._take("\\"):
                if self._take("Q"):
                    tests.append(charsets.one_of(self._quoted()))
                else:
                    character = self._escaped_character()
                    tests.append(self._escaped_set() if character is None else self._range(character))
            else:
                tests.append(self._range(self._next()))
        return charsets.any_of(tests) if tests else charsets.one_of("")

    def _range(self, low: str) -> Test:
        """A character in brackets, or, with a hyphen and a second one behind it, a range."""
        rest = self._source[self._at : self._at + 2]
        if len(rest) < 2 or rest[0] != "-" or rest[1] in "]&[":
            return charsets.one_of(low)
        self._at += 1
        high: str | None = self._next()
        if high == "\\":
            high = self._escaped_character()
        if high is None or high < low:
            raise self._wrong("a range in brackets that is none")
        return charsets.between(low, high)

    def _escaped_character(self) -> str | None:
        """The character that an escape spells; None, and not read, if it stands for a set. The backslash is read."""
        letter = self._next()
        if letter in charsets.CONTROLS:
            return charsets.CONTROLS[letter]
        if letter in "xu":
            digits = self._source[self._at : self._at + (2 if letter == "x" else 4)]
            if re.fullmatch("[0-9A-Fa-f]{2}" if letter == "x" else "[0-9A-Fa-f]{4}", digits) is None:
                raise self._wrong(f"\\{letter} without its hexadecimal digits")
            self._at += len(digits)
            return chr(int(digits, 16))
        if letter.isascii() and letter.isalnum():
            self._at -= 1
            return None
        return letter

    def _escaped_set(self) -> Test:
        letter = self._next()
        if letter.lower() in charsets.SHORTHANDS:
            test = charsets.one_of(charsets.SHORTHANDS[letter.lower()])
        elif letter in "pP":
            name = _CATEGORY.match(self._source, self._at)
            if name is None or name[1] not in charsets.CATEGORIES:
                raise self._wrong(f"\\{letter} with a category that is not one of {', '.join(charsets.CATEGORIES)}")
            self._at = name.end()
            test = self._cased(charsets.one_of(charsets.CATEGORIES[name[1]]))
        else:
            raise self._wrong(f"\\{letter}, which is not supported")
        return charsets.none_of(test) if letter.isupper() else test

    def _quoted(self) -> str:
        """What stands between `\\Q`, read already, and `\\E` or the end."""
        end = self._source.find("\\E", self._at)
        text = self._source[self._at : end if end >= 0 else len(self._source)]
        self._at += len(text) + (2 if end >= 0 else 0)
        return text

    def _cased(self, test: Test) -> Test:
        return charsets.of_any_case(test) if self._flags.ignore_case else test

    # --- reading

    def _next(self) -> str:
        if self._at >= len(self._source):
            raise self._wrong("a backslash, or brackets, without an end")
        self._at += 1
        return self._source[self._at - 1]

    def _take(self, text: str) -> bool:
        if not self._source.startswith(text, self._at):
            return False
        self._at += len(text)
        return True

    def _go_deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._wrong(f"groups nested deeper than {_DEEPEST}")

    def _wrong(self, what: str) -> InvalidPattern:
        return InvalidPattern(f"{what} (at character {self._at})")
