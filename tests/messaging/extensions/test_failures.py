"""What goes wrong between the cloud and an extension service, and that nobody is left waiting."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pika
import pytest

from gatepost import Gatepost
from gatepost.messaging.calls import MOST_CALLS
from tests.support.amqp import amqp_settings
from tests.support.client import Reply, VcloudClient
from tests.support.process import AT_ONCE, Serve
from tests.support.proxy import Proxy
from tests.support.refusals import refused
from tests.support.services import (
    Extension,
    Offer,
    entries,
    ok,
    register,
    reply,
    silence,
)
from tests.support.waiting import until

Connect = Callable[..., VcloudClient]
FAST = {"extensibility.timeout": 0.3}


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_no_reply_in_time(cloud: Gatepost, offer: Offer, alice: VcloudClient) -> None:
    cloud.settings.update(FAST)
    extension = offer(silence)
    text = 'The extension service "backup" did not reply within 0.3 seconds.'
    refused(alice.get("/api/backup", expect_5xx=True), 504, "GATEWAY_TIMEOUT", text)
    cloud.settings.update({"extensibility.timeout_status": "500"})
    refused(alice.get("/api/backup", expect_5xx=True), 500, "INTERNAL_SERVER_ERROR", text)
    # A reply that comes now is for nobody, and the next request is not taken in by it.
    late = extension.requests[0]
    extension.send(late, reply(200, b"late"))
    until(lambda: entries(cloud, "amqp.deliver"))
    [dropped] = entries(cloud, "amqp.deliver")
    assert dropped.note == "dropped: nobody waits for this reply, by its correlation_id"
    refused(alice.get("/api/backup", expect_5xx=True), 500, "INTERNAL_SERVER_ERROR")


def test_a_reply_to_another_message_is_dropped(
    cloud: Gatepost, offer: Offer, alice: VcloudClient, in_background: Callable[..., Future[Reply]]
) -> None:
    extension = offer(silence)
    answer = in_background(alice.get, "/api/backup", foreign=True)
    [request] = extension.wait_for(1)
    extension.send(request, reply(200, b"by its correlation id"), correlation_id="another")
    extension.send(request, {"id": "another", **reply(200, b"by its id")})
    until(lambda: len([one for one in entries(cloud, "amqp.deliver") if one.note]) == 2)
    extension.send(request, reply(200, b"right"))
    assert answer.result().body == b"right"


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"", "it is no JSON"),
        (b"{", "it is no JSON"),
        (b"\xff\xfe", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b"[]", "a JSON object"),
        ({"id": None, "statusCode": 200}, "id"),
        ({}, "statusCode"),
        ({"statusCode": "200"}, "statusCode"),
        ({"statusCode": True}, "statusCode"),
        ({"statusCode": 100}, "statusCode"),
        ({"statusCode": 10**400}, "statusCode"),
        (reply() | {"body": "a"}, "body"),
        (reply() | {"body": 7}, "body"),
        (reply() | {"headers": []}, "headers"),
        (reply() | {"headers": {"X": None}}, "headers"),
        (reply() | {"headers": {"X": "a\r\nSet-Cookie: b"}}, "headers"),
        (reply() | {"headers": {"X Y": "a"}}, "headers"),
        (reply() | {"headers": {f"X-{number}": "a" for number in range(201)}}, "headers"),
        (reply() | {"request": True, "requestUri": "\ud800"}, "requestUri"),
        (reply() | {"request": True, "method": 1}, "method"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_malformed_reply(cloud: Gatepost, offer: Offer, alice: VcloudClient, content: Any, field: str) -> None:
    offer(lambda request: content)
    message = refused(alice.get("/api/backup", expect_5xx=True), 500, "INTERNAL_SERVER_ERROR")
    assert message.startswith('The extension service "backup" sent a malformed reply: ' + field)
    [entry] = entries(cloud, "amqp.deliver")
    assert (entry.note or "").startswith("malformed: " + field)
    cloud.settings.update({"extensibility.malformed_status": "502"})
    refused(alice.get("/api/backup", expect_5xx=True), 502, "BAD_GATEWAY")


def test_a_reply_that_is_too_large(offer: Offer, alice: VcloudClient) -> None:
    offer(lambda request: reply(200, b"x" * 6_500_000))
    message = refused(alice.get("/api/backup", expect_5xx=True), 500, "INTERNAL_SERVER_ERROR")
    assert "larger than 8388608 bytes" in message


def test_an_exchange_that_is_not_there(offer: Offer, admin: VcloudClient, alice: VcloudClient) -> None:
    offer(ok, Exchange="not-there")
    offer(ok, name="other", pattern="/api/other")
    text = 'The exchange "not-there" does not exist on the broker; the operator of the extension service "backup"'
    for _ in range(2):
        message = refused(alice.get("/api/backup", expect_5xx=True), 500, "INTERNAL_SERVER_ERROR")
        assert message.startswith(text)
        # Nobody else suffers from it.
        assert alice.get("/api/other", foreign=True).body == b"done"


def test_a_service_that_is_disabled_is_as_if_it_were_not_there(
    offer: Offer, admin: VcloudClient, alice: VcloudClient
) -> None:
    extension = offer(ok, Enabled="false")
    refused(alice.get("/api/backup"), 404, "NOT_FOUND")
    assert extension.requests == []


def test_no_more_wait_than_leave_room_for_others(
    cloud: Gatepost, offer: Offer, alice: VcloudClient, in_background: Callable[..., Future[Reply]]
) -> None:
    extension = offer(silence)
    waiting = [in_background(alice.get, "/api/backup", foreign=True) for _ in range(MOST_CALLS)]
    requests = extension.wait_for(MOST_CALLS)
    message = refused(alice.get("/api/backup", expect_5xx=True), 503, "SERVICE_UNAVAILABLE")
    assert f"{MOST_CALLS} requests wait" in message
    assert alice.get("/api/org").status == 200
    with pika.BlockingConnection(pika.URLParameters(extension.url)) as connection:
        for request in requests:
            extension.publish(connection.channel(), request, reply(200))
    assert {one.result().status for one in waiting} == {200}


# --- the broker goes -------------------------------------------------------------------------------------------------


def test_a_lost_connection_ends_the_wait_and_a_new_one_serves(
    amqp_url: str,
    make_world: Callable[..., Gatepost],
    connect: Connect,
    in_background: Callable[..., Future[Reply]],
) -> None:
    with Proxy(amqp_url) as proxy, Extension(amqp_url, silence) as silent:
        proxy.listen()
        cloud = make_world(broker=proxy.url, settings={"extensibility.timeout": 30})
        admin, alice = connect(cloud, "administrator@System"), connect(cloud)
        register(admin, silent.body())
        answer = in_background(alice.get, "/api/backup", expect_5xx=True)
        [asked] = silent.wait_for(1)
        proxy.refuse()
        message = refused(answer.result(60), 503, "SERVICE_UNAVAILABLE")
        assert message.startswith('The extension service "backup" cannot be asked now: ')
        # Whoever waits is told of the loss before the state shows it.
        until(lambda: cloud.broker_state == "waiting")
        proxy.listen()
        until(lambda: cloud.broker_state == "connected")
        answer = in_background(alice.get, "/api/backup", foreign=True)
        _, again = silent.wait_for(2)
        silent.send(again, reply(200, b"again"))
        assert answer.result(60).body == b"again"
        # The same queue, made anew.
        assert asked.properties.reply_to == again.properties.reply_to


def test_a_broker_that_is_away_or_not_configured(
    amqp_url: str, make_world: Callable[..., Gatepost], connect: Connect
) -> None:
    with Proxy(amqp_url) as nowhere:
        for broker, problem in ((None, "No broker is configured"), (nowhere.url, "Connection refused")):
            cloud = make_world(broker=broker, settings={"extensibility.unavailable_status": "500"})
            admin = connect(cloud, "administrator@System")
            with Extension(amqp_url, ok) as extension:
                register(admin, extension.body())
                until(lambda: cloud.broker_state == "off" or cloud.info()["broker_problem"] is not None)  # noqa: B023  used at once
                message = refused(admin.get("/api/backup", expect_5xx=True), 500, "INTERNAL_SERVER_ERROR")
            assert message == f'The extension service "backup" cannot be asked now: {problem}.'


def test_a_request_right_after_the_start_waits_for_the_connection(
    amqp_url: str, make_world: Callable[..., Gatepost], connect: Connect
) -> None:
    with Extension(amqp_url, ok) as extension:
        cloud = make_world(broker=None)
        admin = connect(cloud, "administrator@System")
        register(admin, extension.body())
        assert admin.put(*amqp_settings(amqp_url, Prefix="other")).status == 200
        assert admin.get("/api/backup", foreign=True).body == b"done"
        assert (extension.requests[0].properties.headers or {})["replyToExchange"] == "other.replyExchange"


def test_a_queue_of_replies_that_an_operator_deletes_is_made_again(
    amqp_url: str, offer: Offer, alice: VcloudClient
) -> None:
    extension = offer(ok)
    assert alice.get("/api/backup", foreign=True).status == 200
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        connection.channel().queue_delete(extension.requests[0].properties.reply_to)
    # What is asked before the broker has told of the deletion gets no reply.
    until(lambda: alice.get("/api/backup", foreign=True, expect_5xx=True).status == 200)


def test_two_clouds_on_one_broker(
    cloud: Gatepost,
    amqp_url: str,
    offer: Offer,
    alice: VcloudClient,
    make_world: Callable[..., Gatepost],
    connect: Connect,
) -> None:
    extension = offer(lambda request: reply(200, request.properties.reply_to.encode()))
    twin = make_world(broker=amqp_url)
    register(connect(twin, "administrator@System"), extension.body())
    clients = [alice, connect(twin)] * 5
    queues = [client.get("/api/backup", foreign=True).body for client in clients]
    assert len(set(queues)) == 2
    assert queues == queues[:2] * 5


@pytest.mark.parametrize("how", ["reset", "stop"])
def test_a_reset_and_a_stop_leave_nobody_waiting(
    cloud: Gatepost, offer: Offer, alice: VcloudClient, in_background: Callable[..., Future[Reply]], how: str
) -> None:
    extension = offer(silence)
    answer = in_background(alice.get, "/api/backup", expect_5xx=True)
    extension.wait_for(1)
    if how == "reset":
        cloud.reset()
    else:
        cloud.stop()
    message = refused(answer.result(), 503, "SERVICE_UNAVAILABLE")
    assert message.endswith("The cloud was reset." if how == "reset" else "The cloud is stopping.")
    if how == "reset":
        alice.login()
        refused(alice.get("/api/backup"), 404, "NOT_FOUND")


def test_a_signal_ends_the_process_whoever_waits(
    tmp_path: Path, amqp_url: str, in_background: Callable[..., Future[Reply]]
) -> None:
    with (
        Serve(tmp_path, "--broker", amqp_url) as served,
        Extension(amqp_url, silence) as extension,
        VcloudClient(served.url) as admin,
    ):
        admin.login("administrator@System")
        register(admin, extension.body())
        waiting = [in_background(admin.get, "/api/backup", expect_5xx=True) for _ in range(MOST_CALLS)]
        requests = extension.wait_for(MOST_CALLS)
        # The service can ask the cloud meanwhile.
        assert admin.get("/api/org").status == 200
        assert served.stop() < AT_ONCE
        assert {one.result().status for one in waiting} == {503}
    assert requests[0].message["remotePort"] == 0, "granian does not tell"
