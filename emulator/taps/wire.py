"""HTTP/1.1 as far as a tap must read it: where heads and bodies end. The bytes themselves stay as they came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Literal, NamedTuple

from gatepost.taps.listener import READ_BYTES

Length = int | Literal["chunked", "to-the-end"]
"""How long a body is: a number of bytes, in chunks that tell, or all that comes until the connection ends."""

_INTERIM = range(100, 200)
_WITHOUT_BODY = (204, 304)


class Unreadable(Exception):
    """No HTTP/1: what was read, which is passed on as it is together with all that follows."""

    def __init__(self, data: bytes) -> None:
        super().__init__("not HTTP/1")
        self.data = data


class Head(NamedTuple):
    """The head of a request or a response. `words` are the three of its first line, `headers` as they were spelt."""

    raw: bytes
    words: tuple[str, str, str]
    headers: list[tuple[str, str]]

    def get(self, name: str) -> str:
        """The value of a header (`name` in lower case), empty where there is none; repeated ones joined."""
        return ", ".join(value for other, value in self.headers if other.lower() == name)

    def raw_with(self, headers: list[tuple[str, str]]) -> bytes:
        """The same first line with other headers."""
        first = self.raw.partition(b"\r\n")[0]
        lines = [f"{name}: {value}".encode("latin-1") for name, value in headers]
        return b"\r\n".join([first, *lines, b"", b""])


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """The next head; None where the connection ends before one. Raises Unreadable, and OSError."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise Unreadable(error.partial) from None
        return None
    except asyncio.LimitOverrunError as error:
        raise Unreadable(await reader.read(error.consumed)) from None
    first, *lines = raw.decode("latin-1").lstrip("\r\n").removesuffix("\r\n\r\n").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2 or not (words[0].startswith("HTTP/1.") or words[-1].startswith("HTTP/1.")):
        raise Unreadable(raw)
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or name != name.strip():
            raise Unreadable(raw)
        headers.append((name, value.strip()))
    return Head(raw, (words[0], words[1], words[2] if len(words) > 2 else ""), headers)


def request_length(head: Head) -> Length:
    """Raises Unreadable for a length that is no number."""
    if head.get("transfer-encoding"):
        return "chunked"
    return _number(head) or 0


def response_length(head: Head, method: str) -> Length:
    """Raises Unreadable for a length that is no number."""
    if method == "HEAD" or status_of(head) in _WITHOUT_BODY or status_of(head) in _INTERIM:
        return 0
    if "chunked" in head.get("transfer-encoding").lower():
        return "chunked"
    length = _number(head)
    return "to-the-end" if length is None else length


def status_of(head: Head) -> int:
    """Raises Unreadable."""
    if not (head.words[1].isascii() and head.words[1].isdecimal()):
        raise Unreadable(head.raw)
    return int(head.words[1])


def is_interim(head: Head) -> bool:
    """Whether the real response is still to come."""
    return status_of(head) in _INTERIM and status_of(head) != 101


def stays_open(head: Head) -> bool:
    """Whether, as far as this head goes, another request may follow."""
    connection = head.get("connection").lower()
    old = "HTTP/1.0" in head.words
    return "close" not in connection and (not old or "keep-alive" in connection)


def _number(head: Head) -> int | None:
    text = head.get("content-length")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise Unreadable(head.raw)
    return int(text)


async def body_bytes(reader: asyncio.StreamReader, length: Length) -> AsyncIterator[bytes]:
    """The body's bytes as they are on the wire, frames of chunks included. Raises EOFError where it breaks off."""
    if length == "chunked":
        async for piece in _chunks(reader):
            yield piece
    elif length == "to-the-end":
        while piece := await reader.read(READ_BYTES):
            yield piece
    else:
        left = length
        while left:
            piece = await reader.read(min(left, READ_BYTES))
            if not piece:
                raise EOFError
            left -= len(piece)
            yield piece


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    try:
        while True:
            line = await reader.readuntil(b"\r\n")
            size = int(line.partition(b";")[0], 16)
            yield line
            if not size:
                break
            async for piece in body_bytes(reader, size + 2):
                yield piece
        while line != b"\r\n":
            line = await reader.readuntil(b"\r\n")
            yield line
    except (ValueError, asyncio.LimitOverrunError):
        raise EOFError from None


def dechunked(data: bytes) -> bytes:
    """The body in the frames of its chunks, which are whole."""
    body: list[bytes] = []
    at = 0
    while True:
        end = data.index(b"\r\n", at)
        size = int(data[at:end].partition(b";")[0], 16)
        if not size:
            return b"".join(body)
        body.append(data[end + 2 : end + 2 + size])
        at = end + 4 + size
