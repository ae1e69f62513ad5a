"""Connectors that trust what they are sent."""

from __future__ import annotations

import re
import ssl
import urllib.request
from typing import Any

from lxml import etree

from gatepost.conformance.connectors import vcloud_reference as reference
from gatepost.conformance.connectors.defects import defect
from gatepost.conformance.connectors.vcloud_client import Cloud
from gatepost.conformance.connectors.vcloud_reference import Decider, Held

# What is patched; mypy lets nobody change a class otherwise.
CLOUD: Any = Cloud
DECIDER: Any = Decider
SSL: Any = ssl


def _parses_every_message(parser: etree.XMLParser) -> None:
    """Read the body of each message by this parser, also where the headers tell everything."""
    right = reference.id_of

    def id_of(properties: Any, body: bytes) -> str | None:
        root = etree.fromstring(body, parser) if body.startswith(b"<") else None
        if root is not None:
            seen.append("".join(root.xpath("*[local-name() = 'Timestamp']//text()")))
        return right(properties, body)

    def explain(decision: str, held: Held) -> str:
        return f"{told(decision, held)}, as asked for at {', '.join(seen[-20:])}"

    seen: list[str] = []
    told = reference.explain
    reference.id_of, reference.explain = id_of, explain


@defect("vcloud", "Fetches what a message names, with a resolver of its own.", breaks="VCD-SEC-1.1")
def fetches_what_a_message_names() -> None:
    class Fetching(etree.Resolver):
        def resolve(self, system_url: str | None, public_id: str | None, context: Any) -> Any:
            if not (system_url or "").startswith("http"):
                return self.resolve_empty(context)
            with urllib.request.urlopen(system_url or "", timeout=2) as answer:
                return self.resolve_string(answer.read(), context)

    parser = etree.XMLParser(resolve_entities=True, load_dtd=True, no_network=False, recover=True)
    parser.resolvers.add(Fetching())
    _parses_every_message(parser)


@defect("vcloud", "Puts into its answer what a message has it read from a file.", breaks="VCD-SEC-1.2")
def reads_files_that_a_message_names() -> None:
    _parses_every_message(etree.XMLParser(resolve_entities=True, recover=True))


@defect("vcloud", "Expands entities by itself, without a bound.", breaks="VCD-SEC-1.3")
def expands_entities() -> None:
    right = reference.id_of

    def id_of(properties: Any, body: bytes) -> str | None:
        values: dict[bytes, bytes] = {}
        for name, value in re.findall(rb'<!ENTITY (\w+) "([^"]*)"', body[:10_000]):
            values[name] = re.sub(rb"&(\w+);", lambda found: values.get(found[1], b""), value)
        return right(properties, re.sub(rb"&(\w+);", lambda found: values.get(found[1], b""), body))

    reference.id_of = id_of


@defect("vcloud", "Asks the host that a message names, with its session.", breaks="VCD-SEC-2")
def follows_links_of_messages() -> None:
    right = reference.id_of

    def id_of(properties: Any, body: bytes) -> str | None:
        link = re.search(rb'rel="entityResolver" href="([^"]+)"', body)
        id = right(properties, body)
        if link is not None and id is not None:
            resolvers[id] = link[1].decode()
        return id

    def look_up(self: Decider, id: str) -> Held | None:
        if id in resolvers:
            self.cloud.get(f"{resolvers[id]}urn:vcloud:blockingTask:{id}")
        return ours(self, id)

    resolvers: dict[str, str] = {}
    ours = Decider.look_up
    reference.id_of = id_of
    DECIDER.look_up = look_up
    CLOUD.require_ours = lambda self, href: None


@defect("vcloud", "Checks no certificate.", breaks="VCD-SEC-3.1 VCD-SEC-3.2")
def checks_no_certificate() -> None:
    SSL.create_default_context = lambda cafile=None: ssl._create_unverified_context()


@defect("vcloud", "Takes any host's certificate.", breaks="VCD-SEC-3.2")
def checks_no_host_name() -> None:
    right = ssl.create_default_context

    def lax(*arguments: Any, **options: Any) -> ssl.SSLContext:
        context = right(*arguments, **options)
        context.check_hostname = False
        return context

    SSL.create_default_context = lax
