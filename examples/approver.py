#!/usr/bin/env python3
"""A connector to copy: it approves or declines the vApps that users ask for, by their name.

    python examples/approver.py [--url http://127.0.0.1:8080]

It logs in as a system administrator, decides what is held already, reads from the cloud which broker carries the
notifications, and then decides whatever it hears of. While there is no broker it looks at the list every other second.
It needs pika and lxml. Its rule: a name that begins with `deny` is declined, every other one approved.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import http.client
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

import pika
from lxml import etree

PARAMS = "application/vnd.vmware.admin.blockingTaskOperationParams+xml"
VMEXT = "http://www.vmware.com/vcloud/extension/v1.5"
# What arrives is not to be trusted: no entities, nothing fetched.
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


class Cloud:
    """The few calls that a connector needs. A session that has expired is opened anew."""

    def __init__(self, url: str, user: str, password: str, version: str = "5.5") -> None:
        self.url, self.accept = url.rstrip("/"), f"application/*+xml;version={version}"
        self.login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.token: str | None = None

    def get(self, href: str) -> Any:
        return etree.fromstring(self.call("GET", href), PARSER)

    def call(self, method: str, href: str, body: bytes | None = None) -> bytes:
        if not href.startswith(self.url + "/"):
            raise SystemExit(f"My credentials do not go to {href}. If the cloud is there, name its address with --url.")
        if self.token is None:
            self.log_in()
        try:
            return self.send(method, href, body)
        except urllib.error.HTTPError as error:
            if error.code not in (401, 403) or self.knows_me():
                raise
        self.log_in()
        return self.send(method, href, body)

    def send(self, method: str, href: str, body: bytes | None = None) -> bytes:
        who = {"x-vcloud-authorization": self.token} if self.token else {"Authorization": self.login}
        headers = {"Accept": self.accept, "Content-Type": PARAMS, **who}
        request = urllib.request.Request(href, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            self.token = response.headers.get("x-vcloud-authorization", self.token)
            return bytes(response.read())

    def log_in(self) -> None:
        self.token = None
        self.send("POST", self.url + "/api/sessions", b"")

    def knows_me(self) -> bool:
        """A 403 may mean that the task is gone, or that the session is: the session itself tells them apart."""
        try:
            self.send("GET", self.url + "/api/session")
        except urllib.error.HTTPError:
            return False
        return True


def link_of(element: Any, rel: str) -> Any:
    """Where the link of that relation leads, wherever it stands among others; None without one."""
    return next((link.get("href") for link in element.iterfind("{*}Link") if link.get("rel") == rel), None)


def decide(cloud: Cloud, href: str) -> None:
    """Look at a blocking task, make up our mind, and follow the link of that name."""
    try:
        task = cloud.get(href)
        if etree.QName(task).localname == "Entity":  # the resolver names the blocking task, it is not the task
            task = cloud.get(link_of(task, "alternate"))
        vapp = cloud.get(task.find("{*}TaskOwner").get("href"))
        approved = not vapp.get("name", "").startswith("deny")
        rel, message = ("resume", "Approved") if approved else ("abort", "Declined: no vApp of that name")
        action = link_of(task, rel)
        if action is None:
            return  # decided already
        params = etree.Element(f"{{{VMEXT}}}BlockingTaskOperationParams", nsmap={None: VMEXT})
        etree.SubElement(params, f"{{{VMEXT}}}Message").text = message
        cloud.call("POST", action, etree.tostring(params))
        print(f"{rel}: {task.get('name')} of {vapp.get('name')}", flush=True)
    except urllib.error.HTTPError as error:
        if error.code == 401 or error.code >= 500:
            raise  # not decided: the message stays unacknowledged and comes again
        print(f"too late for {href}: {error.code}", flush=True)


def decide_pending(cloud: Cloud) -> None:
    """What was held before we heard of it is in the list."""
    for reference in cloud.get(cloud.url + "/api/admin/extension/blockingTasks").iterfind("{*}Reference"):
        decide(cloud, reference.get("href"))


def consume(cloud: Cloud, settings: dict[str, str], amqp_password: str) -> None:
    """Hear of what is held, from a queue of our own that keeps it while we are away, until the connection ends."""
    host, port, vhost = settings["AmqpHost"], int(settings["AmqpPort"]), settings["AmqpVHost"]
    credentials = pika.PlainCredentials(settings["AmqpUsername"], amqp_password)

    def on_message(channel: Any, method: Any, properties: Any, body: bytes) -> None:
        if id := (properties.headers or {}).get("notification.entityUUID"):
            decide(cloud, f"{cloud.url}/api/entity/urn:vcloud:blockingTask:{quote(str(id))}")
        channel.basic_ack(method.delivery_tag)  # only now: had we died before, the message would come again

    with pika.BlockingConnection(pika.ConnectionParameters(host, port, vhost, credentials)) as connection:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=10)
        channel.queue_declare("approver", durable=True)
        channel.queue_bind("approver", settings["AmqpExchange"], "#.blockingtask.create.#")
        channel.basic_consume("approver", on_message)
        print(f"listening to the exchange {settings['AmqpExchange']}", flush=True)
        decide_pending(cloud)  # what came between the last look and the binding
        channel.start_consuming()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--user", default="administrator@System")
    parser.add_argument("--password", default="gatepost")
    parser.add_argument("--amqp-password", default="guest", help="the cloud tells all about its broker but this")
    options = parser.parse_args()
    cloud = Cloud(options.url, options.user, options.password)
    while True:
        try:
            decide_pending(cloud)  # this way it works without a broker too
            settings = cloud.get(cloud.url + "/api/admin/extension/settings/amqp")
            values = {etree.QName(element).localname: element.text or "" for element in settings}
            if values["AmqpHost"]:
                consume(cloud, values, options.amqp_password)
        except (OSError, http.client.HTTPException, pika.exceptions.AMQPError) as error:
            print(f"{type(error).__name__}: {error}; trying again", flush=True)
        time.sleep(2)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
