"""The list of events, and the outbound stream of the same (reference, section 8)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from flask import Response, request

from gatepost.abiquo.errors import ApiError, from_cloud
from gatepost.abiquo.events import Trace
from gatepost.abiquo.http import Call, Reply, blueprint, refuse, route
from gatepost.abiquo.inventory import Caller
from gatepost.abiquo.privileges import CUSTOMISE, DEPLOY, WORKFLOW_OVERRIDE
from gatepost.abiquo.represent.config import entity, event
from gatepost.abiquo.routes.paging import Keys, page
from gatepost.core.errors import CloudError

READERS = ("EVENTLOG_VIEW_ENTERPRISE", "EVENTLOG_VIEW_ALL")
_WORKFLOW = frozenset({"TASK", "VIRTUAL_MACHINE", "VIRTUAL_APPLIANCE"})
_KEYS: Keys = {"timestamp": lambda trace: trace.number, "severity": lambda trace: trace.severity}
_HEARTBEAT = 5.0
"""Seconds between comments on a stream on which nothing happens; a client that has gone is noticed by them."""


@route("GET", "/events", *READERS, produces=("events",), locked=False)
def events(call: Call) -> Reply:
    visible = _visible(call)
    every = call.state.events.all
    return Reply(200, page(call, "events", "events", every, event, _KEYS, ascending=False, text=_text, keep=visible))


def stream() -> Response:
    """Server-sent events: each is the trace entity, from now on, until the client or the server goes."""
    call = Call(request.environ)
    try:
        call.authenticate()
        call.require(READERS)
        visible = _visible(call)
    except ApiError as error:
        return refuse(call, error)
    except CloudError as error:
        return refuse(call, from_cloud(error))
    if not call.dialect.streams.acquire(blocking=False):
        return refuse(call, ApiError(503, "503-SERVICE-UNAVAILABLE", "Too many streams are open already"))
    wanted = {name: value for name, value in request.args.items() if not name.startswith("X-Atmosphere")}
    request.environ["gatepost.streams"] = True
    return Response(_Frames(call, visible, wanted), 200, mimetype="text/event-stream")


blueprint.add_url_rule("/abiquo/m/stream", "stream", stream, methods=["GET"], provide_automatic_options=False)


class _Frames:
    """The body of a stream. The place that it takes is free again when it is closed, read or not."""

    def __init__(self, call: Call, visible: Callable[[Trace], bool], wanted: dict[str, str]) -> None:
        self._call = call
        self._visible = visible
        self._wanted = wanted
        self._last = call.state.events.last
        self._open = True

    def __iter__(self) -> Iterator[bytes]:
        yield b": connected\n\n"
        while (fresh := self._call.state.events.wait(self._last, _HEARTBEAT)) is not None:
            for trace in fresh:
                self._last = trace.number
                shown = {name: value for name, value in entity(trace).items() if value is not None}
                if self._visible(trace) and all(shown.get(name) == value for name, value in self._wanted.items()):
                    yield f"data:{json.dumps(shown, ensure_ascii=False)}\n\n".encode("utf-8", "replace")
            if not fresh:
                yield b": still here\n\n"

    def close(self) -> None:
        if self._open:
            self._open = False
            self._call.dialect.streams.release()


def _visible(call: Call) -> Callable[[Trace], bool]:
    """Of the own enterprise, or with the privilege of all in scope; of workflow only who has to do with it."""
    caller: Caller = call.caller
    concerned = caller.may(WORKFLOW_OVERRIDE, DEPLOY, CUSTOMISE)
    enterprises = call.inventory.enterprises

    def visible(trace: Trace) -> bool:
        if trace.entity in _WORKFLOW and not concerned:
            return False
        id = trace.enterprise[0]
        if id == caller.user.enterprise.id:
            return True
        of = enterprises.get(id)
        return of is not None and caller.may("EVENTLOG_VIEW_ALL") and caller.sees(of)

    return visible


def _text(trace: Trace) -> str:
    return f"{trace.entity} {trace.action} {trace.name} {trace.message} {trace.user[1]}".lower()
