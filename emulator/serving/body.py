"""Request bodies, as PEP 3333 wants `wsgi.input` to be: a file that ends where the body does."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BufferedIOBase, BufferedReader, BytesIO, RawIOBase
from typing import IO, TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_WHOLE_BYTES = 1 << 20
_LINE_BYTES = 4096
_TRAILERS = 100
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")


class BrokenBody(ConnectionError):
    """A request body that did not arrive whole, or not as HTTP spells one. No fault of the application's."""


class Source(Protocol):
    """Where a body comes from. `length` is None for one that tells its end by itself."""

    @property
    def length(self) -> int | None: ...

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, and none only at the end. Raises BrokenBody."""


def open_body(source: Source | None) -> IO[bytes]:
    """What becomes `wsgi.input`. A body whose length is known and small is taken whole here: raises BrokenBody."""
    if source is None:
        return BytesIO()
    if source.length is None or source.length > _WHOLE_BYTES:
        return BufferedReader(_Raw(source), 1 << 16)
    parts = []
    while part := source.read(_WHOLE_BYTES):
        parts.append(part)
    return BytesIO(b"".join(parts))


class CountedBody:
    """A body of `length` bytes; `read` takes them from the client, and gives none when it has left."""

    def __init__(self, read: Callable[[int], bytes], length: int) -> None:
        self._read = read
        self.length = length
        self.known_left = length

    @property
    def ended(self) -> bool:
        return not self.known_left

    def read(self, size: int, /) -> bytes:
        wanted = min(size, self.known_left)
        data = self._read(wanted) if wanted else b""
        if wanted and not data:
            raise BrokenBody(f"The client left with {self.known_left} bytes of its request body not sent.")
        self.known_left -= len(data)
        return data


class ChunkedBody:
    """A body in the chunked encoding of RFC 9112, read from `stream`. Trailers are skipped."""

    length = None

    def __init__(self, stream: BufferedIOBase) -> None:
        self._stream = stream
        self.known_left = 0
        self.ended = False

    def read(self, size: int, /) -> bytes:
        if self.ended or not size:
            return b""
        try:
            return self._read_on(size)
        except BrokenBody:
            raise
        except OSError as error:
            raise BrokenBody(f"The rest of the request body did not arrive: {error}") from error

    def _read_on(self, size: int) -> bytes:
        if not self.known_left and not self._begin_chunk():
            return b""
        data = self._stream.read(min(size, self.known_left))
        if not data:
            raise BrokenBody("The client left in the middle of a chunk of its request body.")
        self.known_left -= len(data)
        if not self.known_left and self._line() not in (b"\r\n", b"\n"):
            raise BrokenBody("A chunk of the request body is longer than it says.")
        return data

    def _begin_chunk(self) -> bool:
        match = _CHUNK_SIZE.fullmatch(self._line())
        if match is None:
            raise BrokenBody("The request body is not in chunks, as its headers say.")
        self.known_left = int(match[1], 16)
        if not self.known_left:
            self._skip_trailers()
        return not self.ended

    def _skip_trailers(self) -> None:
        for _ in range(_TRAILERS):
            if self._line() in (b"\r\n", b"\n"):
                self.ended = True
                return
        raise BrokenBody(f"The request body has more than {_TRAILERS} trailers.")

    def _line(self) -> bytes:
        line = self._stream.readline(_LINE_BYTES)
        if not line.endswith(b"\n"):
            raise BrokenBody("A line between the chunks of the request body does not end.")
        return line


class _Raw(RawIOBase):
    def __init__(self, source: Source) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self._source.read(len(view))
        view[: len(data)] = data
        return len(data)
