"""Connectors that wait badly, and such as cannot bear to come too late."""

from __future__ import annotations

import os
import time

from gatepost.conformance.connectors import vcloud_reference as reference
from gatepost.conformance.connectors.defects import defect
from gatepost.conformance.connectors.vcloud_client import Gone, Unavailable, find_link


def _put_off(self: reference.Decider, held: reference.Held, period: float) -> bool:
    """One updateProgress, as the reference sends it; whether the task is still open."""
    href = find_link(self.cloud.get(held.href), "updateProgress")
    if href is not None:
        self.cloud.call("POST", href, reference.params("Waiting for a human", period), reference.PROGRESS_PARAMS)
    return href is not None


def _period(held: reference.Held) -> float:
    return reference.moment(held.task, "timeoutDate") - reference.moment(held.task, "createdTime")


@defect(
    "vcloud",
    "Says only after the time-out that it is still there.",
    breaks="VCD-TMO-1",
    may="VCD-TMO-2.1 VCD-TMO-2.2 VCD-TMO-2.3 VCD-TMO-3",
)
def is_still_there_too_late() -> None:
    right = reference.Decider.keep_alive

    def keep_alive(self: reference.Decider, id: str, held: reference.Held) -> None:
        self.stopping.wait(1.1 * _period(held))
        right(self, id, held)

    reference.Decider.keep_alive = keep_alive  # type: ignore[method-assign]


@defect("vcloud", "Says once that it is still there, and forgets to say it again.", breaks="VCD-TMO-1")
def is_still_there_once() -> None:
    def keep_alive(self: reference.Decider, id: str, held: reference.Held) -> None:
        self.stopping.wait(_period(held) / 2)
        _put_off(self, held, _period(held))

    reference.Decider.keep_alive = keep_alive  # type: ignore[method-assign]


@defect("vcloud", "Gives updateProgress the media type that its element's name suggests.", breaks="VCD-TMO-2.1")
def guesses_the_media_type() -> None:
    reference.PROGRESS_PARAMS = "application/vnd.vmware.admin.blockingTaskUpdateProgressParams+xml"


@defect("vcloud", "Gives updateProgress the element that its media type suggests.", breaks="VCD-TMO-2.1")
def guesses_the_element() -> None:
    right = reference.params

    def params(message: str, timeout: float | None = None) -> bytes:
        return right(message, timeout).replace(b"BlockingTaskUpdateProgressParams", b"BlockingTaskOperationParams")

    reference.params = params


@defect(
    "vcloud",
    "Sends updateProgress without a new time-out.",
    breaks="VCD-TMO-1 VCD-TMO-2.2",
    may="VCD-TMO-2.3 VCD-TMO-3",
)
def names_no_timeout() -> None:
    right = reference.params

    def params(message: str, timeout: float | None = None) -> bytes:
        body = right(message, timeout)
        return body if timeout is None else body[: body.index(b"<Timeout")] + b"</BlockingTaskUpdateProgressParams>"

    reference.params = params


@defect(
    "vcloud",
    "Writes seconds where milliseconds are meant.",
    breaks="VCD-TMO-1",
    may="VCD-TMO-2.1 VCD-TMO-2.2 VCD-TMO-2.3 VCD-TMO-3",
)
def counts_in_seconds() -> None:
    right = reference.params
    reference.params = lambda message, timeout=None: right(message, None if timeout is None else timeout / 1000)


@defect("vcloud", "Goes on to say that it is still there when nobody waits any more.", breaks="VCD-TMO-2.3")
def never_stops_waiting() -> None:
    def keep_alive(self: reference.Decider, id: str, held: reference.Held) -> None:
        href = find_link(held.task, "updateProgress") or ""
        body = reference.params("Waiting for a human", _period(held))
        while not self.stopping.wait(_period(held) / 2):
            try:
                self.cloud.call("POST", href, body, reference.PROGRESS_PARAMS)
            except (Gone, Unavailable) as error:
                reference.log.warning("%s", error)

    reference.Decider.keep_alive = keep_alive  # type: ignore[method-assign]


@defect("vcloud", "Says ten times a second that it is still there.", breaks="VCD-TMO-3")
def says_it_all_the_time() -> None:
    def keep_alive(self: reference.Decider, id: str, held: reference.Held) -> None:
        try:
            while _put_off(self, held, _period(held)) and not self.stopping.wait(0.1):
                pass
        except (Gone, Unavailable) as error:
            reference.log.warning("%s", error)

    reference.Decider.keep_alive = keep_alive  # type: ignore[method-assign]


@defect(
    "vcloud",
    "Tries for ever what the cloud has refused.",
    breaks="VCD-TMO-4 VCD-TMO-5.1 VCD-TMO-5.2",
    may="VCD-NOT-* VCD-ROB-* VCD-SES-*",
)
def cannot_take_a_refusal() -> None:
    right = reference.Decider.follow

    def follow(self: reference.Decider, decision: str, id: str, held: reference.Held) -> None:
        while True:
            try:
                return right(self, decision, id, held)
            except Gone as error:
                reference.log.warning("%s", error)
                time.sleep(0.3)

    reference.Decider.follow = follow  # type: ignore[method-assign]


@defect(
    "vcloud",
    "Dies of a refusal.",
    breaks="VCD-TMO-4 VCD-TMO-5.1 VCD-TMO-5.2",
    may="VCD-NOT-* VCD-ROB-* VCD-SES-*",
)
def dies_of_a_refusal() -> None:
    right = reference.Decider.follow

    def follow(self: reference.Decider, decision: str, id: str, held: reference.Held) -> None:
        try:
            right(self, decision, id, held)
        except Gone:
            reference.log.exception("unexpected")
            os._exit(1)

    reference.Decider.follow = follow  # type: ignore[method-assign]


@defect(
    "vcloud",
    "Looks at the task after a refusal, and dies where it was canceled: it knows no such status.",
    breaks="VCD-TMO-5.1",
    may="VCD-NOT-*",
)
def knows_nothing_of_cancelled_tasks() -> None:
    right = reference.Decider.follow

    def follow(self: reference.Decider, decision: str, id: str, held: reference.Held) -> None:
        try:
            right(self, decision, id, held)
        except Gone:
            task = self.cloud.get(find_link(held.task, "up") or "")
            if task.get("status") == "canceled":
                os._exit(1)
            raise

    reference.Decider.follow = follow  # type: ignore[method-assign]
