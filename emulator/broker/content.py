"""The content of a message on its way in: one method, one header, then the body in frames."""

from __future__ import annotations

from collections.abc import Callable

from gatepost.broker import codec
from gatepost.broker.codec import Address
from gatepost.broker.errors import AmqpError, precondition_failed

_EXPECTED = "expected content header for class 60, got "
_PIECE_COST = 64
"""What a body frame that waits for the rest takes beside its bytes."""


class Content:
    """What one channel has received of the message that `address` began; nothing while that is None.

    `hold` is told what is held more, or less, and may raise AmqpError.
    """

    def __init__(self, largest: int, hold: Callable[[int], None]) -> None:
        self.address: Address | None = None
        self.properties: bytes | None = None
        self._largest = largest
        self._hold = hold
        self._size = self._received = self._held = 0
        self._pieces: list[bytes] = []

    def frame(self, kind: int, payload: bytes, *, keep: bool) -> bytes | None:
        """The body once it is whole; empty where it was not to be kept. Raises AmqpError."""
        if kind == codec.HEADER and self.properties is None:
            return self._begin(payload, keep)
        if kind == codec.BODY and self.properties is not None:
            return self._continue(payload, keep)
        codec.check_kind(kind, payload)
        raise self.out_of_order()

    def out_of_order(self) -> AmqpError:
        if self.properties is None:
            return AmqpError(505, f"{_EXPECTED}non content header frame instead", method=codec.PUBLISH)
        return AmqpError(505, "expected content body, got non content body frame instead", method=codec.PUBLISH)

    def _begin(self, payload: bytes, keep: bool) -> bytes | None:
        class_id, weight, size = codec.decode_content_header(payload)
        if weight:
            raise self.out_of_order()
        if class_id != codec.BASIC_CLASS:
            raise AmqpError(505, f"{_EXPECTED}one for class {class_id} instead")
        self.properties = codec.properties_of(payload)
        self._size = size
        if keep and size > self._largest:
            # The channel ends here; what is still to come of the body is counted, not kept.
            raise precondition_failed(f"message size {size} is larger than configured max size {self._largest}")
        return None if size else b""

    def _continue(self, payload: bytes, keep: bool) -> bytes | None:
        self._received += len(payload)
        whole = self._received == self._size
        if whole and not self._pieces:
            return payload
        if self._received > self._size:
            raise AmqpError(501, f"a body of {self._received} octets, where the content header says {self._size}")
        if keep:
            self._pieces.append(payload)
            self._held += len(payload) + _PIECE_COST
            self._hold(len(payload) + _PIECE_COST)
        return b"".join(self.drop_pieces()) if whole else None

    def drop_pieces(self) -> list[bytes]:
        pieces, self._pieces = self._pieces, []
        self._hold(-self._held)
        self._held = 0
        return pieces

    def clear(self) -> None:
        """The message is whole, or broken off."""
        self.address = self.properties = None
        self._received = 0
