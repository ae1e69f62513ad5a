"""One client's connection through the HTTP tap: request by request, passed on as it came or as a rule wants it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, NoReturn

from gatepost.core.effects import (
    HttpHang,
    HttpHeaderCase,
    HttpMalform,
    HttpReset,
    HttpTapEffect,
    HttpTrickle,
    HttpTruncate,
    spoil,
)
from gatepost.core.faults import Seen
from gatepost.taps import wire
from gatepost.taps.listener import READ_BYTES, finish, reset, trickle
from gatepost.taps.wire import Head, Length, Unreadable

if TYPE_CHECKING:
    from gatepost.taps.http import HttpTap

_MOST_REWRITTEN = 16 * 1024 * 1024
"""Bytes of an answer's body that is spoilt as a whole; of a longer one that much is."""

_UPLOAD_SECONDS = 1.0
"""How long the rest of a request may take that the server has answered already."""

_BAD_GATEWAY = (
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nContent-Length: 34\r\nConnection: close\r\n\r\n"
    b"The server behind the tap is away."
)


class _Over(Exception):
    """Nothing more is to happen on this connection."""


class Exchange:
    """A client's connection and, from its first request on, one to the server for it."""

    def __init__(self, tap: HttpTap, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tap = tap
        self._reader = reader
        self._writer = writer
        self._server_reader: asyncio.StreamReader
        self._server: asyncio.StreamWriter | None = None
        self._upload: asyncio.Task[None] | None = None
        self._asked = False
        """Whether it is the server's turn to speak."""

    async def run(self) -> None:
        """Until one of the sides ends it. Raises what its sockets raise."""
        try:
            while await self._one():
                pass
            await finish(self._writer)
        except _Over:
            pass
        except Unreadable as error:
            with contextlib.suppress(_Over):
                await self._tunnel(error.data)
        finally:
            if self._upload is not None:
                self._upload.cancel()
            if self._server is not None:
                self._server.transport.abort()

    async def _one(self) -> bool:
        """Whether another request may follow."""
        self._asked = False
        request = await wire.read_head(self._reader)
        if request is None:
            return False
        length = wire.request_length(request)
        seen = self._tap.seen(request) if self._tap.watched else None
        if seen is None:
            await self._send(request, length)
            answer = await self._answer(request)
            await self._pass_on(self._head(request, answer), wire.response_length(answer, request.words[0]))
        else:
            answer = await self._watched(request, length, seen)
        stays = wire.stays_open(request) and wire.stays_open(answer)
        return stays and wire.response_length(answer, request.words[0]) != "to-the-end"

    async def _watched(self, request: Head, length: Length, seen: Seen) -> Head:
        """One request that rules and crash points may be for. Raises _Over."""
        found = self._tap.effect_on(request, seen)
        effect = None if found is None else found[1]
        if not await self._tap.passes("request", request, seen):
            self._reset()
        if isinstance(effect, HttpReset | HttpHang) and effect.when == "before":
            await self._discard(self._reader, length)
            await self._end_unanswered(effect)
        await self._send(request, length)
        answer = await self._answer(request)
        answer_length = wire.response_length(answer, request.words[0])
        if isinstance(effect, HttpReset | HttpHang):
            await self._discard(self._server_reader, answer_length)
        if not await self._tap.passes("effect", request, seen):
            self._reset()
        if isinstance(effect, HttpReset | HttpHang):
            await self._end_unanswered(effect)
        await self._pass_on_spoilt(effect, request, answer, answer_length)
        return answer

    # ------------------------------------------------------------------ the request

    async def _send(self, request: Head, length: Length) -> None:
        """To the server; a body that is long, or waited with, goes on by itself while the answer is read."""
        server = await self._connected()
        self._asked = True
        if not length:
            server.write(request.raw)
        elif isinstance(length, int) and length <= READ_BYTES and not request.get("expect"):
            server.write(request.raw + await self._reader.readexactly(length))
        else:
            server.write(request.raw)
            self._upload = asyncio.ensure_future(self._send_body(server, length))
        await server.drain()

    async def _send_body(self, server: asyncio.StreamWriter, length: Length) -> None:
        # A server that answers early closes; its answer tells the client more than this error would.
        with contextlib.suppress(OSError, EOFError):
            async for piece in wire.body_bytes(self._reader, length):
                server.write(piece)
                await server.drain()

    async def _connected(self) -> asyncio.StreamWriter:
        if self._server is not None and not self._server_reader.at_eof():
            return self._server
        if self._server is not None:
            self._server.transport.abort()
        try:
            host, port = self._tap.backend
            reader, self._server = await asyncio.open_connection(
                host, port, ssl=self._tap.backend_context, limit=READ_BYTES
            )
        except OSError:
            self._writer.write(_BAD_GATEWAY)
            await finish(self._writer)
            raise _Over from None
        self._server_reader = reader
        return self._server

    async def _answer(self, request: Head) -> Head:
        """The head of the answer; what comes before it, such as 100 Continue, is passed on."""
        while True:
            answer = await wire.read_head(self._server_reader)
            if answer is None:
                raise _Over
            if wire.status_of(answer) == 101:
                raise Unreadable(answer.raw)
            if not wire.is_interim(answer):
                break
            self._writer.write(answer.raw)
            await self._writer.drain()
        if self._upload is not None:
            await asyncio.wait([self._upload], timeout=_UPLOAD_SECONDS)
            if not self._upload.done():
                # Answered before it was heard out: the rest of this request cannot be told from the next one.
                await self._pass_on(answer.raw, wire.response_length(answer, request.words[0]))
                await finish(self._writer)
                raise _Over
            self._upload = None
        return answer

    # ------------------------------------------------------------------ the answer

    async def _pass_on(self, head: bytes, length: Length) -> None:
        if isinstance(length, int) and length <= READ_BYTES:
            self._writer.write(head + await self._server_reader.readexactly(length) if length else head)
        else:
            self._writer.write(head)
            async for piece in wire.body_bytes(self._server_reader, length):
                self._writer.write(piece)
                await self._writer.drain()
        await self._writer.drain()

    def _head(self, request: Head, answer: Head) -> bytes:
        case = self._tap.case_of(request)
        return answer.raw if case is None else _recased(answer, case)

    async def _pass_on_spoilt(self, effect: HttpTapEffect | None, request: Head, answer: Head, length: Length) -> None:
        match effect:
            case HttpTruncate():
                await self._truncate(answer, length, effect.bytes)
            case HttpMalform():
                await self._malform(answer, length, effect)
            case HttpTrickle():
                await trickle(self._writer, answer.raw, effect.bytes, effect.pause)
                async for piece in wire.body_bytes(self._server_reader, length):
                    await trickle(self._writer, piece, effect.bytes, effect.pause)
            case HttpHeaderCase():
                await self._pass_on(_recased(answer, effect.case), length)
            case _:
                await self._pass_on(self._head(request, answer), length)

    async def _truncate(self, answer: Head, length: Length, wanted: int | None) -> None:
        body = await self._whole_body(length)
        # At least one byte is missing, or nobody would see that it broke off.
        kept = min(len(body) // 2 if wanted is None else wanted, max(len(body) - 1, 0))
        self._writer.write(answer.raw + body[:kept])
        await finish(self._writer)
        raise _Over

    async def _malform(self, answer: Head, length: Length, effect: HttpMalform) -> None:
        raw = await self._whole_body(length)
        body = spoil(wire.dechunked(raw) if length == "chunked" else raw, effect.how)
        replaced = {"content-length", "transfer-encoding", *(["content-type"] if effect.how == "html" else [])}
        headers = [(name, value) for name, value in answer.headers if name.lower() not in replaced]
        if effect.how == "html":
            headers.append(("Content-Type", "text/html"))
        self._writer.write(answer.raw_with([*headers, ("Content-Length", str(len(body)))]) + body)
        await self._writer.drain()

    async def _whole_body(self, length: Length) -> bytes:
        pieces, size = [], 0
        async for piece in wire.body_bytes(self._server_reader, length):
            pieces.append(piece)
            size += len(piece)
            if size > _MOST_REWRITTEN:
                raise EOFError
        return b"".join(pieces)

    # ------------------------------------------------------------------ the end

    async def _end_unanswered(self, effect: HttpReset | HttpHang) -> None:
        if isinstance(effect, HttpHang):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(effect.seconds):
                    while await self._reader.read(READ_BYTES):
                        pass
            raise _Over
        self._reset()

    def _reset(self) -> NoReturn:
        reset(self._writer)
        raise _Over

    async def _discard(self, reader: asyncio.StreamReader, length: Length) -> None:
        async for _ in wire.body_bytes(reader, length):
            pass

    async def _tunnel(self, data: bytes) -> None:
        """What cannot be read goes on as it is, both ways, until the server ends it."""
        server = await self._connected()
        (self._writer if self._asked else server).write(data)
        upload = asyncio.ensure_future(_pump(self._reader, server))
        try:
            await _pump(self._server_reader, self._writer)
            await finish(self._writer)
        finally:
            upload.cancel()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(READ_BYTES):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


def _recased(answer: Head, case: str) -> bytes:
    spell = {"lower": str.lower, "upper": str.upper}.get(case, str.swapcase)
    return answer.raw_with([(spell(name), value) for name, value in answer.headers])
