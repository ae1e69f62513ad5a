"""AMQP notifications: one that tells the same in another way, and further ones that no connector knows.

What stays: the routing key, the seven headers with their values, UTF-8, the declaration in front (reference of the
vCloud API, sections 6.3 to 6.6 and 12.8).
"""

from __future__ import annotations

import random

from gatepost.core.events import Event
from gatepost.core.ids import spell
from gatepost.messaging.message import HeaderValue, Message
from gatepost.variation import documents, objects
from gatepost.variation.chance import Chance
from gatepost.variation.kinds import Kind
from gatepost.variation.order import shuffled_pairs

_HEADERS: tuple[tuple[str, HeaderValue], ...] = (
    ("notification.cell", "cell-4"),
    ("notification.region", "eu"),
    ("notification.retry", 0),
    ("notification.replayed", False),
    ("x-trace", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ("x-sequence", 2**40),
)
_TYPES = ("org/quota_review", "org/usage_report")
_FOREIGN = "com/example/inventory/scan"


def vary(message: Message, base: str, chance: Chance) -> Message:
    """The message; `base` is where hrefs begin."""
    return message._replace(
        body=_body(message, base, chance), headers=_headers(message.headers, chance), message_id=_id(message, chance)
    )


def strangers(event: Event, source: random.Random, *, surely: bool) -> list[Event]:
    """Events of unknown types, about what the event is about too: all that they name exists.

    None of them is a blockingtask/create. There may be none, unless there `surely` is to be one.
    """
    known = [event._replace(type=type_, entity=event.org, task=None, task_owner=None) for type_ in _TYPES]
    known.append(known[0]._replace(type=_FOREIGN, service="com.example.inventory"))
    known.append(known[0]._replace(type="user/password_reminder", entity=event.user))
    if event.task is not None:
        known.append(event._replace(type="task/heartbeat", entity=event.task))
    if event.type == "blockingtask/create" and not event.service:
        known.append(event._replace(type="blockingtask/remind"))
    wanted = source.randint(1, 2) if surely or source.random() < 0.4 else 0
    return [
        one._replace(id=spell(source.getrandbits(128)), success=source.random() < 0.8)
        for one in source.sample(known, wanted)
    ]


def _body(message: Message, base: str, chance: Chance) -> bytes:
    if message.content_type != "application/json":
        return documents.vary(message.body, base, chance)
    told = objects.read(message.body)
    if (source := chance.of(Kind.ELEMENTS)) is not None:
        objects.add_members(told, source, flat=True)
    return objects.write(told, chance)


def _headers(headers: dict[str, HeaderValue], chance: Chance) -> dict[str, HeaderValue]:
    if (source := chance.of(Kind.HEADERS)) is not None:
        headers = {**headers, **dict(source.sample(_HEADERS, source.randint(1, 3)))}
    if (source := chance.of(Kind.ORDER)) is not None:
        headers = dict(shuffled_pairs(headers.items(), source))
    return headers


def _id(message: Message, chance: Chance) -> str | None:
    """The property `message_id`, which is not documented."""
    source = chance.of(Kind.IDS)
    if source is None:
        return message.message_id
    return source.choice((None, f"ID:cell-4-{source.getrandbits(40)}", f"{source.getrandbits(64)}"))
