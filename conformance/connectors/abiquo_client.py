"""The calls of a connector to Abiquo's API: signed, bounded in time and size, and never to another host."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

LARGEST = 8 * 1024 * 1024  # bytes of an answer
ANSWER = 2.5  # seconds for the whole of it

Sign = Callable[[str, str], str]
"""Makes the header Authorization of a request from its method and URL."""


class Gone(Exception):
    """The cloud does not want this, now or ever."""


class Denied(Exception):
    """Our credentials do not do, so that only a human can help."""


class Unavailable(Exception):
    """The cloud cannot answer now. `retry_after` are seconds."""

    def __init__(self, text: str, retry_after: float = 0.0) -> None:
        super().__init__(text)
        self.retry_after = retry_after


def basic(user: str, password: str) -> Sign:
    header = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    return lambda method, url: header


def oauth(consumer: str, consumer_secret: str, token: str, token_secret: str) -> Sign:
    """OAuth 1.0a with HMAC-SHA1 (RFC 5849)."""
    key = "&".join(map(escaped, (consumer_secret, token_secret))).encode()

    def sign(method: str, url: str) -> str:
        parts = urlsplit(url)
        values = {
            "oauth_consumer_key": consumer,
            "oauth_token": token,
            "oauth_signature_method": "HMAC-SHA1",
            "oauth_timestamp": str(int(time.time())),
            "oauth_nonce": secrets.token_hex(16),
            "oauth_version": "1.0",
        }
        pairs = [*values.items(), *parse_qsl(parts.query, keep_blank_values=True)]
        parameters = "&".join(f"{name}={value}" for name, value in sorted((escaped(n), escaped(v)) for n, v in pairs))
        address = f"{parts.scheme}://{parts.netloc.lower()}{parts.path}"
        base = "&".join((method, escaped(address), escaped(parameters)))
        values["oauth_signature"] = base64.b64encode(hmac.digest(key, base.encode(), hashlib.sha1)).decode()
        return "OAuth " + ", ".join(f'{name}="{escaped(value)}"' for name, value in values.items())

    return sign


def escaped(text: str) -> str:
    return quote(text, safe="~")


def link(document: Any, rel: str) -> str:
    """The href of that relation. Raises Gone where it is not offered."""
    try:
        return next(str(one["href"]) for one in document["links"] if one["rel"] == rel)
    except (StopIteration, KeyError, TypeError):
        raise Gone(f"there is no link {rel}") from None


class Cloud:
    """For any number of threads. `base` is the root of the API; with https, `ca` is the authority to trust."""

    def __init__(self, base: str, sign: Sign, ca: str | None = None) -> None:
        self.base = base.rstrip("/")
        self.sign = sign
        self.context = ssl.create_default_context(cafile=ca) if self.base.startswith("https:") else None

    def url(self, href: str) -> str:
        """Where a link leads: below the base, always. Links of messages are paths below it, with or without a slash in
        front; those of answers are whole URLs, in which the host may be another name of ours. Raises Gone."""
        parts = urlsplit(href)
        path = parts.path
        if parts.scheme or parts.netloc:
            root = urlsplit(self.base).path + "/"
            if not path.startswith(root):
                raise Gone(f"{href} is not of our cloud")
            path = path.removeprefix(root)
        return f"{self.base}/{path.lstrip('/')}" + (f"?{parts.query}" if parts.query else "")

    def get(self, href: str) -> Any:
        """A document. Raises Gone, Denied, Unavailable."""
        data = self.call("GET", href)
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise Unavailable(f"the answer to GET {href} is no JSON: {error}") from None

    def call(self, method: str, href: str, text: str = "") -> bytes:
        """Raises Gone, Denied, Unavailable."""
        status, headers, data = self.send(method, self.url(href), text.encode())
        if status in (401, 403):
            raise Denied(f"{method} {href}: {status}")
        if status >= 500 or status in (408, 429):
            raise Unavailable(f"{method} {href}: {status}", retry_after(headers))
        if status >= 300:
            raise Gone(f"{method} {href}: {status}")
        return data

    def headers(self, method: str, url: str) -> dict[str, str]:
        more = {"Content-Type": "text/plain; charset=UTF-8"} if method == "POST" else {}
        return {"Authorization": self.sign(method, url), "Accept": "application/json", **more}

    def send(self, method: str, url: str, body: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
        """One request. Raises Unavailable when no whole answer comes in time."""
        parts = urlsplit(url)
        connection = self.connection(parts.netloc)
        # Neither a silent server nor one that trickles holds us longer than this.
        alarm = threading.Timer(ANSWER, cut, (connection,))
        alarm.daemon = True
        try:
            connection.connect()
            alarm.start()
            target = f"{parts.path}?{parts.query}" if parts.query else parts.path
            connection.request(method, target, body, self.headers(method, url))
            response = connection.getresponse()
            return response.status, response.headers, response.read(LARGEST)
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"{method} {url}: {type(error).__name__} {error}") from None
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
