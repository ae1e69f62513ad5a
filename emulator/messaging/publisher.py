"""The AMQP publisher: one thread that empties the outbox onto a broker.

Everything about connections happens on the messaging thread's event loop. Other threads only wake it. A broker that is
away is tried again with growing pauses; what it has not confirmed goes out first when it is back, in the old order.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Literal

from pika.exceptions import AMQPError

from gatepost.core.events import Event
from gatepost.core.journal import Journal
from gatepost.messaging.calls import Calls
from gatepost.messaging.connection import CONNECT_SECONDS, BrokerConnection
from gatepost.messaging.message import Form, Message
from gatepost.messaging.outbox import Outbox, Pending
from gatepost.messaging.reasons import reason
from gatepost.messaging.sender import Sender, entry
from gatepost.messaging.target import AmqpTarget

log = logging.getLogger(__name__)

State = Literal["off", "waiting", "connected"]

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between two attempts to connect, doubling from the first to the longest until a message was confirmed."""

_EXPECTED = (AMQPError, OSError, ValueError)
"""What a broker, a network or wrong settings make of an attempt."""

_NO_TIME = "The cloud is stopping"


class Publisher:
    """Publishes the outbox, and carries `calls`. `forms` says how events are told now, `render` makes the message of
    one in one form, `clean` makes of a reply's body what may be kept; `journal` sees every message before it leaves.
    """

    def __init__(
        self,
        journal: Journal,
        forms: Callable[[], Iterable[Form]],
        render: Callable[[Pending], Message],
        target: AmqpTarget,
        clean: Callable[[bytes], bytes],
    ) -> None:
        self.outbox = Outbox()
        self.calls = Calls(journal, clean)
        self.problem: str | None = None
        self._journal = journal
        self._forms = forms
        self._render = render
        self._target = target
        self._state: State = _first_state(target)
        self._bell = _Bell()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._serving: asyncio.Task[None] | None = None
        self._stopping = False
        self._pause = FIRST_PAUSE
        self._probes: set[concurrent.futures.Future[str | None]] = set()
        self._probing = True

    @property
    def state(self) -> State:
        """`off`: no broker is configured; `waiting`: it cannot be reached now; `connected`."""
        return self._state

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self.calls.run_on(self._loop)
        self._thread = threading.Thread(target=self._run, args=(self._loop,), name="gatepost-messaging", daemon=True)
        self._thread.start()

    def stop(self, grace: float = 1.0) -> None:
        """Close the connection and end the thread; what is still to be confirmed gets `grace` seconds."""
        self.end_waits()
        if self._loop is None or self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._begin_stop, grace)
        self._thread.join()
        self._loop = self._thread = None

    def put(self, event: Event, *more: Form) -> None:
        """Hand over an event, told in the usual forms and in `more`; called under the cloud's lock, so it only stores
        and wakes."""
        self.outbox.put(event, dict.fromkeys([*self._forms(), *more]) if more else self._forms())
        self._bell.ring_threadsafe()

    def configure(self, target: AmqpTarget) -> None:
        """Publish there from now on; the backlog goes there too."""
        self._target = target
        self._enter(_first_state(target), None)
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: a world that stops
                self._loop.call_soon_threadsafe(self._serve_anew)

    def probe(self, target: AmqpTarget) -> str | None:
        """Connect and leave again: None when the broker accepts login and virtual host, else why not.

        Blocks for CONNECT_SECONDS and a little more at most, and not beyond `end_waits`.
        """
        if not target.configured:
            return "No AMQP host is given"
        if self._loop is None or not self._probing:
            return _NO_TIME
        answer = asyncio.run_coroutine_threadsafe(_probe(target), self._loop)
        self._probes.add(answer)
        if not self._probing:  # by now
            answer.cancel()
        try:
            return answer.result()
        except concurrent.futures.CancelledError:
            return _NO_TIME
        finally:
            self._probes.discard(answer)

    def end_waits(self) -> None:
        """Let go whoever waits for a probe or for the reply to a call; nobody will any more."""
        self.calls.close()
        self._probing = False
        for probe in list(self._probes):
            probe.cancel()

    # On the messaging thread:

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(self._main())
        loop.close()

    def _begin_stop(self, grace: float) -> None:
        self._stopping = True
        if self._serving is not None:
            worth_waiting = self._state == "connected" and len(self.outbox)
            asyncio.get_running_loop().call_later(grace if worth_waiting else 0, self._serving.cancel)
            self._bell.ring()

    def _serve_anew(self) -> None:
        self.calls.connecting()
        if self._serving is not None:
            self._serving.cancel()

    async def _main(self) -> None:
        while not self._stopping:
            self._serving = asyncio.ensure_future(self._serve(self._target))
            await asyncio.wait({self._serving})
        if probes := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(probes, timeout=1.0)

    async def _serve(self, target: AmqpTarget) -> None:
        """Serve this broker until new settings or a stop cancel it."""
        self._pause = FIRST_PAUSE
        self.calls.connecting()
        while not self._stopping:
            try:
                await (self._publish(target) if target.configured else self._report_undelivered(target))
            except Exception as error:
                self._lost(target, error)
                await asyncio.sleep(self._pause)
                self._pause = min(2 * self._pause, LONGEST_PAUSE)

    async def _publish(self, target: AmqpTarget) -> None:
        """Empty the outbox over one connection. Raises why it ended; returns only at a stop."""
        connection = BrokerConnection(target)
        sender = Sender(connection, target, self.outbox, self._journal, self._bell.ring)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await connection.open()
                await sender.open(self._forms())
            connection.on_blocked(partial(self._on_blocked, sender))
            self._enter("connected", None)
            self.calls.connected(connection, target)
            log.info("connected to the broker %s", target.url(with_password=False))
            while not self._stopping or len(self.outbox):
                self._bell.reset()
                more = await sender.send_some(self._render)
                await (asyncio.sleep(0) if more else self._bell.wait())
        finally:
            if sender.confirmed:
                self._pause = FIRST_PAUSE
            self.calls.disconnected()
            try:
                await connection.close()
            finally:
                self.outbox.take_back()

    async def _report_undelivered(self, target: AmqpTarget) -> None:
        """There is no broker: nothing waits, but the journal tells what would have been sent."""
        self._enter("off", None)
        self.calls.away("No broker is configured")
        while True:
            self._bell.reset()
            while pending := self.outbox.drop():
                exchange, message = target.exchange_for(pending.form), self._render(pending)
                self._journal.add(entry("amqp.undelivered", exchange, message, self._journal.now()))
                await asyncio.sleep(0)
            await self._bell.wait()

    def _lost(self, target: AmqpTarget, error: Exception) -> None:
        problem = reason(error)
        self.calls.away(problem)
        if problem != self.problem:
            bug = None if isinstance(error, _EXPECTED) else error
            shown = target.url(with_password=False)
            log.warning("broker %s: %s; trying again, messages wait meanwhile", shown, problem, exc_info=bug)
        self._enter("waiting", problem)

    def _on_blocked(self, sender: Sender, why: str | None) -> None:
        self.problem = None
        if why is not None:
            self.problem = f"The broker takes no messages now: {why}"
            log.warning("%s; they wait", self.problem)
        sender.block(why is not None)

    def _enter(self, state: State, problem: str | None) -> None:
        self._state = state
        self.problem = problem


async def _probe(target: AmqpTarget) -> str | None:
    connection = BrokerConnection(target)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await connection.open()
    except _EXPECTED as error:
        return reason(error)
    finally:
        await connection.close()
    return None


def _first_state(target: AmqpTarget) -> State:
    return "waiting" if target.configured else "off"


class _Bell:
    """Wakes the messaging thread. Others ring for every event, and a burst of rings costs one wake-up: each is a
    system call and a turn of the interpreter's lock."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rung = True  # until the first reset nobody sleeps

    def reset(self) -> None:
        """Look for work after this, not before: what rings from now on is heard by `wait`."""
        self._loop = asyncio.get_running_loop()
        self._event.clear()
        self._rung = False

    async def wait(self) -> None:
        await self._event.wait()

    def ring(self) -> None:
        self._event.set()

    def ring_threadsafe(self) -> None:
        if not self._rung and self._loop is not None:
            self._rung = True
            with contextlib.suppress(RuntimeError):  # as in `configure`
                self._loop.call_soon_threadsafe(self._event.set)
