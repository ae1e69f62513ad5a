"""Secrets go in by every door, and are looked for behind every other: journal, log, info, errors, standard streams."""

from __future__ import annotations

import base64
import json
import logging
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from gatepost import Gatepost
from tests.support.asking import accept, basic
from tests.support.bodies import AMQP_VALUES, wrap
from tests.support.client import VcloudClient
from tests.support.control import ControlClient
from tests.support.house import SETTINGS
from tests.support.schemas import VMEXT
from tests.support.tenant import ask
from tests.support.waiting import until

MakeWorld = Callable[..., Gatepost]
Connect = Callable[..., VcloudClient]

AMQP_PASSWORD = "amqp-Pa55-of-mine"
CONTROL_TOKEN = "control-T0ken-of-mine"
LOGIN = "gatepost"  # the public one: it stands in the info, and must stand nowhere else


@dataclass
class Hiding:
    """A world, everything that it ever said, and what must not be in it."""

    world: Gatepost
    caplog: pytest.LogCaptureFixture
    capfd: pytest.CaptureFixture[str]
    secrets: list[str] = field(default_factory=list)

    def spelled(self) -> Iterator[str]:
        for secret in self.secrets:
            yield secret
            yield base64.b64encode(secret.encode()).decode().rstrip("=")
            yield urllib.parse.quote(secret)
            yield json.dumps(secret)[1:-1]

    def said(self) -> dict[str, str]:
        with ControlClient(self.world, {"Authorization": f"Bearer {CONTROL_TOKEN}"}) as api:
            over_http = [json.dumps(api.get(path).json) for path in ("/info", "/holds", "/settings", "/clock")]
            journal: list[dict[str, Any]] = []
            after = 0
            while page := api.get("/journal", query={"after": after, "limit": 1_000}).json["entries"]:
                journal += page
                after = page[-1]["seq"]
        assert journal
        bodies = [
            base64.b64decode(one["body_base64"]).decode("utf-16-le", "replace")
            for one in journal
            if "body_base64" in one
        ]
        in_python = [
            f"{entry.path} {dict(entry.headers)} {entry.body!r} {entry.body.decode('utf-16', 'replace')} {entry.note}"
            for entry in self.world.journal.after(0)
        ]
        out, err = self.capfd.readouterr()
        return {
            "journal": json.dumps(journal, ensure_ascii=False) + "".join(bodies),
            "journal in Python": "\n".join(in_python),
            "control API": "\n".join(over_http),
            "log": self.caplog.text + "".join(repr(record.__dict__) for record in self.caplog.records),
            "standard streams": out + err,
            "repr": repr(self.world.__dict__),
        }

    def check(self) -> None:
        said = self.said()
        for spelling in self.spelled():
            for where, text in said.items():
                assert spelling not in text, f"{spelling!r} stands in the {where}"


@pytest.fixture
def hiding(
    make_world: MakeWorld, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[Hiding]:
    caplog.set_level(logging.DEBUG)
    world = make_world(clock="manual", control_token=CONTROL_TOKEN)
    one = Hiding(world, caplog, capfd, [CONTROL_TOKEN])
    yield one
    one.check()


@pytest.mark.parametrize("version", ["1.5", "5.5", "29.0", "31.0", "33.0"])
def test_a_session(hiding: Hiding, connect: Connect, version: str) -> None:
    alice = connect(hiding.world, version=version)
    login = alice.post("/api/sessions", anonymous=True, accept=accept(version), headers=basic(f"alice@acme:{LOGIN}"))
    token = login.headers["x-vcloud-authorization"]
    hiding.secrets += [token, basic(f"alice@acme:{LOGIN}")["Authorization"].removeprefix("Basic ")]
    for headers in (
        {"x-vcloud-authorization": token},
        {"X-VCLOUD-AUTHORIZATION": token},
        {"Authorization": f"Bearer {token}"},
        {"Cookie": f"vcloud-token={token}"},
        {"Cookie": f"a=b; vcloud-token={token}; c=d"},
    ):
        assert alice.get("/api/org", anonymous=True, headers=headers).status == 200
    assert alice.delete("/api/session").status == 204


@pytest.mark.parametrize(
    "headers",
    [
        {"x-vcloud-authorization": "{}"},
        {"x-vcloud-authorization": "token {}"},
        {"Authorization": "{}"},
        {"Authorization": "Bearer {}"},
        {"Authorization": "Basic {}"},
        {"Authorization": "{} again"},
        {"Authorization": 'SIGN token="{}",org="acme"'},
        {"Proxy-Authorization": "Basic {}"},
        {"Cookie": "vcloud-token={}"},
        {"Cookie": "{}"},
        {"X-VMWARE-VCLOUD-ACCESS-TOKEN": "{}"},
    ],
)
@pytest.mark.parametrize("secret", ["wr0ng-but-perhaps-right-elsewhere", "wrongandonlyletters"])
def test_credentials_that_are_wrong_here(
    hiding: Hiding, connect: Connect, headers: dict[str, str], secret: str
) -> None:
    hiding.secrets.append(secret)
    alice = connect(hiding.world)
    sent = {name: value.format(secret) for name, value in headers.items()}
    for path in ("/api/org", "/api/nothing", "/api/session", "/api/admin/extension/settings"):
        assert alice.get(path, anonymous=True, headers=sent).status in (401, 403, 404)
    assert alice.post("/api/sessions", anonymous=True, headers=sent).status == 401
    alice.get(f"/api/org?token={secret}&x=y&vcloud-token={secret}&password={secret}")


@pytest.mark.parametrize("user", ["alice@acme", "nobody@acme", "alice"])
def test_a_wrong_password(hiding: Hiding, connect: Connect, user: str) -> None:
    hiding.secrets += ["mistyped-Pa55", basic(f"{user}:mistyped-Pa55")["Authorization"].removeprefix("Basic ")]
    alice = connect(hiding.world)
    for path in ("/api/sessions", "/api/login"):
        assert alice.post(path, anonymous=True, headers=basic(f"{user}:mistyped-Pa55")).status == 401
    assert alice.login_request(user, "mistyped-Pa55", "33.0").status == 401


def amqp_body(password: str) -> str:
    # Nothing listens on port 1, and nothing needs to: what counts is what is told about the attempt.
    values = AMQP_VALUES.replace("<AmqpHost>", "<AmqpHost>127.0.0.1").replace("5672", "1")
    return wrap("AmqpSettings", values.replace("<AmqpPassword>", f"<AmqpPassword>{password}"))


def prefixed(document: str) -> str:
    return document.replace("<Amqp", "<v:Amqp").replace("</Amqp", "</v:Amqp").replace("xmlns=", "xmlns:v=")


@pytest.mark.parametrize(
    "body",
    [
        amqp_body(AMQP_PASSWORD),
        prefixed(amqp_body(AMQP_PASSWORD)),
        amqp_body(f"<![CDATA[{AMQP_PASSWORD}]]>"),
        amqp_body(f"<![CDATA[</AmqpPassword>]]><!-- </ -->{AMQP_PASSWORD}"),
        amqp_body(AMQP_PASSWORD).replace("<AmqpPassword>", "<AmqpPassword\n type='x' other='/>' >"),
        amqp_body(AMQP_PASSWORD).encode("utf-16"),
        ("<?xml version='1.0'?>" + amqp_body(AMQP_PASSWORD)).encode("utf-16-be"),
        b'<?xml version="1.0" encoding="ISO-8859-1"?>' + amqp_body(AMQP_PASSWORD).encode(),
    ],
)
def test_the_brokers_password(hiding: Hiding, connect: Connect, body: str | bytes) -> None:
    hiding.secrets.append(AMQP_PASSWORD)
    admin = connect(hiding.world, "administrator@System")
    assert admin.put(SETTINGS + "/amqp", body).status == 200
    test = admin.post(SETTINGS + "/amqp/action/test", body)
    assert AMQP_PASSWORD.encode() not in test.body
    for path in (SETTINGS, SETTINGS + "/amqp"):
        assert AMQP_PASSWORD.encode() not in admin.get(path).body
    ask(connect(hiding.world), "told")  # which the broker would hear, were there one
    until(lambda: hiding.world.info()["broker_problem"])


@pytest.mark.parametrize(
    "body",
    [
        amqp_body(AMQP_PASSWORD)[:-40],
        amqp_body(AMQP_PASSWORD).partition(AMQP_PASSWORD)[0] + AMQP_PASSWORD,
        amqp_body(AMQP_PASSWORD).replace("AmqpHost", "Host"),
        amqp_body(AMQP_PASSWORD).replace(VMEXT, "urn:x"),
        amqp_body(AMQP_PASSWORD).replace("<AmqpPassword>", '<AmqpPassword x=">'),
        amqp_body(f"{AMQP_PASSWORD}&nothing;"),
        f"<!DOCTYPE x [<!ENTITY e 'x'>]>{amqp_body(AMQP_PASSWORD)}",
        amqp_body(AMQP_PASSWORD).encode("utf-16")[:-1],
        amqp_body(AMQP_PASSWORD).encode("utf-16-le"),
        amqp_body(AMQP_PASSWORD).encode("utf-16-be"),
        f'<AmqpSettings AmqpPassword="{AMQP_PASSWORD}"/>',
        f"<Password>{AMQP_PASSWORD}</Password>",
        json.dumps({"password": AMQP_PASSWORD, "x": 1}),
        json.dumps({"AmqpPassword": AMQP_PASSWORD}),
        json.dumps({"token": [AMQP_PASSWORD]}),
        f"user=x&password={AMQP_PASSWORD}",
    ],
)
def test_the_brokers_password_in_a_body_that_is_refused(hiding: Hiding, connect: Connect, body: str | bytes) -> None:
    hiding.secrets.append(AMQP_PASSWORD)
    admin = connect(hiding.world, "administrator@System")
    for content_type in (None, "application/json"):
        assert admin.put(SETTINGS + "/amqp", body, content_type).status in (400, 415)
        assert admin.put("/api/nothing", body, content_type).status == 404
        assert admin.post("/api/sessions", body, content_type, anonymous=True).status == 401


def test_the_control_token(hiding: Hiding) -> None:
    hiding.secrets.append("not-the-T0ken")
    with ControlClient(hiding.world) as api:
        for token in (CONTROL_TOKEN, "not-the-T0ken"):
            for scheme in ("Bearer", "Basic", ""):
                api.get("/info", {"Authorization": f"{scheme} {token}".strip()})
            api.post("/holds/x/decision", {"decision": token}, {"Authorization": f"Bearer {CONTROL_TOKEN}"})
    with VcloudClient(hiding.world.url) as client:  # sent to the wrong API
        client.get("/api/org", anonymous=True, headers={"Authorization": f"Bearer {CONTROL_TOKEN}"})


def test_a_broker_named_by_its_url(
    make_world: MakeWorld, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], connect: Connect
) -> None:
    caplog.set_level(logging.DEBUG)
    world = make_world(broker=f"amqp://me:{AMQP_PASSWORD}@127.0.0.1:1/", control_token=CONTROL_TOKEN)
    hiding = Hiding(world, caplog, capfd, [CONTROL_TOKEN, AMQP_PASSWORD])
    ask(connect(world), "told")
    until(lambda: world.info()["broker_problem"])
    hiding.check()
    assert AMQP_PASSWORD in world.info(with_secrets=True)["amqp_url"]  # for the ready file, which is private


def test_the_public_password_stands_in_the_info_alone(hiding: Hiding, connect: Connect) -> None:
    connect(hiding.world)
    said = hiding.said()
    journal = said["journal"]
    assert f":{LOGIN}" not in journal
    assert "Basic [redacted]" in journal
