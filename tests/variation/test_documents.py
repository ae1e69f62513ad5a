"""Every document of the vCloud dialect, varied, says what it said, and keeps to the published schemas."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gatepost.variation import Kind
from tests.support import normal, schemas
from tests.variation.conftest import EVERYTHING, Corpus, Said

# Each test may be the one that has all documents read first.
pytestmark = pytest.mark.timeout(300)

LINK = f"{{{schemas.VCLOUD}}}Link"
OWN = ("down", "remove", "entityResolver", "down:extensibility")
"""Relations of the links of a session."""


def check(corpus: Corpus, said: Said, seed: int, kinds: frozenset[Kind]) -> None:
    body = corpus.varied(said, seed, kinds)
    assert normal.xml(body, normal.moved("", "")) == normal.xml(said.body)
    if schemas.available():
        schemas.check(body, api_version=said.version)
    assert corpus.varied(said, seed, kinds) == body


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**40), number=st.integers(0, 9_999), kinds=st.frozensets(st.sampled_from(Kind)))
def test_any_document_says_the_same(corpus: Corpus, seed: int, number: int, kinds: frozenset[Kind]) -> None:
    check(corpus, corpus.documents[number % len(corpus.documents)], seed, kinds)


@pytest.mark.parametrize("seed", range(3))
def test_every_document_says_the_same(corpus: Corpus, seed: int) -> None:
    assert len(corpus.documents) > 100
    for said in corpus.documents:
        check(corpus, said, seed, EVERYTHING)


def elements(body: bytes) -> list[etree._Element]:
    return list(schemas.parse(body).iter("*"))


def links(body: bytes) -> list[str]:
    return [element.get("rel", "") for element in elements(body) if element.tag == LINK]


def content(body: bytes) -> bytes:
    return body.partition(b"?>")[2].strip()


ALONE: dict[Kind, Callable[[bytes], object]] = {
    Kind.PREFIXES: lambda body: {one.prefix for one in elements(body) if one.tag == LINK},
    Kind.ORDER: lambda body: [rel for rel in links(body) if rel in OWN],
    Kind.LINKS: lambda body: set(links(body)),
    Kind.ELEMENTS: lambda body: b"VCloudExtension" in body,
    Kind.ATTRIBUTES: lambda body: any(normal.UNKNOWN in key for one in elements(body) for key in one.attrib),
    Kind.WHITESPACE: lambda body: re.search(rb">\s+<|'|\s\s|\s/>|\t|\n", content(body)) is not None,
    Kind.ENCODING: lambda body: body.partition(b"?>")[0],
    Kind.HREFS: lambda body: b"/api/~" in body,
}
"""What a kind changes in the session document, and no other one does."""


@pytest.mark.parametrize("kind", ALONE)
@pytest.mark.parametrize("seed", range(5))
def test_each_kind_does_what_it_says_and_nothing_else(corpus: Corpus, kind: Kind, seed: int) -> None:
    said = next(said for said in corpus.documents if said.path == "/api/session")
    body = corpus.varied(said, seed, frozenset({kind}))
    changed = {other for other, look in ALONE.items() if look(body) != look(said.body)}
    assert changed == {kind}


def test_order_is_that_of_attributes_and_links(corpus: Corpus) -> None:
    said = next(said for said in corpus.documents if said.path == "/api/session")
    orders = {corpus.varied(said, seed, frozenset({Kind.ORDER})) for seed in range(5)}
    assert len({tuple(links(body)) for body in orders}) > 1
    assert len({re.findall(rb"(\w+)=", content(body))[0] for body in orders}) > 1
    assert {len(body) for body in orders} == {len(said.body)}


def test_what_is_no_document_stays(corpus: Corpus) -> None:
    for body in (b"", b"<broken", b"plain text", b"\xff\xfe"):
        assert corpus.varied(Said("", "", body), 1) == body


def test_letters_beyond_ascii_stay_what_they_are(corpus: Corpus) -> None:
    body = '<?xml version="1.0" encoding="UTF-8"?>\n<Error xmlns="{}" message="häß &amp; 本"/>'
    said = Said("", "5.5", body.replace("{}", schemas.VCLOUD).encode())
    varied = corpus.varied(said, 1, frozenset({Kind.ENCODING}))
    assert varied.isascii()
    assert schemas.parse(varied).get("message") == "häß & 本"
