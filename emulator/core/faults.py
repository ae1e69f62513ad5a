"""Faults: rules that say where something goes wrong, and what.

A table of rules, asked at each point where an effect could take place. The first rule that hits decides; what a rule
behind it would have counted, it does not count. The same seed and the same sequence of matches give the same hits:
chances are drawn for each rule by itself, once a match.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from gatepost.core.effects import Effect, Point
from gatepost.core.patterns import Pattern, compiled

MOST_RULES = 1_000

_MATCHED_BY: dict[Point, frozenset[str]] = {
    Point.HTTP: frozenset({"dialect", "method", "path", "user"}),
    Point.HTTP_TAP: frozenset({"dialect", "method", "path", "user"}),
    Point.MESSAGE: frozenset({"dialect", "user", "event", "operation"}),
    Point.BROKER: frozenset({"routing_key"}),
    Point.AMQP_TAP: frozenset({"routing_key"}),
    Point.WEBHOOK: frozenset({"dialect", "path"}),
}
_MISSING: dict[Point, str] = {
    Point.HTTP: "no server asks for rules",
    Point.MESSAGE: "no messages are sent",
    Point.HTTP_TAP: "the taps are not running: start with --tap, or Gatepost(taps=True)",
    Point.AMQP_TAP: "the taps are not running: start with --tap, or Gatepost(taps=True), and with a broker",
    Point.BROKER: "the embedded broker is not in use: start with --broker embedded",
    Point.WEBHOOK: "no webhooks are sent",
}
_PATTERNS = ("dialect", "method", "path", "user", "event", "operation", "routing_key")


class InvalidRule(ValueError):
    """A rule that cannot hold here; the text names the field, and what would do."""


def _epoch(value: object) -> object:
    if isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("give the offset too, as in 2026-01-31T12:00:00+00:00")
        return moment.timestamp()
    return value


Moment = Annotated[float, BeforeValidator(_epoch), Field(allow_inf_nan=False)]
"""Epoch seconds of the cloud's clock; in JSON also ISO 8601 with its offset."""


class Match(BaseModel):
    """Which requests, messages or frames a rule is for; what is not named matches all.

    `user` is `alice@acme`, `event` a type such as `blockingtask/create`, `operation` that of the task. Of what
    matches, `nth` picks one, counted from 1; `probability` is that of a hit, and after `count` hits the rule rests.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dialect: Pattern | None = None
    method: Pattern | None = None
    path: Pattern | None = None
    user: Pattern | None = None
    event: Pattern | None = None
    operation: Pattern | None = None
    routing_key: Pattern | None = None
    after: Moment | None = None
    until: Moment | None = None
    nth: Annotated[int, Field(ge=1)] | None = None
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    count: Annotated[int, Field(ge=1)] | None = None


class Rule(BaseModel):
    """What goes wrong, and where."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    effect: Effect
    match: Match = Match()

    @model_validator(mode="after")
    def _is_matched_by_what_is_there(self) -> Rule:
        known = _MATCHED_BY[self.effect.point]
        for name in _PATTERNS:
            if getattr(self.match, name) is not None and name not in known:
                raise ValueError(f"match.{name}: {self.effect.kind} is matched by {', '.join(sorted(known))} only")
        return self


def parse_rule(value: Any) -> Rule:
    """A rule from JSON's types. Raises InvalidRule."""
    try:
        return Rule.model_validate(value, strict=True)  # true is no number
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise InvalidRule(f"{field}: {first['msg']}" if field else first["msg"]) from None


class Seen(NamedTuple):
    """What came to a point. `at` is the moment of broker and tap, which effects name."""

    dialect: str = ""
    method: str = ""
    path: str = ""
    event: str = ""
    operation: str = ""
    routing_key: str = ""
    at: str = ""


class Trigger:
    """Counts what a Match is for. `at` is the moment that it waits for, where a point has several."""

    def __init__(self, match: Match, at: str = "", seed: str = "") -> None:
        self.matched = 0
        self.hits = 0
        self._match = match
        self._at = at
        self._random = random.Random(seed)
        wanted = ((name, getattr(match, name)) for name in _PATTERNS if name != "user")
        self._patterns = [(name, compiled(text)) for name, text in wanted if text is not None]
        self._user = None if match.user is None else compiled(match.user)

    @property
    def asks_for_user(self) -> bool:
        return self._user is not None

    def fits(self, seen: Seen, user: str, now: float) -> bool:
        match = self._match
        return (
            (match.count is None or self.hits < match.count)
            and (not self._at or self._at == seen.at)
            and (match.after is None or match.after <= now)
            and (match.until is None or now < match.until)
            and (self._user is None or self._user.fullmatch(user) is not None)
            and all(pattern.fullmatch(getattr(seen, name)) for name, pattern in self._patterns)
        )

    def takes(self) -> bool:
        """Whether what fits is hit; counts it."""
        match = self._match
        self.matched += 1
        lucky = match.probability == 1 or self._random.random() < match.probability
        if not lucky or (match.nth is not None and self.matched != match.nth):
            return False
        self.hits += 1
        return True


class Fault:
    """A rule in force. Its trigger's `matched` counts what it was for, `hits` what it spoilt."""

    def __init__(self, id: int, rule: Rule, seed: int) -> None:
        self.id = id
        self.rule = rule
        self.trigger = Trigger(rule.match, getattr(rule.effect, "at", ""), f"{seed}:{id}")

    @property
    def effect(self) -> Effect:
        return self.rule.effect


class Faults:
    """The table of rules, in the order in which they were made. Safe for all threads; asking an empty one costs next to
    nothing: look at `at[point]` first.

    `now` is the cloud's clock. `missing` holds the points that this cloud does not have, and what to say of them.
    """

    def __init__(self, seed: int, now: Callable[[], float]) -> None:
        self._seed = seed
        self._now = now
        self._lock = threading.Lock()
        self._last = 0
        self._listeners: list[Callable[[], None]] = []
        self.missing: dict[Point, str] = dict(_MISSING)
        self.at: dict[Point, tuple[Fault, ...]] = dict.fromkeys(Point, ())

    def serve(self, point: Point) -> None:
        """From now on somebody asks at this point."""
        self.missing.pop(point, None)

    def listen(self, listener: Callable[[], None]) -> None:
        """Have it called after every change of the table, by whoever changed it."""
        self._listeners.append(listener)

    def add(self, effect: Effect, match: Match | None = None) -> Fault:
        """Make a rule. Raises InvalidRule where nothing could come of it."""
        try:
            return self.add_rule(Rule(effect=effect, match=match or Match()))
        except ValidationError as error:
            raise InvalidRule(error.errors()[0]["msg"]) from None

    def add_rule(self, rule: Rule) -> Fault:
        """Raises InvalidRule where nothing could come of it."""
        point = rule.effect.point
        if point in self.missing:
            raise InvalidRule(f"effect.kind: {rule.effect.kind} cannot take place: {self.missing[point]}")
        with self._lock:
            if sum(map(len, self.at.values())) >= MOST_RULES:
                raise InvalidRule(f"there are {MOST_RULES} rules already: delete some")
            self._last += 1
            fault = Fault(self._last, rule, self._seed)
            self.at[point] += (fault,)
        self._tell()
        return fault

    def remove(self, id: int) -> bool:
        """Whether there was such a rule."""
        with self._lock:
            found = next((fault for faults in self.at.values() for fault in faults if fault.id == id), None)
            if found is not None:
                point = found.effect.point
                self.at[point] = tuple(fault for fault in self.at[point] if fault is not found)
        self._tell()
        return found is not None

    def clear(self) -> None:
        """Forget all rules, and begin to number them anew."""
        with self._lock:
            self.at = dict.fromkeys(Point, ())
            self._last = 0
        self._tell()

    def __iter__(self) -> Iterator[Fault]:
        """All rules, in their order."""
        return iter(sorted((fault for faults in self.at.values() for fault in faults), key=lambda fault: fault.id))

    def __len__(self) -> int:
        return sum(map(len, self.at.values()))

    def hit(self, point: Point, seen: Seen, who: Callable[[], str | None] = lambda: None) -> Fault | None:
        """The rule that decides what goes wrong here, if any. `who` is asked for the user where a rule wants to know;
        it may take the cloud's lock."""
        faults = self.at[point]
        if not faults:
            return None
        # Both may take the cloud's lock, whose holders wait for ours.
        now = self._now()
        asked = any(fault.trigger.asks_for_user for fault in faults)
        user = (who() or "") if asked else ""
        with self._lock:
            for fault in faults:
                if fault.trigger.fits(seen, user, now) and fault.trigger.takes():
                    return fault
        return None

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
