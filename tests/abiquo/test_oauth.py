"""OAuth 1.0a from the server's side: what a signature is good for, and everything that it is not."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from oauthlib.oauth1 import Client

from gatepost import Gatepost
from tests.abiquo.conftest import Users
from tests.support.abiquo_client import AbiquoClient, Reply, links_of


class App:
    """An application of the connector's, with as many of its user's privileges as it was registered for."""

    def __init__(self, owner: AbiquoClient, nobody: AbiquoClient, *privileges: str) -> None:
        self.owner, self._nobody = owner, nobody
        held = {one["name"]: one["links"][0]["href"] for one in owner.get("config/privileges").json["collection"]}
        body = {"name": "app", "links": [{"rel": "privilege", "href": held[name]} for name in privileges]}
        made = owner.post(links_of(owner.get("login").json)["applications"], body, kind="application").json
        self.edit = links_of(made)["self"]
        self.keys: dict[str, Any] = {"client_key": made["apiKey"], "client_secret": made["apiSecret"]}

    def signed(self, method: str, path: str, **more: Any) -> dict[str, str]:
        """The header of a request as its client signs it."""
        url = path if path.startswith("http") else f"{self._nobody.root}/{path}"
        _, headers, _ = Client(**{**self.keys, **more}).sign(url, method)
        return {"Authorization": str(headers["Authorization"])}

    def send(self, method: str, path: str, **more: Any) -> Reply:
        return self._nobody.request(method, path, headers=self.signed(method, path, **more))

    def request_token(self) -> dict[str, str]:
        reply = self.send("POST", "oauth/request_token", callback_uri="oob")
        assert reply.status == 200, reply
        return dict(parse_qsl(reply.body.decode()))

    def verifier(self, requested: dict[str, str]) -> str:
        asked = self.owner.get(f"oauth/authorize?oauth_token={requested['oauth_token']}")
        assert asked.status == 302
        return parse_qs(urlsplit(asked.headers["location"]).query)["oauth_verifier"][0]

    def grant(self) -> None:
        """From now on requests are signed with an access token."""
        requested = self.request_token()
        reply = self.exchange(requested, self.verifier(requested))
        assert reply.status == 200, reply
        granted = dict(parse_qsl(reply.body.decode()))
        self.keys |= {
            "resource_owner_key": granted["oauth_token"],
            "resource_owner_secret": granted["oauth_token_secret"],
        }

    def exchange(self, requested: dict[str, str], verifier: str) -> Reply:
        return self.send(
            "POST",
            "oauth/access_token",
            resource_owner_key=requested["oauth_token"],
            resource_owner_secret=requested["oauth_token_secret"],
            verifier=verifier,
        )


@pytest.fixture
def app(users: Users) -> App:
    return App(users("connector"), users(None))


def test_a_signature_is_a_login(app: App) -> None:
    app.grant()
    reply = app.send("GET", "cloud//virtualmachines?limit=1&has=%C3%A9+x")
    assert reply.status == 200
    assert "set-cookie" not in reply.headers, "a cookie would outlive the application, and its privileges"
    assert app.send("GET", "login").json["nick"] == "connector"


def test_what_no_signature_opens(app: App, users: Users) -> None:
    nobody, no = users(None), (401, "401-UNAUTHORIZED")
    requested = app.request_token()
    assert app.exchange(requested, "guess").refusal == no
    verifier = app.verifier(requested)
    assert app.exchange(requested, "guess").refusal == no
    assert app.exchange(requested, verifier).status == 200
    assert app.exchange(requested, verifier).refusal == no
    app.grant()
    headers = app.signed("GET", "login")
    assert nobody.get("login", headers=headers).status == 200
    assert nobody.get("login", headers=headers).refusal == no  # the same nonce again
    assert nobody.get("login?x=y", headers=app.signed("GET", "login")).refusal == no
    assert nobody.post("logout", headers=app.signed("GET", "logout")).refusal == no
    assert app.send("GET", "login", client_secret="x").refusal == no
    assert app.send("GET", "login", resource_owner_secret="x").refusal == no
    assert app.send("GET", "login", resource_owner_key="x").refusal == no
    assert app.send("GET", "login", client_key="none", client_secret="none").refusal == no
    assert app.send("GET", "login", timestamp="1000000000").refusal == no
    assert app.send("GET", "login", signature_method="PLAINTEXT").refusal == no
    assert app.send("POST", "oauth/request_token", callback_uri="oob", client_secret="x").refusal == no
    assert nobody.post("oauth/request_token").refusal == no
    assert app.send("GET", "oauth/authorize").refusal == (403, "403-FORBIDDEN")
    assert app.owner.get("oauth/authorize?oauth_token=x").refusal == (400, "GEN-22")


def test_an_application_may_do_less_than_its_user(users: Users) -> None:
    app = App(users("connector"), users(None), "VDC_ENUMERATE")
    app.grant()
    assert app.send("GET", "cloud/virtualdatacenters").status == 200
    assert app.send("GET", "cloud/virtualmachines").refusal == (403, "403-FORBIDDEN")
    assert app.owner.get("cloud/virtualmachines").status == 200


def test_tokens_end_with_their_application(app: App, cloud: Gatepost) -> None:
    app.grant()
    assert app.send("GET", "login").status == 200
    assert app.owner.delete(app.edit).status == 204
    assert app.send("GET", "login").status == 401
