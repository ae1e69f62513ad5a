"""Connectors that handle their sessions, and calls that fail, wrongly."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from http.client import HTTPConnection, HTTPMessage
from typing import Any

from gatepost.conformance.connectors import vcloud_client as client
from gatepost.conformance.connectors import vcloud_reference as reference
from gatepost.conformance.connectors.defects import defect
from gatepost.conformance.connectors.vcloud_client import Answer, Cloud, Gone, Unavailable
from gatepost.conformance.connectors.vcloud_reference import Decider, Held

# What is patched; mypy lets nobody change a class otherwise.
CLIENT: Any = client
CLOUD: Any = Cloud
DECIDER: Any = Decider


def _is_decision(href: str) -> bool:
    return "/action/" in href


# --- logging in ---


@defect("vcloud", "Sends the password with every request, beside the token.", breaks="VCD-SES-1.1", may="VCD-SEC-2")
def sends_the_password_always() -> None:
    right = Cloud.headers

    def headers(self: Cloud, token: str | None, content_type: str) -> dict[str, str]:
        return {**right(self, token, content_type), "Authorization": self.login}

    CLOUD.headers = headers


@defect("vcloud", "Names a version only after a request without was refused.", breaks="VCD-SES-1.2")
def names_a_version_when_told() -> None:
    right, headers = Cloud.send, Cloud.headers
    local = threading.local()

    def send(self: Cloud, method: str, href: str, token: str | None, body: bytes = b"", type: str = "") -> Answer:
        local.bare = method == "GET"
        answer = right(self, method, href, token, body, type)
        local.bare = False
        return right(self, method, href, token, body, type) if answer.status == 406 else answer

    def without(self: Cloud, token: str | None, type: str) -> dict[str, str]:
        whole = headers(self, token, type)
        return {**whole, "Accept": "application/*+xml"} if local.bare else whole

    CLOUD.send, CLOUD.headers = send, without


@defect("vcloud", "Logs in for every request, and out again.", breaks="VCD-SES-5.1")
def logs_in_each_time() -> None:
    def call(self: Cloud, method: str, href: str, body: bytes = b"", content_type: str = "") -> Answer:
        own = Cloud(self.url, "", "", "", None)
        own.login, own.accept, own.context = self.login, self.accept, self.context
        try:
            return right(own, method, href, body, content_type)
        finally:
            own.log_out()

    right = Cloud.call
    CLOUD.call = call


@defect("vcloud", "Takes a new session after every tenth request, and leaves the old one open.", breaks="VCD-SES-5.2")
def leaves_sessions_behind() -> None:
    right = Cloud.call
    lock, count = threading.Lock(), [0]

    def call(self: Cloud, method: str, href: str, body: bytes = b"", content_type: str = "") -> Answer:
        with lock:
            count[0] += 1
            tenth = count[0] % 10 == 0
        if tenth and self.token is not None:
            self.forget(self.token)
        return right(self, method, href, body, content_type)

    CLOUD.call = call


# --- sessions that end ---


def _logs_in_again_after(wanted: Callable[[int, str], bool]) -> None:
    """Let it log in again only after such a status to such a request; every other one is a refusal to it."""

    def call(self: Cloud, method: str, href: str, body: bytes = b"", content_type: str = "") -> Answer:
        self.require_ours(href)
        token = self.session()
        answer = self.send(method, href, token, body, content_type)
        if wanted(answer.status, method) and not self.knows(token):
            self.forget(token)
            answer = self.send(method, href, self.session(), body, content_type)
        elif answer.status in (401, 403) and not self.knows(token):
            self.forget(token)
        if answer.status >= 500:
            raise Unavailable(f"{method} {href}: {answer.status}", client.retry_after(answer.headers))
        if answer.status >= 400:
            raise Gone(f"{method} {href}: {answer.status}")
        return answer

    def read(self: Decider, id: str) -> Held | None:
        return self.look_up(id)

    CLOUD.call = call
    DECIDER.read = read


@defect("vcloud", "Takes a 403 to a read for a task that is gone.", breaks="VCD-SES-2.1", may="VCD-NOT-8")
def gives_up_at_a_403_when_reading() -> None:
    _logs_in_again_after(lambda status, method: status == 401 or (status == 403 and method == "POST"))


@defect("vcloud", "Takes a 401 to a read for a task that is gone.", breaks="VCD-SES-2.2", may="VCD-NOT-8")
def gives_up_at_a_401_when_reading() -> None:
    _logs_in_again_after(lambda status, method: status == 403 or (status == 401 and method == "POST"))


@defect("vcloud", "Takes a 403 to its decision for somebody else's.", breaks="VCD-SES-2.3", may="VCD-NOT-8")
def gives_up_at_a_403_when_deciding() -> None:
    _logs_in_again_after(lambda status, method: status == 401 or (status == 403 and method == "GET"))


@defect("vcloud", "Takes a 401 to its decision for a refusal.", breaks="VCD-SES-2.4", may="VCD-NOT-8")
def gives_up_at_a_401_when_deciding() -> None:
    _logs_in_again_after(lambda status, method: status == 403 or (status == 401 and method == "GET"))


# --- a cloud that has no time ---


@defect("vcloud", "Gives up a decision that the cloud has no time for.", breaks="VCD-SES-3.1", may="VCD-SES-3.2")
def gives_up_at_a_503() -> None:
    right = Cloud.send

    def send(self: Cloud, method: str, href: str, token: str | None, body: bytes = b"", type: str = "") -> Answer:
        answer = right(self, method, href, token, body, type)
        return answer._replace(status=400) if answer.status == 503 and _is_decision(href) else answer

    CLOUD.send = send


@defect("vcloud", "Never reads Retry-After.", breaks="VCD-SES-3.2")
def comes_back_too_early() -> None:
    def at_once(headers: HTTPMessage) -> float:
        return 0.0

    CLIENT.retry_after = at_once


@defect("vcloud", "Tries a decision until it succeeds, and does nothing else meanwhile.", breaks="VCD-SES-3.3")
def tries_for_ever() -> None:
    one_at_a_time = threading.Lock()

    def patiently(self: Decider, work: Callable[[], None]) -> None:
        with one_at_a_time:
            while not self.stopping.is_set():
                try:
                    work()
                except Unavailable as error:
                    self.stopping.wait(max(0.5, error.retry_after))
                except (Gone, ValueError) as error:
                    reference.log.info("too late: %s", error)
                    return
                else:
                    return

    DECIDER.patiently = patiently


@defect("vcloud", "Ends when it cannot log in at once.", breaks="VCD-SES-3.4")
def needs_the_cloud_at_its_start() -> None:
    right = Cloud.session

    def session(self: Cloud) -> str:
        try:
            return right(self)
        except Unavailable as error:
            reference.log.error("%s", error)
            os._exit(1)

    CLOUD.session = session


# --- answers that are lost ---


@defect("vcloud", "Makes a decision whose answer was lost three times more, whatever it hears.", breaks="VCD-SES-4.1")
def repeats_what_was_lost() -> None:
    right = Decider.follow

    def follow(self: Decider, decision: str, id: str, held: Held) -> None:
        href = client.find_link(held.task, decision)
        right(self, decision, id, held)
        for _ in range(3 if id in lost else 0):
            self.cloud.call("POST", href or "", reference.params("Again"), reference.OPERATION_PARAMS)

    _note_lost(lost := set[str]())
    DECIDER.follow = follow


def _note_lost(lost: set[str]) -> None:
    """Remember the ids of blocking tasks whose decisions met a connection that broke."""
    right = Cloud.send

    def send(self: Cloud, method: str, href: str, token: str | None, body: bytes = b"", type: str = "") -> Answer:
        try:
            return right(self, method, href, token, body, type)
        except Unavailable:
            if _is_decision(href):
                lost.add(href.split("/action/")[0].rpartition("/")[2])
            raise

    CLOUD.send = send


@defect("vcloud", "Dies when a blocking task whose answer was lost is gone.", breaks="VCD-SES-4.2")
def dies_of_a_task_that_is_gone() -> None:
    right = Decider.follow

    def follow(self: Decider, decision: str, id: str, held: Held) -> None:
        try:
            right(self, decision, id, held)
        except Gone:
            if id in lost:
                os._exit(1)
            raise

    _note_lost(lost := set[str]())
    DECIDER.follow = follow


@defect("vcloud", "Takes a broken connection for a yes.", breaks="VCD-SES-4.3", may="VCD-SES-6.2")
def takes_silence_for_a_yes() -> None:
    right = Cloud.send

    def send(self: Cloud, method: str, href: str, token: str | None, body: bytes = b"", type: str = "") -> Answer:
        try:
            return right(self, method, href, token, body, type)
        except Unavailable:
            if not _is_decision(href):
                raise
            return Answer(204, HTTPMessage(), b"")

    CLOUD.send = send


# --- time and resources ---


@defect("vcloud", "Opens a spare connection for each request, and never closes it.", breaks="VCD-SES-5.3")
def never_closes_connections() -> None:
    right, kept = Cloud.connection, []

    def connection(self: Cloud, host: str) -> HTTPConnection:
        spare = right(self, host)
        spare.connect()
        kept.append(spare)
        return right(self, host)

    CLOUD.connection = connection


def _waits_for_ever(wanted: Callable[[str, str], bool]) -> None:
    """Give such requests no time-out at all."""
    right, connection, cut = Cloud.send, Cloud.connection, client.cut
    local = threading.local()

    def send(self: Cloud, method: str, href: str, token: str | None, body: bytes = b"", type: str = "") -> Answer:
        local.patient = wanted(method, href)
        return right(self, method, href, token, body, type)

    def patient(self: Cloud, host: str) -> HTTPConnection:
        made = connection(self, host)
        if local.patient:
            made.timeout = None
            spared.add(made)
        return made

    def unless_patient(made: HTTPConnection) -> None:
        if made not in spared:
            cut(made)

    spared: set[HTTPConnection] = set()
    CLOUD.send, CLOUD.connection = send, patient
    CLIENT.cut = unless_patient


@defect("vcloud", "Reads without a time-out.", breaks="VCD-SES-6.1 VCD-SES-6.3")
def reads_without_a_time_out() -> None:
    _waits_for_ever(lambda method, href: method == "GET")


@defect("vcloud", "Decides without a time-out.", breaks="VCD-SES-6.2")
def decides_without_a_time_out() -> None:
    _waits_for_ever(lambda method, href: method == "POST" and _is_decision(href))


@defect("vcloud", "Has a time-out that begins anew with every byte.", breaks="VCD-SES-6.3")
def bears_a_trickle_for_ever() -> None:
    def never(made: HTTPConnection) -> None:
        """The socket's own time-out is all there is."""

    CLIENT.cut = never
