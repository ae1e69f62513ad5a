"""The raw HTTP client of this project's Abiquo tests, and a connector's endpoint.

It adds nothing to what a test sends but the login, and it holds everything that it receives against the general rules
of the wire (`_broken_rules`), so that no test needs to repeat them.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import Any, Final, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx
from lxml import etree

from gatepost import Gatepost
from tests.support.waiting import until

VENDOR: Final = "application/vnd.abiquo."
_TYPE: Final = re.compile(r"application/vnd\.abiquo\.[a-z]+\+(json|xml); version=[0-9A-Za-z.-]+")
PASSWORDS: Final = {"admin": "xabiquo"}
FINAL: Final = frozenset({"FINISHED_SUCCESSFULLY", "FINISHED_UNSUCCESSFULLY", "CANCELLED", "ABORTED", "ACK_ERROR"})


@dataclass(frozen=True)
class Reply:
    """A response that kept the general rules."""

    request: str
    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def xml(self) -> etree._Element:
        return etree.fromstring(self.body)

    @property
    def type(self) -> str:
        """Content-Type without its version."""
        return str(self.headers.get("content-type", "")).partition(";")[0]

    @property
    def code(self) -> str:
        """Of the first error. Raises AssertionError when it is none."""
        assert self.status >= 400, self
        if self.type.endswith("+xml"):
            return str(self.xml.findtext("error/code"))
        return str(self.json["collection"][0]["code"])

    @property
    def refusal(self) -> tuple[int, str]:
        return self.status, self.code

    def links(self) -> dict[str, str]:
        return links_of(self.json)

    def __str__(self) -> str:
        return f"{self.request} -> {self.status}\n{self.body.decode(errors='replace')}"


def links_of(shape: Mapping[str, Any]) -> dict[str, str]:
    """Hrefs by relation."""
    return {link["rel"]: link["href"] for link in shape["links"]}


class AbiquoClient:
    """One user's view of one cloud. Paths are below the API's root; hrefs may be given as they are."""

    def __init__(self, world: Gatepost, user: str | None = "joe", password: str | None = None) -> None:
        self.root = world.abiquo_url
        auth = None if user is None else (user, password or PASSWORDS.get(user, "gatepost"))
        # To load the authorities that nobody asks takes 30 ms, many times what a test needs for its whole world.
        self._http = httpx.Client(auth=auth, timeout=60, trust_env=False, verify=False)
        self._http.headers.clear()

    def get(self, path: str, **options: Any) -> Reply:
        return self.request("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Reply:
        return self.request("POST", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Reply:
        return self.request("PUT", path, body, **options)

    def delete(self, path: str, **options: Any) -> Reply:
        return self.request("DELETE", path, **options)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        kind: str | None = None,
        accept: str | None = None,
        headers: Mapping[str, str | bytes] | None = None,
        may_fail: bool = False,
    ) -> Reply:
        """`kind` is the word of the body's vendor type. A body that is no text or bytes is sent as JSON.

        `may_fail` allows a 5xx.
        """
        url = path if path.startswith("http") else f"{self.root}/{path}"
        sent: dict[str, str | bytes] = dict(headers or {})
        if accept is not None:
            sent["Accept"] = accept
        if kind is not None:
            sent["Content-Type"] = f"{VENDOR}{kind}+json"
        elif body is not None and not isinstance(body, str | bytes):
            sent.setdefault("Content-Type", "application/json")
        content = body if body is None or isinstance(body, str | bytes) else json.dumps(body)
        raw = [(name.encode(), value.encode() if isinstance(value, str) else value) for name, value in sent.items()]
        response = self._http.request(method, url, content=content, headers=raw)
        self._http.cookies.clear()
        reply = Reply(f"{method} {url}", response.status_code, response.headers, response.content)
        broken = list(_broken_rules(reply, may_fail=may_fail))
        assert not broken, f"{broken} in\n{reply}"
        return reply

    def machine(self, label: str = "web") -> dict[str, Any]:
        """The machine of that label, as this user sees it."""
        [found] = self.get(f"cloud/virtualmachines?vmlabel={label}").json["collection"]
        assert isinstance(found, dict)
        return found

    def deploy(self, label: str = "web") -> str:
        """Ask for it; the task's href."""
        reply = self.post(links_of(self.machine(label))["deploy"])
        assert reply.status == 202, reply
        return reply.links()["status"]

    def state(self, task: str) -> str:
        return str(self.get(task).json["state"])

    def pending(self) -> list[dict[str, Any]]:
        """What waits in the caller's own enterprise."""
        enterprise = links_of(self.get("login").json)["enterprise"]
        found = self.get(f"{enterprise}/action/pendingtasks").json["collection"]
        assert isinstance(found, list)
        return found

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _broken_rules(reply: Reply, *, may_fail: bool) -> Iterator[str]:
    if reply.status >= 500 and not may_fail:
        yield "a 5xx"
    if reply.status == 204:
        if reply.body or "content-type" in reply.headers:
            yield "a 204 with a body"
        return
    content_type = reply.headers.get("content-type", "")
    if reply.status >= 400 and reply.type[:-4].removesuffix("+") != f"{VENDOR}error" and "error+" not in content_type:
        yield "an error without an error document"
    if not content_type.startswith(VENDOR):
        return
    if _TYPE.fullmatch(content_type) is None:
        yield f"the type {content_type!r}"
    if reply.type.endswith("+json"):
        yield from _broken_json(reply.json, reply)
        if reply.status >= 400 and not reply.json["collection"][0]["code"]:
            yield "an error without a code"
    elif str(reply.xml.tag).startswith("{"):
        yield "a namespace"
    if reply.status == 201 and not reply.headers.get("location"):
        yield "a 201 without Location"


def _broken_json(shape: Any, reply: Reply) -> Iterator[str]:
    """Every object has its links, hrefs are whole, and no relation leads to two places."""
    if isinstance(shape, list):
        for one in shape:
            yield from _broken_json(one, reply)
    elif isinstance(shape, dict):
        if None in shape.values():
            yield "a null"
        if "links" in shape:
            yield from _broken_links(shape["links"])
        elif "rel" not in shape:
            yield f"an object without links: {sorted(shape)}"
        for name, value in shape.items():
            if name != "variables":
                yield from _broken_json(value, reply)


def _broken_links(links: list[dict[str, str]]) -> Iterator[str]:
    rels = Counter(link["rel"] for link in links)
    if several := {rel for rel, times in rels.items() if times > 1} - {"status", "privilege", "user"}:
        yield f"links twice: {several}"
    for link in links:
        if not link["href"].startswith("http"):
            yield f"a href that is not whole: {link['href']}"
        if not set(link) <= {"rel", "href", "type", "title"}:
            yield f"a link with more than it may have: {link}"


Answer = Callable[["Connector", "Message"], int | None]


@dataclass(frozen=True)
class Message:
    """What the endpoint was sent."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """One, or those of a collection."""
        shape = self.json
        found = shape["collection"] if "collection" in shape and "taskId" not in shape else [shape]
        assert isinstance(found, list)
        return found


@dataclass
class Connector:
    """An endpoint of the workflow feature, on wsgiref: another framework than the cloud's own.

    `answer` decides what happens to each message: a status, or None to drop the connection. It may call back meanwhile.
    """

    answer: Answer = lambda connector, message: 204
    messages: list[Message] = field(default_factory=list)
    url: str = ""

    def take(self, number: int = 1) -> Message:
        """The message of that number, when it is there."""
        until(lambda: len(self.messages) >= number)
        return self.messages[number - 1]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name[:5] == "HTTP_"}
        headers["content-type"] = environ.get("CONTENT_TYPE", "")
        query = environ.get("QUERY_STRING")
        message = Message(environ["PATH_INFO"] + (f"?{query}" if query else ""), headers, body)
        self.messages.append(message)
        status = self.answer(self, message)
        if status is None:
            raise ConnectionAbortedError
        extra = [("Location", self.url + "/elsewhere")] if 300 <= status < 400 else []
        start_response(f"{status} Whatever", [("Content-Length", "0"), *extra])
        return [b""]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A dropped connection is what the test wants."""


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass

    def handle(self) -> None:
        """As wsgiref does, but an application that drops the connection leaves no answer behind."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            return
        environ = self.get_environ()
        environ["wsgi.input"] = self.rfile
        sent: list[bytes] = []

        def start(status: str, headers: list[tuple[str, str]]) -> None:
            lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), "Connection: close"]
            sent.append("\r\n".join([*lines, "", ""]).encode())

        try:
            body = self.server.get_app()(environ, start)  # type: ignore[attr-defined]  # of WSGIServer
        except ConnectionAbortedError:
            return
        self.wfile.write(b"".join([*sent, *body]))


@contextmanager
def connector(answer: Answer | None = None) -> Iterator[Connector]:
    made = Connector(answer) if answer is not None else Connector()
    server = make_server("127.0.0.1", 0, made, _Server, _Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def switch_on(world: Gatepost, endpoint: str) -> None:
    """Workflow on, the way that the manual tells: two properties, then the tenant's own switch."""
    with AbiquoClient(world, "admin") as admin:
        for name, value in (("client.main.workflowEndPoint", endpoint), ("client.main.workflowEnabled", "1")):
            assert admin.post("config/properties", {"name": name, "value": value}, kind="systemproperty").status == 201
        [acme] = admin.get("admin/enterprises?has=acme").json["collection"]
        assert admin.put(links_of(acme)["edit"], {**acme, "workflow": True}, kind="enterprise").status == 200
