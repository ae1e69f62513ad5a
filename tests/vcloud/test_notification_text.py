"""Notifications are written as text: whatever a name holds, an XML parser must read back exactly that name."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gatepost.core.events import EntityRef, Event
from gatepost.core.text import is_text
from gatepost.vcloud import notifications

ID = "c0ffee00-1111-4222-8333-444455556677"
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(is_text)
URLS = st.sampled_from(["https://vcd.example.com", "http://127.0.0.1:8080/a?b=1&c=\"<'>"])


@given(NAMES, NAMES, NAMES, URLS)
def test_names_survive(entity: str, org: str, user: str, url: str) -> None:
    refs = {kind: EntityRef(kind, ID, name) for kind, name in (("vapp", entity), ("org", org), ("user", user))}
    task = EntityRef("task", ID, "vdcInstantiateVapp")
    event = Event(ID, "vapp/create", 0.0, True, refs["vapp"], refs["org"], refs["user"], task, refs["vapp"])
    root = etree.fromstring(notifications.body(event, url))
    seen = [(link.get("rel"), link.get("name"), link.get("id")) for link in root.findall("{*}EntityLink")]
    assert seen == [
        ("entity", entity, f"urn:vcloud:vapp:{ID}"),
        ("down", user, f"urn:vcloud:user:{ID}"),
        ("up", org, f"urn:vcloud:org:{ID}"),
        ("task", "vdcInstantiateVapp", f"urn:vcloud:task:{ID}"),
        ("task:owner", None, f"urn:vcloud:vapp:{ID}"),
    ]
    assert [link.get("href") for link in root.findall("{*}Link")] == [url + "/api/entity/"]
