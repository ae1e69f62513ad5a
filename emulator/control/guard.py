"""Who may use the control API: nobody through a foreign web page, and beyond this machine only who holds the token."""

from __future__ import annotations

import hmac
from typing import Any
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

from gatepost.control.context import Control

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class Refused(Exception):
    """Not served; the text says what would be, and `more` stands beside it in the answer."""

    def __init__(self, status: int, message: str, more: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.more = more


def check(control: Control, headers: Headers) -> None:
    """Raises Refused."""
    host = headers.get("Host", "")
    _check_origin(headers.get("Origin", ""), host)
    if control.token is not None:
        scheme, _, given = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), control.token.encode()):
            raise Refused(401, "Send the control token as `Authorization: Bearer TOKEN`.")
        return
    if not control.listens_locally:
        raise Refused(
            403,
            "The control API needs a token when the server listens beyond this machine: start with --control-token.",
        )
    # A page of another site can have its name resolve to this machine; it cannot change the Host that it sends.
    if _host_name(host) not in control.hosts:
        raise Refused(403, f"The host {host!r} is not known here; add it with --allowed-host.")


def _check_origin(origin: str, host: str) -> None:
    if origin and (origin == "null" or _authority(origin) != host.lower()):
        raise Refused(403, "Requests from other web pages are not served.")


def _authority(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _host_name(host: str) -> str:
    try:
        return (urlsplit("//" + host).hostname or "").lower()
    except ValueError:
        return ""
