"""What the broker refuses, with RabbitMQ's reply codes and texts."""

from __future__ import annotations

NO_ROUTE = 312

_NAMES = {
    311: "CONTENT_TOO_LARGE",
    312: "NO_ROUTE",
    313: "NO_CONSUMERS",
    320: "CONNECTION_FORCED",
    402: "INVALID_PATH",
    403: "ACCESS_REFUSED",
    404: "NOT_FOUND",
    405: "RESOURCE_LOCKED",
    406: "PRECONDITION_FAILED",
    501: "FRAME_ERROR",
    502: "SYNTAX_ERROR",
    503: "COMMAND_INVALID",
    504: "CHANNEL_ERROR",
    505: "UNEXPECTED_FRAME",
    506: "RESOURCE_ERROR",
    530: "NOT_ALLOWED",
    540: "NOT_IMPLEMENTED",
    541: "INTERNAL_ERROR",
}
_SOFT = frozenset({311, 312, 313, 403, 404, 405, 406})
_LONGEST_TEXT = 255


class AmqpError(Exception):
    """Closes the channel, or the connection where `hard`. `text` is the reply text as the client sees it."""

    def __init__(self, code: int, explanation: str, *, method: int | None = None) -> None:
        super().__init__(f"{code} {explanation}")
        self.code = code
        self.text = reply_text(code, explanation)
        self.method = method
        """Class and method id of the method at fault, 0 for none; None where it is the one being handled."""

    @property
    def hard(self) -> bool:
        return self.code not in _SOFT


def reply_text(code: int, explanation: str) -> str:
    text = f"{_NAMES[code]} - {explanation}"
    # Names may hold octets that are no UTF-8, as surrogates.
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= _LONGEST_TEXT:
        return encoded.decode()
    return encoded[: _LONGEST_TEXT - 3].decode(errors="ignore") + "..."


def resource(kind: str, name: str, vhost: str) -> str:
    """How RabbitMQ names an exchange or a queue."""
    return f"{kind} '{name}' in vhost '{vhost}'"


def not_found(kind: str, name: str, vhost: str) -> AmqpError:
    return AmqpError(404, f"no {resource(kind, name, vhost)}")


def precondition_failed(explanation: str) -> AmqpError:
    return AmqpError(406, explanation)


def access_refused(explanation: str) -> AmqpError:
    return AmqpError(403, explanation)


def not_implemented(explanation: str) -> AmqpError:
    return AmqpError(540, explanation)


def not_allowed(explanation: str) -> AmqpError:
    return AmqpError(530, explanation)


def locked(name: str, vhost: str) -> AmqpError:
    return AmqpError(
        405,
        f"cannot obtain exclusive access to locked {resource('queue', name, vhost)}. It could be originally declared "
        "on another connection or the exclusive property value does not match that of the original declaration.",
    )


def inequivalent(argument: str, what: str, received: str, current: str) -> AmqpError:
    return AmqpError(406, f"inequivalent arg '{argument}' for {what}: received {received} but current is {current}")


def erlang_binary(data: bytes, *, printable: bool = True) -> str:
    """Bytes as RabbitMQ prints them in reply texts."""
    if printable and data and all(32 <= octet < 127 for octet in data):
        return f'<<"{data.decode()}">>'
    return "<<" + ",".join(map(str, data)) + ">>"
