"""Every link and reference that any user sees leads where it says, and no organization sees another's."""

from __future__ import annotations

import re

import pytest

from gatepost.app import create_app
from tests.support.crawl import Walk, walk
from tests.support.house import House

USERS = ("administrator@System", "orgadmin@acme", "alice@acme", "bob@globex")


@pytest.mark.parametrize(
    ("user", "version"),
    [
        ("administrator@System", "1.5"),
        ("administrator@System", "33.0"),
        ("orgadmin@acme", "5.5"),
        ("alice@acme", "5.1"),
        ("alice@acme", "33.0"),
        ("bob@globex", "1.5"),
    ],
)
def test_every_link_leads_where_it_says(house: House, user: str, version: str) -> None:
    found = walk(house.client(user, version))
    # Owners and requesters are named to everybody, though their pages are for administrators (reference, section 10).
    tenant = user.startswith(("alice", "bob"))
    wrong = [line for line in found.wrong if not (tenant and re.search(r"-> /api/admin/user/[^/]+: 403 ", line))]
    assert wrong == []
    assert len(found.documents) > 10
    routes = create_app().url_map.bind("localhost")
    unserved = [(rel, method, path) for rel, method, path in found.actions if not routes.test(path.rstrip("/"), method)]
    assert unserved == []


@pytest.fixture(scope="module")
def walks(house: House) -> dict[str, Walk]:
    return {user: walk(house.client(user, "9.0")) for user in USERS}


@pytest.mark.parametrize(("user", "stranger"), [("alice@acme", "bob@globex"), ("bob@globex", "alice@acme")])
def test_two_organizations_never_see_each_other(house: House, walks: dict[str, Walk], user: str, stranger: str) -> None:
    own, common = walks[user].ids, walks[user].ids & walks[stranger].ids
    private = {path for path in walks["administrator@System"].documents if any(id in path for id in own - common)}
    assert len(private) > 5
    client = house.client(stranger, "9.0")
    for path in sorted(private | set(walks[user].documents)):
        reply = client.get(path)
        if path in private:
            assert reply.status in (400, 403), reply
        assert not [id for id in own - common if id in reply.body.decode() and id not in path], reply
