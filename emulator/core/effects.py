"""What can be made to go wrong: one class for each effect, its fields as data.

`kind` is the effect's name in JSON. Where an effect takes place is its `point`; a rule for a point that this cloud does
not have (a tap that is not running, a broker that is not ours) is refused when it is made.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Point(StrEnum):
    """Where a rule is asked."""

    HTTP = "http"
    HTTP_TAP = "http-tap"
    MESSAGE = "message"
    BROKER = "broker"
    AMQP_TAP = "amqp-tap"
    WEBHOOK = "webhook"


When = Literal["before", "after"]
"""Whether it happens before the request, or the frame, took effect on the other side, or after."""

Body = Literal["cut-off", "not-utf8", "html", "empty"]
"""How a body is spoilt: it ends in the middle, holds a byte that is no UTF-8, is a proxy's error page, or nothing."""

MessageSpoilt = Literal["cut-off", "not-utf8", "html", "empty", "no-headers", "wrong-headers", "wrong-content-type"]

BrokerMoment = Literal["deliver", "ack", "publish"]
"""What the connection is about to do; `ack` is any settling of a delivery."""

TapMoment = Literal["deliver", "ack", "publish", "open"]
"""The frame that passes: of a delivery, of its settling, of a publish, or of a login to a virtual host."""

Seconds = Annotated[float, Field(ge=0, le=3_600, allow_inf_nan=False)]


def _not_framing(name: str) -> str:
    if name.lower() in ("content-length", "transfer-encoding"):
        raise ValueError(
            f"{name} comes from the body: use http.truncate or http.malform for an answer that is not whole"
        )
    return name


_HeaderName = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$"), AfterValidator(_not_framing)]
_HeaderValue = Annotated[str, Field(pattern=r"^[ -~]{0,1000}$")]


class _Effect(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    point: ClassVar[Point]
    kind: str


class HttpStatus(_Effect):
    """The request has no effect and gets this status, with a body in the cloud's own error form unless one is given."""

    point = Point.HTTP
    kind: Literal["http.status"] = "http.status"
    status: Annotated[int, Field(ge=200, le=599)]
    headers: Annotated[dict[_HeaderName, _HeaderValue], Field(max_length=50)] = {}
    body: Annotated[str, Field(max_length=1_000_000)] | None = None


class HttpDelay(_Effect):
    """The request waits for so many seconds of real time before anything happens."""

    point = Point.HTTP
    kind: Literal["http.delay"] = "http.delay"
    seconds: Seconds


class HttpExpireSession(_Effect):
    """The session of the request has just expired."""

    point = Point.HTTP
    kind: Literal["http.expire-session"] = "http.expire-session"


class HttpHang(_Effect):
    """No answer comes, and the connection stays open: until the client goes, or for so many seconds."""

    point = Point.HTTP_TAP
    kind: Literal["http.hang"] = "http.hang"
    when: When = "before"
    seconds: Seconds | None = None


class HttpReset(_Effect):
    """The connection is reset in place of an answer: `before` the request reached the cloud, or `after` it had
    its effect."""

    point = Point.HTTP_TAP
    kind: Literal["http.reset"] = "http.reset"
    when: When = "before"


class HttpTruncate(_Effect):
    """The answer breaks off: so many bytes of its body come (half of it unless told), then the connection closes."""

    point = Point.HTTP_TAP
    kind: Literal["http.truncate"] = "http.truncate"
    bytes: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


class HttpMalform(_Effect):
    """The answer's body is spoilt, with a Content-Length that is right."""

    point = Point.HTTP_TAP
    kind: Literal["http.malform"] = "http.malform"
    how: Body = "cut-off"


class HttpTrickle(_Effect):
    """The answer comes `bytes` at a time, with `pause` seconds between."""

    point = Point.HTTP_TAP
    kind: Literal["http.trickle"] = "http.trickle"
    bytes: Annotated[int, Field(ge=1, le=65_536)] = 1
    pause: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = 0.05


class HttpHeaderCase(_Effect):
    """The names of the answer's headers come in other letters."""

    point = Point.HTTP_TAP
    kind: Literal["http.header-case"] = "http.header-case"
    case: Literal["lower", "upper", "swapped"] = "swapped"


class MessageDuplicate(_Effect):
    """The message comes twice: the `same` bytes again, or the event `resent` in a new message with the same eventId;
    the second one after so many seconds of the cloud's clock."""

    point = Point.MESSAGE
    kind: Literal["message.duplicate"] = "message.duplicate"
    how: Literal["same", "resent"] = "same"
    seconds: Seconds = 0.0


class MessageDelay(_Effect):
    """The message leaves so many seconds of the cloud's clock later; what comes behind it does not wait."""

    point = Point.MESSAGE
    kind: Literal["message.delay"] = "message.delay"
    seconds: Seconds


class MessageReorder(_Effect):
    """The message changes places with the next one; if none comes within 5 s of the cloud's clock, it leaves then."""

    point = Point.MESSAGE
    kind: Literal["message.reorder"] = "message.reorder"


class MessageDrop(_Effect):
    """The message never leaves."""

    point = Point.MESSAGE
    kind: Literal["message.drop"] = "message.drop"


class MessageMalform(_Effect):
    """The message is spoilt: its body, or its AMQP headers (missing, of wrong types) or its content type."""

    point = Point.MESSAGE
    kind: Literal["message.malform"] = "message.malform"
    how: MessageSpoilt = "cut-off"


class MessageOvertake(_Effect):
    """The message leaves before the API shows what it tells of: requests for that object get `status` for so many
    seconds of the cloud's clock, or so many times, whichever ends first. With neither it never shows."""

    point = Point.MESSAGE
    kind: Literal["message.overtake"] = "message.overtake"
    status: Literal[403, 404] = 403
    seconds: Seconds | None = None
    reads: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class BrokerCut(_Effect):
    """The embedded broker drops the connection without a word, before the delivery leaves or the method is handled."""

    point = Point.BROKER
    kind: Literal["broker.cut"] = "broker.cut"
    at: BrokerMoment = "deliver"


class BrokerClose(_Effect):
    """The embedded broker closes the connection as an operator's command does: 320, CONNECTION_FORCED."""

    point = Point.BROKER
    kind: Literal["broker.close"] = "broker.close"
    at: BrokerMoment = "deliver"


class BrokerDuplicate(_Effect):
    """The message is in its queue twice."""

    point = Point.BROKER
    kind: Literal["broker.duplicate"] = "broker.duplicate"
    at: ClassVar[str] = "queue"


class BrokerDelay(_Effect):
    """The message is delivered so many seconds later; others of its queue overtake it."""

    point = Point.BROKER
    kind: Literal["broker.delay"] = "broker.delay"
    at: ClassVar[str] = "queue"
    seconds: Seconds


class BrokerReorder(_Effect):
    """The message lets the one behind it in its queue go first, and waits until one came."""

    point = Point.BROKER
    kind: Literal["broker.reorder"] = "broker.reorder"
    at: ClassVar[str] = "queue"


class BrokerDrop(_Effect):
    """The message is lost from its queue."""

    point = Point.BROKER
    kind: Literal["broker.drop"] = "broker.drop"
    at: ClassVar[str] = "queue"


class BrokerRefuseLogin(_Effect):
    """The login fails with 403, whatever the password."""

    point = Point.BROKER
    kind: Literal["broker.refuse-login"] = "broker.refuse-login"
    at: ClassVar[str] = "login"


class BrokerMute(_Effect):
    """The heartbeat is not sent."""

    point = Point.BROKER
    kind: Literal["broker.mute"] = "broker.mute"
    at: ClassVar[str] = "heartbeat"


class BrokerBlock(_Effect):
    """Publishers get `connection.blocked` and are not read for so many seconds."""

    point = Point.BROKER
    kind: Literal["broker.block"] = "broker.block"
    at: BrokerMoment = "publish"
    seconds: Seconds


class BrokerPause(_Effect):
    """The whole broker hangs for so many seconds."""

    point = Point.BROKER
    kind: Literal["broker.pause"] = "broker.pause"
    at: BrokerMoment = "deliver"
    seconds: Seconds


class AmqpReset(_Effect):
    """The connection is reset: `before` the frame is passed on, or right `after`."""

    point = Point.AMQP_TAP
    kind: Literal["amqp.reset"] = "amqp.reset"
    at: TapMoment = "deliver"
    when: When = "before"


class AmqpTruncate(_Effect):
    """Half of the frame is passed on, then the connection closes."""

    point = Point.AMQP_TAP
    kind: Literal["amqp.truncate"] = "amqp.truncate"
    at: TapMoment = "deliver"


class AmqpDelay(_Effect):
    """The frame, and all behind it in its direction, waits for so many seconds."""

    point = Point.AMQP_TAP
    kind: Literal["amqp.delay"] = "amqp.delay"
    at: TapMoment = "deliver"
    seconds: Seconds


class AmqpTrickle(_Effect):
    """The frame is passed on `bytes` at a time, with `pause` seconds between."""

    point = Point.AMQP_TAP
    kind: Literal["amqp.trickle"] = "amqp.trickle"
    at: TapMoment = "deliver"
    bytes: Annotated[int, Field(ge=1, le=65_536)] = 1
    pause: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = 0.005


class AmqpMute(_Effect):
    """The heartbeat is not passed on."""

    point = Point.AMQP_TAP
    kind: Literal["amqp.mute"] = "amqp.mute"
    at: ClassVar[str] = "heartbeat"


class WebhookTwice(_Effect):
    """The call is made a second time."""

    point = Point.WEBHOOK
    kind: Literal["webhook.twice"] = "webhook.twice"


class WebhookLate(_Effect):
    """The call is made so many seconds later."""

    point = Point.WEBHOOK
    kind: Literal["webhook.late"] = "webhook.late"
    seconds: Seconds


class WebhookRefused(_Effect):
    """The call is not made: it ends as one does to a port where nobody listens."""

    point = Point.WEBHOOK
    kind: Literal["webhook.refused"] = "webhook.refused"


class WebhookMalformed(_Effect):
    """The call's body is spoilt."""

    point = Point.WEBHOOK
    kind: Literal["webhook.malformed"] = "webhook.malformed"
    how: Body = "cut-off"


HttpEffect = HttpStatus | HttpDelay | HttpExpireSession
HttpTapEffect = HttpHang | HttpReset | HttpTruncate | HttpMalform | HttpTrickle | HttpHeaderCase
MessageEffect = MessageDuplicate | MessageDelay | MessageReorder | MessageDrop | MessageMalform | MessageOvertake
BrokerDelivery = BrokerDuplicate | BrokerDelay | BrokerReorder | BrokerDrop
BrokerEffect = BrokerDelivery | BrokerCut | BrokerClose | BrokerRefuseLogin | BrokerMute | BrokerBlock | BrokerPause
AmqpTapEffect = AmqpReset | AmqpTruncate | AmqpDelay | AmqpTrickle | AmqpMute
WebhookEffect = WebhookTwice | WebhookLate | WebhookRefused | WebhookMalformed

Effect = Annotated[
    HttpEffect | HttpTapEffect | MessageEffect | BrokerEffect | AmqpTapEffect | WebhookEffect,
    Field(discriminator="kind"),
]
EFFECTS: tuple[type[_Effect], ...] = get_args(get_args(Effect)[0])
"""Every effect there is."""


def spoil(body: bytes, how: Body) -> bytes:
    """A body that is no longer what it says it is."""
    middle = len(body) // 2
    if how == "cut-off":
        return body[:middle]
    if how == "not-utf8":
        return body[:middle] + b"\xc3\x28" + body[middle:]
    if how == "html":
        return b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
    return b""
