"""A cloud in which all sorts of things exist, what it says unvaried, and how it says it varied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from gatepost import Gatepost
from gatepost.variation import Kind, Variation
from tests.support.crawl import walk
from tests.support.house import House

EVERYTHING = frozenset(Kind)


@dataclass(frozen=True)
class Said:
    """A document as the cloud said it to a client of this version."""

    path: str
    version: str
    body: bytes


class Corpus:
    """Documents, and the URL of the cloud that said them. No dataclass: hypothesis would print all of it."""

    def __init__(self, url: str, documents: list[Said]) -> None:
        self.url = url
        self.documents = documents

    def varied(self, said: Said, seed: int, kinds: frozenset[Kind] = EVERYTHING) -> bytes:
        """One of them as the first answer of a cloud with this seed."""
        variation = Variation(seed)
        variation.bases = {"vcloud": self.url}
        variation.choose(kinds)
        headers = [("Content-Type", "application/*+xml"), ("Content-Length", str(len(said.body)))]
        headers, body = variation.answer("vcloud", headers, said.body, ours=True)
        assert dict(headers)["Content-Length"] == str(len(body))
        return body


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with Gatepost(clock="manual", broker=None) as world, House(world) as one:
        yield one


@pytest.fixture(scope="module")
def corpus(house: House) -> Corpus:
    """All that an administrator and a user can read, in an old and in a new version."""
    found = []
    for user, version in (("administrator@System", "5.5"), ("administrator@System", "33.0"), ("alice@acme", "1.5")):
        documents = walk(house.client(user, version)).documents
        found += [Said(path, version, body) for path, body in documents.items() if body.lstrip().startswith(b"<")]
    return Corpus(house.world.url, found)
