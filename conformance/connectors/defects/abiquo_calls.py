"""Connectors of Abiquo whose calls go wrong."""

from __future__ import annotations

import os
from http.client import HTTPMessage
from typing import Any
from urllib.parse import urljoin, urlsplit

from gatepost.conformance.connectors import abiquo_client as client
from gatepost.conformance.connectors import abiquo_reference as reference
from gatepost.conformance.connectors.abiquo_client import Cloud, Denied, Gone, Unavailable, basic
from gatepost.conformance.connectors.abiquo_reference import Decider, Held, Told
from gatepost.conformance.connectors.defects import defect

CLIENT: Any = client
CLOUD: Any = Cloud
DECIDER: Any = Decider
REFERENCE: Any = reference

Answer = tuple[int, HTTPMessage, bytes]

# --- where they go ---


@defect("abiquo", "Knows its cloud only without a slash behind the root.", breaks="ABQ-LNK-1.1")
def stumbles_over_a_slash() -> None:
    right, url = Cloud.__init__, Cloud.url

    def init(self: Any, base: str, sign: Any, ca: str | None = None) -> None:
        right(self, base, sign, ca)
        self.given = base

    def ours(self: Any, href: str) -> str:
        if "://" in href and not href.startswith(f"{self.given}/"):
            raise Gone(f"{href} is not of our cloud")
        return url(self, href)

    CLOUD.__init__, CLOUD.url = init, ours


@defect("abiquo", "Resolves paths as a browser does.", breaks="ABQ-LNK-1.2", may="ABQ-LNK-3")
def resolves_as_a_browser() -> None:
    right = Cloud.url
    CLOUD.url = lambda self, href: right(self, href) if "://" in href else urljoin(self.base + "/", href)


@defect("abiquo", "Knows where the API of every cloud stands.", breaks="ABQ-LNK-1.3")
def knows_where_the_api_stands() -> None:
    right = Cloud.url

    def url(self: Cloud, href: str) -> str:
        parts = urlsplit(self.base)
        return right(self, href).replace(self.base, f"{parts.scheme}://{parts.netloc}/abiquo/api", 1)

    CLOUD.url = url


@defect("abiquo", "Goes wherever a link leads.", breaks="ABQ-LNK-3")
def goes_wherever_a_link_leads() -> None:
    right = Cloud.url
    CLOUD.url = lambda self, href: href if "://" in href else right(self, href)


@defect("abiquo", "Takes two slashes in front for a host, as URLs have it.", breaks="ABQ-LNK-3")
def goes_to_hosts_without_a_scheme() -> None:
    right = Cloud.url
    CLOUD.url = lambda self, href: urljoin(self.base, href) if href.startswith("//") else right(self, href)


# --- who makes them ---


@defect("abiquo", "Asks without credentials first, every time.", breaks="ABQ-AUT-1.1 ABQ-AUT-1.2")
def asks_without_credentials() -> None:
    right, headers = Cloud.send, Cloud.headers

    class Bare(Cloud):
        def headers(self, method: str, url: str) -> dict[str, str]:
            return {name: value for name, value in headers(self, method, url).items() if name != "Authorization"}

    def send(self: Cloud, method: str, url: str, body: bytes) -> Answer:
        answer = right(Bare(self.base, self.sign), method, url, body)
        return right(self, method, url, body) if answer[0] == 401 else answer

    CLOUD.send = send


@defect("abiquo", "Shows its password in place of a signature.", breaks="ABQ-AUT-1.2")
def shows_its_password() -> None:
    REFERENCE.oauth = lambda *keys: basic("connector", "gatepost")


@defect("abiquo", "Asks again at once when it is not let in.", breaks="ABQ-AUT-1.3 ABQ-AUT-1.4")
def knocks_without_a_pause() -> None:
    right = Cloud.call

    def call(self: Cloud, method: str, href: str, text: str = "") -> bytes:
        while True:
            try:
                return right(self, method, href, text)
            except Denied:
                continue

    CLOUD.call = call


@defect("abiquo", "Ends when it is not let in.", breaks="ABQ-AUT-1.3 ABQ-AUT-1.4")
def ends_when_it_is_not_let_in() -> None:
    right = Cloud.call

    def call(self: Cloud, method: str, href: str, text: str = "") -> bytes:
        try:
            return right(self, method, href, text)
        except Denied:
            os._exit(3)

    CLOUD.call = call


# --- decisions that come too late ---


@defect("abiquo", "Ends when a decision of its own is refused.", breaks="ABQ-RAC-1.1 ABQ-RAC-1.2 ABQ-RAC-1.3")
def ends_when_it_is_refused() -> None:
    right = Cloud.call

    def call(self: Cloud, method: str, href: str, text: str = "") -> bytes:
        try:
            return right(self, method, href, text)
        except Gone:
            if method == "POST":
                os._exit(3)
            raise

    CLOUD.call = call


@defect("abiquo", "Ends when a task is over before it has looked.", breaks="ABQ-RAC-1.4 ABQ-API-1.4", may="ABQ-HOK-3*")
def ends_when_it_is_late() -> None:
    right = Decider.look_up

    def look_up(self: Decider, told: Told) -> Held | None:
        held = right(self, told)
        if held is None:
            os._exit(3)
        return held

    DECIDER.look_up = look_up


# --- trouble ---


@defect("abiquo", "Tries again when it likes, whatever Retry-After says.", breaks="ABQ-API-1.1")
def ignores_retry_after() -> None:
    CLIENT.retry_after = lambda headers: 0.0


@defect(
    "abiquo", "Gives up when the cloud is not available.", breaks="ABQ-API-1.1 ABQ-API-1.2", may="ABQ-ROB-* ABQ-REC-*"
)
def gives_up_at_503() -> None:
    right = Cloud.call

    def call(self: Cloud, method: str, href: str, text: str = "") -> bytes:
        try:
            return right(self, method, href, text)
        except Unavailable as error:
            if "503" in str(error):
                raise Gone(str(error)) from None
            raise

    CLOUD.call = call


@defect(
    "abiquo",
    "Gives up when a call comes to nothing.",
    breaks="ABQ-API-1.3 ABQ-API-1.5 ABQ-API-1.6",
    may="ABQ-ROB-* ABQ-REC-*",
)
def gives_up_at_broken_connections() -> None:
    right = Cloud.send

    def send(self: Cloud, method: str, url: str, body: bytes) -> Answer:
        try:
            return right(self, method, url, body)
        except Unavailable as error:
            raise Gone(str(error)) from None

    CLOUD.send = send


@defect("abiquo", "Waits for an answer as long as it takes.", breaks="ABQ-API-1.5 ABQ-API-1.6")
def waits_for_ever() -> None:
    CLIENT.ANSWER = 3600.0


@defect("abiquo", "Does nothing else while it tries again.", breaks="ABQ-API-1.7", may="ABQ-API-1.* ABQ-ROB-1")
def does_one_thing_at_a_time() -> None:
    REFERENCE.WORKERS, REFERENCE.PATIENCE = 1, 3600.0
