"""Matches texts in time linear in their length, whatever the pattern: all ways through it are followed at once.

The patterns come from those who register services, the texts from everybody, and a backtracking engine would let some
of the former stop the whole cloud with some of the latter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

MOST_STEPS = 2_000
"""Steps of a compiled pattern; a counted repetition is written out as often as it counts."""


class TooLarge(ValueError):
    """A pattern of more than MOST_STEPS steps."""


Test = Callable[[str], bool]


class Chars(NamedTuple):
    """One character that passes the test."""

    test: Test


class Edge(NamedTuple):
    """Nothing, at the begin or at the end of the text."""

    at_end: bool


class Sequence(NamedTuple):
    parts: list[Node]


class Choice(NamedTuple):
    """One of them, the first that fits."""

    parts: list[Node]


class Repeat(NamedTuple):
    """`most` None is without an end; `lazy` would rather have few."""

    part: Node
    least: int
    most: int | None
    lazy: bool


class Marked(NamedTuple):
    """What it matches is the resource's id."""

    part: Node


Node: TypeAlias = Chars | Edge | Sequence | Choice | Repeat | Marked


class _Split(NamedTuple):
    """Go on at both, rather at the first. With two equal ones it is a jump."""

    first: int
    second: int


class _Mark(NamedTuple):
    opens: bool


_Step: TypeAlias = Chars | Edge | _Split | _Mark
_Id: TypeAlias = tuple[int, int]
_NO_ID = (-1, -1)


class Match(NamedTuple):
    """`id` is what the group of that name matched; None where the pattern has none, or it took no part."""

    id: str | None


class Matcher:
    """A pattern, compiled. Raises TooLarge."""

    def __init__(self, pattern: Node) -> None:
        self._steps: list[_Step] = []
        self._write(pattern)

    def match(self, text: str) -> Match | None:
        """Whether the pattern describes the whole text."""
        end = len(self._steps)
        ways = self._follow([(0, _NO_ID)], 0, len(text))
        for at, character in enumerate(text, 1):
            taken: list[tuple[int, _Id]] = []
            for place, id in ways:
                if place < end:
                    step = self._steps[place]
                    if isinstance(step, Chars) and step.test(character):
                        taken.append((place + 1, id))
            if not taken:
                return None
            ways = self._follow(taken, at, len(text))
        for place, (first, last) in ways:
            if place == end:
                return Match(text[first:last] if first <= last and last >= 0 else None)
        return None

    def _follow(self, starts: list[tuple[int, _Id]], at: int, length: int) -> list[tuple[int, _Id]]:
        """All places that are reached from these without a character, the likeliest first, each once."""
        reached: list[tuple[int, _Id]] = []
        seen: set[int] = set()
        waiting = starts[::-1]
        while waiting:
            place, id = waiting.pop()
            if place in seen:
                continue
            seen.add(place)
            step = self._steps[place] if place < len(self._steps) else None
            match step:
                case _Split(first, second):
                    waiting += [(second, id), (first, id)]
                case _Mark(opens):
                    waiting.append((place + 1, (at, -1) if opens else (id[0], at)))
                case Edge(at_end):
                    if at == (length if at_end else 0):
                        waiting.append((place + 1, id))
                case _:
                    reached.append((place, id))
        return reached

    def _write(self, node: Node) -> None:
        match node:
            case Chars() | Edge():
                self._add(node)
            case Sequence(parts):
                for part in parts:
                    self._write(part)
            case Choice(parts):
                self._write_choice(parts)
            case Repeat():
                self._write_repeat(node)
            case Marked(part):
                self._add(_Mark(opens=True))
                self._write(part)
                self._add(_Mark(opens=False))

    def _write_choice(self, parts: list[Node]) -> None:
        ends = []
        for part in parts[:-1]:
            fork = self._add(_Split(0, 0))
            self._write(part)
            ends.append(self._add(_Split(0, 0)))
            self._steps[fork] = _Split(fork + 1, len(self._steps))
        self._write(parts[-1])
        for end in ends:
            self._steps[end] = _Split(len(self._steps), len(self._steps))

    def _write_repeat(self, node: Repeat) -> None:
        for _ in range(node.least):
            self._write(node.part)
        forks = []
        for _ in range(1 if node.most is None else node.most - node.least):
            forks.append(self._add(_Split(0, 0)))
            self._write(node.part)
        if node.most is None:
            self._add(_Split(forks[0], forks[0]))
        past = len(self._steps)
        for fork in forks:
            self._steps[fork] = _Split(past, fork + 1) if node.lazy else _Split(fork + 1, past)

    def _add(self, step: _Step) -> int:
        if len(self._steps) >= MOST_STEPS:
            raise TooLarge(f"it has more than {MOST_STEPS} steps, counted repetitions written out")
        self._steps.append(step)
        return len(self._steps) - 1
