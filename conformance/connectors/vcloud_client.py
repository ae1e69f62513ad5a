"""How the reference connector calls vCloud: sessions, whole answers in bounded time, credentials for one host only."""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import ssl
import threading
from typing import NamedTuple
from urllib.parse import urlsplit

from lxml import etree

VCLOUD = "http://www.vmware.com/vcloud/v1.5"
ANSWER = 3.0  # seconds that the cloud may take for a whole answer
LARGEST = 4 * 1024 * 1024  # bytes of a document

# What arrives is not to be trusted: no entities, nothing fetched.
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


class Gone(Exception):
    """The cloud has answered, and it is no: the task is gone, or not ours to decide any more."""


class Unavailable(Exception):
    """The cloud cannot answer now."""

    def __init__(self, text: str, retry_after: float = 0.0) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def parse(data: bytes) -> etree._Element:
    """A document without a DTD. Raises ValueError for anything else."""
    if len(data) > LARGEST:
        raise ValueError("too large")
    try:
        root = etree.fromstring(data, PARSER)
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from None
    if root.getroottree().docinfo.doctype:
        raise ValueError("a document type is not allowed")
    return root


def find_link(element: etree._Element, rel: str) -> str | None:
    links = element.iterfind(f"{{{VCLOUD}}}Link")
    return next((link.get("href") for link in links if link.get("rel") == rel), None)


class Cloud:
    """The calls that a connector makes, for any number of threads. A session that has expired is opened anew."""

    def __init__(self, url: str, user: str, password: str, version: str, ca: str | None) -> None:
        self.url = url.rstrip("/")
        self.accept = f"application/*+xml;version={version}"
        self.login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.context = ssl.create_default_context(cafile=ca) if self.url.startswith("https:") else None
        self.token: str | None = None
        self.lock = threading.Lock()

    def get(self, href: str) -> etree._Element:
        """A document. Raises Gone, Unavailable and ValueError."""
        return parse(self.call("GET", href).body)

    def call(self, method: str, href: str, body: bytes = b"", content_type: str = "") -> Answer:
        """Raises Gone and Unavailable."""
        self.require_ours(href)
        token = self.session()
        answer = self.send(method, href, token, body, content_type)
        if answer.status in (401, 403) and not self.knows(token):
            self.forget(token)
            answer = self.send(method, href, self.session(), body, content_type)
        if answer.status >= 500 or answer.status in (401, 408, 429):
            raise Unavailable(f"{method} {href}: {answer.status}", retry_after(answer.headers))
        if answer.status >= 400:
            raise Gone(f"{method} {href}: {answer.status}")
        return answer

    def require_ours(self, href: str) -> None:
        """Credentials go to no other host, whatever a link says."""
        if not href.startswith(self.url + "/"):
            raise Gone(f"{href} is not our cloud")

    def session(self) -> str:
        with self.lock:
            if self.token is None:
                answer = self.send("POST", self.url + "/api/sessions", None)
                self.token = answer.headers.get("x-vcloud-authorization")
                if self.token is None:
                    raise Unavailable(f"cannot log in: {answer.status}", retry_after(answer.headers))
            return self.token

    def knows(self, token: str) -> bool:
        """A 403 may mean that the task is gone, or that the session is: the session itself tells them apart."""
        return self.send("GET", self.url + "/api/session", token).status < 400

    def forget(self, token: str) -> None:
        with self.lock:
            if self.token == token:
                self.token = None

    def log_out(self) -> None:
        if self.token is not None:
            with contextlib.suppress(Unavailable):
                self.send("DELETE", self.url + "/api/session", self.token)

    def headers(self, token: str | None, content_type: str) -> dict[str, str]:
        who = {"Authorization": self.login} if token is None else {"x-vcloud-authorization": token}
        return {"Accept": self.accept, **who, **({"Content-Type": content_type} if content_type else {})}

    def send(self, method: str, href: str, token: str | None, body: bytes = b"", content_type: str = "") -> Answer:
        """One request. Raises Unavailable when no whole answer comes in time."""
        parts = urlsplit(href)
        connection = self.connection(parts.netloc)
        # Neither a silent server nor one that trickles holds us longer than this.
        alarm = threading.Timer(ANSWER, cut, (connection,))
        alarm.daemon = True
        try:
            connection.connect()
            alarm.start()
            target = f"{parts.path}?{parts.query}" if parts.query else parts.path
            connection.request(method, target, body or None, self.headers(token, content_type))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read(LARGEST + 1))
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"{method} {href}: {type(error).__name__} {error}") from None
        finally:
            alarm.cancel()
            connection.close()

    def connection(self, host: str) -> http.client.HTTPConnection:
        if self.context is None:
            return http.client.HTTPConnection(host, timeout=ANSWER)
        return http.client.HTTPSConnection(host, timeout=ANSWER, context=self.context)


def cut(connection: http.client.HTTPConnection) -> None:
    with contextlib.suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)


def retry_after(headers: http.client.HTTPMessage) -> float:
    """Seconds. A date, which the header may hold as well, counts as one second."""
    value = headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else 1.0 if value else 0.0
