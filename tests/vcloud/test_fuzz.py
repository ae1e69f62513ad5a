"""Nonsense for every route there is: never a 5xx, always an answer in the dialect's own form, and no lasting harm.

The routes come from the application's URL map, the ids from walking the links of a real world, the roots of bodies from
what each route says when it is sent a wrong one: so routes that are added later are covered without a word here.

The examples are derived from the tests themselves, so that the same code always gives the same result: a failure means
that the code has changed, not that the dice fell otherwise. To search further than that, at random, name a number of
examples for each route: GATEPOST_FUZZ=500. Strict runs take twice the examples of others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gatepost import Gatepost
from gatepost.app import create_app
from gatepost.settings import Settings
from tests.support.client import Reply
from tests.support.house import House, id_of
from tests.support.nonsense import FUZZ, anything, deep, header, json_values, long, named, query
from tests.support.schemas import VCLOUD, VERSIONS, VMEXT

ROUTES = sorted(
    (method, rule.rule)
    for rule in create_app().url_map.iter_rules()
    for method in (rule.methods or set()) - {"HEAD"}
    if not rule.rule.startswith("/abiquo/")
)
BODIED = [(method, rule) for method, rule in ROUTES if method in ("POST", "PUT", "PATCH") and "/gatepost/" not in rule]
CONTROL = [(method, rule) for method, rule in ROUTES if method != "GET" and "/gatepost/" in rule]

ACTORS = ("administrator@System", "alice@acme")
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_WANTED = re.compile(r"well-formed|([\w ]+) in namespace (\S+) is expected")


# --- the world -------------------------------------------------------------------------------------------------------


class Playground:
    """A house that is built anew whenever a request may have changed it. Its ids are the same each time."""

    def __init__(self) -> None:
        self._roots: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self._spoilt = False
        self._open()

    def _open(self) -> None:
        self.world = Gatepost(clock="manual").start()
        self.house = House(self.world)
        self.plain = httpx.Client(base_url=self.world.url, trust_env=False, timeout=60, verify=False)

    def close(self) -> None:
        self.house.close()
        self.plain.close()
        self.world.stop()

    def send(self, actor: str, method: str, path: str, body: bytes | None, headers: dict[str, bytes]) -> Reply:
        """Send it, hold the answer against the rules, and see that the world still answers afterwards."""
        if self._spoilt:
            self.world.reset()
            self.house.build()
            self._spoilt = False
        if path.startswith("/gatepost"):
            reply = self._control(method, path, body, headers)
        else:
            reply = self.house.client(actor).request(method, path, body, headers=headers)
        if method != "GET" and reply.status < 400:
            self._spoilt = True
            self._look_around()
            if path.startswith("/gatepost/clock"):  # which no reset sets back
                self.close()
                self._open()
                self._spoilt = False
        return reply

    def _control(self, method: str, path: str, body: bytes | None, headers: dict[str, bytes]) -> Reply:
        raw = {name.encode(): value for name, value in headers.items()}
        response = self.plain.request(method, path, content=body, headers=raw)
        reply = Reply(f"{method} {path}", response.status_code, response.headers, response.content)
        assert response.status_code < 500, reply
        assert response.headers["content-type"] == "application/json", reply
        answer = json.loads(response.content)
        if response.status_code >= 400:
            assert set(answer) == {"error"}, reply
            assert isinstance(answer["error"], str), reply
        return reply

    def _look_around(self) -> None:
        """Poisoned values show when they are read."""
        for path in ("holds", "clock", "settings", "info", "journal?limit=5"):
            assert self.plain.get(f"/gatepost/{path}").status_code == 200, path
        self.house.read_as_administrator(self.world.settings.versions[0])
        for path, document in self.house.picture().items():
            assert document < "5", f"{path}: {document}"

    @cached_property
    def paths(self) -> list[str]:
        """Every path with an id that an administrator finds, and what the control API calls holds and operations."""
        found = set(re.findall(r'href="[^"]*?(/api/[^"]*[0-9a-f]{12})"', "".join(self.house.picture().values())))
        own = [f"/gatepost/holds/{id_of(self.house.hold)}", f"/gatepost/operations/{id_of(self.house.held_task)}"]
        urns = [
            f"/api/entity/urn:vcloud:{kind}:{id_of(path)}" for path in found for kind in ("vapp", "task", "vm", "org")
        ]
        return sorted({*found, *own, *urns})

    def ids_for(self, rule: str) -> list[str]:
        """What stands for the parameter of this rule in paths that begin alike, or else any id."""
        start = _PARAMETER.split(rule)[0]
        fitting = [path.removeprefix(start) for path in self.paths if path.startswith(start)]
        return fitting or [path.rpartition("/")[2] for path in self.paths]

    def roots_of(self, method: str, rule: str) -> list[tuple[str, str]]:
        """The roots, with their namespaces, that a route says it expects when it is sent another with a valid id."""
        if (method, rule) not in self._roots:
            self._roots[method, rule] = list(self._ask_for_roots(method, rule))
        return self._roots[method, rule]

    def _ask_for_roots(self, method: str, rule: str) -> Iterator[tuple[str, str]]:
        for segment in self.ids_for(rule):
            reply = self.send(ACTORS[0], method, _PARAMETER.sub(segment, rule), b"<x/>", {})
            if reply.status < 400:
                return  # it does not look at the body
            wanted = _WANTED.search(reply.xml.get("message", "")) if reply.status == 400 else None
            if wanted and wanted[1]:
                names = re.sub(r"^.*: ", "", wanted[1]).split(" or ")
                yield from ((name.strip(), wanted[2]) for name in names)
                return


@pytest.fixture(scope="module")
def playground() -> Iterator[Playground]:
    one = Playground()
    yield one
    one.close()


# --- nonsense --------------------------------------------------------------------------------------------------------

# A version that nobody speaks, in a header that is otherwise right, is the affair of the tests of versions.
accepts = st.one_of(
    st.sampled_from([f"application/*+xml;version={version}".encode() for version in ("1.5", "5.5", "5.6", "33.0")]),
    header.filter(lambda value: b"version" not in value.lower()),
)
headers = st.fixed_dictionaries(
    {},
    optional={
        "Accept": accepts,
        "Content-Type": st.one_of(header, header.map(lambda value: b"application/xml;charset=" + value)),
        "Cookie": header,
        "x-vcloud-authorization": header,
        "Authorization": st.one_of(header, header.map(lambda value: b"Basic x" + value)),
        "X-HTTP-Method-Override": header,
        "Origin": header,
        "If-None-Match": header,
        "Range": header,
    },
)
few_headers = st.one_of(st.just(dict[str, bytes]()), headers)
numbers = st.sampled_from(["-1", "0", "1", "1e309", "nan", "x", "", "9" * 40, "0.001"])
control_query = st.builds(
    lambda pairs, wait: "?" + "&".join([*(f"{name}={value}" for name, value in pairs.items()), *wait]),
    st.dictionaries(st.sampled_from(["after", "limit", "kind", "task"]), numbers, max_size=3),
    # A long poll really waits.
    st.lists(st.sampled_from(["wait=0", "wait=-1", "wait=nan", "wait=x", "wait=", "wait=0.001"]), max_size=1),
)

CHILDREN = [
    "Message",
    "TimeoutValueInMilliseconds",
    "TimeoutAction",
    "BlockingTaskOperations",
    "TimeoutInMilliseconds",
    "Operation",
    "TaskOperationType",
    "EnableNotifications",
    "AmqpPort",
    "AmqpPassword",
    "Source",
    "Description",
    "InstantiationParams",
    "UndeployPowerAction",
    "Namespace",
    "RoutingKey",
    "Exchange",
    "Priority",
    "ApiFilters",
    "ApiFilter",
    "UrlPattern",
    "ResourceClasses",
    "ResourceClass",
    "HttpMethod",
    "OrganizationAccess",
    "Access",
    "RightReferences",
]
names = st.one_of(
    st.sampled_from(CHILDREN),
    st.text(st.characters(categories=["Lu", "Ll", "Lo"]), min_size=1, max_size=8).filter(
        lambda name: re.fullmatch(r"\w+", name) is not None
    ),
)
attributes = st.dictionaries(
    st.sampled_from(["name", "href", "deploy", "powerOn", "type", "id", "x:name", "x:deploy"]),
    st.one_of(st.sampled_from(["", "true", "0", "x", "vappTemplate-"]), st.text(max_size=20)),
    max_size=4,
)
texts = st.one_of(
    st.sampled_from(["", "resume", "abort", "true", "-1", "0", "1", "600000", str(2**63), "vdcInstantiateVapp", " "]),
    st.text(max_size=30),
)
namespaces = st.sampled_from([VCLOUD, VMEXT, VERSIONS, "urn:other", ""])


@dataclass
class Node:
    """An element, described so that hypothesis can print and shrink it."""

    name: str
    namespace: str
    attributes: dict[str, str]
    text: str
    children: list[Node]

    def markup(self) -> str:
        # Not by lxml, which refuses to write some of what it reads.
        attributes = "".join(f" {name}={quoteattr(_legal(value))}" for name, value in self.attributes.items())
        content = escape(_legal(self.text)) + "".join(child.markup() for child in self.children)
        return f'<{self.name} xmlns="{self.namespace}" xmlns:x="{VMEXT}"{attributes}>{content}</{self.name}>'


def _legal(text: str) -> str:
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


nodes: st.SearchStrategy[Node] = st.recursive(
    st.builds(Node, names, namespaces, attributes, texts, st.just([])),
    lambda inner: st.builds(Node, names, namespaces, attributes, texts, st.lists(inner, max_size=4)),
    max_leaves=8,
)
bodies = st.one_of(
    st.none(),
    st.binary(max_size=200),
    st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")),
    nodes.map(lambda node: node.markup().encode()),
    deep,
)

setting_keys = [field.alias for field in Settings.model_fields.values() if field.alias]
likely = st.one_of(
    st.sampled_from(
        ["resume", "instantiate", "delete", "power-on", "off", "on", "held", "new", "alice@acme", "manual"]
    ),
    st.sampled_from([0, 1, 0.5, 3_000_000_000, True, "x1", "5.5", ["5.5"], "5.5,33.0"]),
    json_values,
)
MEMBERS = [
    "decision",
    "message",
    "seconds",
    "mode",
    "operation",
    "name",
    "user",
    "template",
    "vdc",
    "description",
    "deploy",
]
json_bodies = st.one_of(
    st.dictionaries(st.sampled_from(setting_keys), likely, max_size=2),
    st.fixed_dictionaries({}, optional=dict.fromkeys(MEMBERS, likely)),
    st.fixed_dictionaries({"decision": st.sampled_from(["resume", "abort", "fail"]), "message": anything}),
    st.fixed_dictionaries(
        {"operation": st.sampled_from(["instantiate", "power-off", "delete"]), "name": anything},
        optional={"description": anything},
    ),
    st.fixed_dictionaries({"seconds": st.floats()}),
    json_values,
).map(lambda value: json.dumps(value).encode())


def filled(playground: Playground, rule: str, data: st.DataObject) -> str:
    """The rule with a value for each of its parameters, any bytes of it percent-encoded."""
    junk = st.one_of(
        anything, long, st.uuids().map(str), st.sampled_from(["..", ".", " ", "vapp-", "vm-", "urn:vcloud"])
    )
    others = st.sampled_from(playground.paths).map(lambda path: path.rpartition("/")[2])
    value = st.one_of(st.sampled_from(playground.ids_for(rule)), others, junk)

    def fill(match: re.Match[str]) -> str:
        return quote(data.draw(value, match[1]).encode("utf-8", "surrogatepass"), safe=":")[:4_000]

    return _PARAMETER.sub(fill, rule)


def fitting(playground: Playground, rule: str, data: st.DataObject) -> str:
    """The rule with an id of the right kind."""
    return _PARAMETER.sub(lambda match: data.draw(st.sampled_from(playground.ids_for(rule)), match[1]), rule)


# --- the tests -------------------------------------------------------------------------------------------------------


@named(ROUTES)
@FUZZ
@given(data=st.data())
def test_any_route_takes_any_request(playground: Playground, method: str, rule: str, data: st.DataObject) -> None:
    actor = data.draw(st.sampled_from(ACTORS), "actor")
    path = filled(playground, rule, data)
    path += data.draw(control_query if rule.startswith("/gatepost") else query, "query")
    body = data.draw(bodies, "body") if method != "GET" else None
    playground.send(actor, method, path, body, data.draw(few_headers, "headers"))


@named(BODIED)
@FUZZ
@given(data=st.data())
def test_any_content_in_the_right_root(playground: Playground, method: str, rule: str, data: st.DataObject) -> None:
    roots = playground.roots_of(method, rule)
    if not roots:
        return  # takes no body, or none that must be of a certain kind
    name, namespace = data.draw(st.sampled_from(roots), "root")
    node = Node(name, namespace, data.draw(attributes), data.draw(texts), data.draw(st.lists(nodes, max_size=5)))
    actor = data.draw(st.sampled_from(ACTORS), "actor")
    path = fitting(playground, rule, data)
    playground.send(actor, method, path, node.markup().encode(), {})


@named(CONTROL)
@FUZZ
@given(data=st.data())
def test_the_control_api_takes_any_json(playground: Playground, method: str, rule: str, data: st.DataObject) -> None:
    path = fitting(playground, rule, data)
    playground.send(ACTORS[0], method, path, data.draw(json_bodies, "body"), {})


@FUZZ
@given(
    accept=header, method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "FOO"]), path=anything
)
def test_any_accept_header_and_path(playground: Playground, accept: bytes, method: str, path: str) -> None:
    url = f"/api/{quote(path.encode('utf-8', 'surrogatepass'), safe='/')}"
    for prefix in (b"", b"application/*+xml;version="):
        response = playground.plain.request(method, url, headers={b"Accept": prefix + accept})
        assert response.status_code in (401, 403, 404, 405, 406), response
        if response.status_code != 401:
            assert etree.fromstring(response.content).tag == f"{{{VCLOUD}}}Error"


def test_the_roots_of_the_bodies_are_found(playground: Playground) -> None:
    """Else the test of the right roots would quietly test nothing."""
    found = {name for method, rule in BODIED for name, _ in playground.roots_of(method, rule)}
    assert {
        "BlockingTaskOperationParams",
        "BlockingTaskUpdateProgressParams",
        "BlockingTaskSettings",
        "AmqpSettings",
        "InstantiateVAppTemplateParams",
        "DeployVAppParams",
        "Service",
        "AclRule",
        "UpdateRightsParams",
    } <= found
