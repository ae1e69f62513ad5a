"""A cloud that varies leaves alone what extension services say and are asked."""

from __future__ import annotations

from gatepost import Gatepost
from tests.support.client import VcloudClient
from tests.support.services import Offer, reply


def test_an_answer_stays_what_the_service_said(cloud: Gatepost, offer: Offer, alice: VcloudClient) -> None:
    said = b"<?xml version=\"1.0\"?><a  b='c'><d/></a>"
    extension = offer(lambda request: reply(200, said, Content_Type="application/vnd.example.backup+xml"))
    cloud.vary(["default", "hrefs"])
    answer = alice.get("/api/backup/1f0c3f6e-7d3b-4c55-9a0e-5d1c0a7b2e11", foreign=True)
    assert answer.body == said
    [[message, *_]] = extension.requests
    assert message["requestUri"] == "/api/backup/1f0c3f6e-7d3b-4c55-9a0e-5d1c0a7b2e11"
    # It was a cloud that varied which asked.
    assert b"VCloudExtension" in alice.get("/api/session", foreign=True).body
