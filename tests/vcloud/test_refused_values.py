"""Values that are out of their range: each refused, and nothing changed by it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatepost import Gatepost
from tests.support.bodies import (
    ADMIN,
    AMQP,
    AMQP_TEST,
    AMQP_VALUES,
    BLOCKING_TASKS,
    BLOCKING_VALUES,
    NOTIFICATIONS,
    OPERATIONS,
    PLACES,
    PROGRESS,
    instantiation,
    wrap,
)
from tests.support.client import VcloudClient, operation_params
from tests.support.house import PENDING, SETTINGS, House
from tests.support.refusals import NOWHERE, refused
from tests.support.schemas import VCLOUD
from tests.support.tenant import ask, find_places, href_of, the

Connect = Callable[..., VcloudClient]

NO_TIMEOUTS = [
    "",
    " ",
    "soon",
    "1e3",
    "1.5",
    "1,000",
    "0x10",
    "1 000",
    "-1",
    "-432000000",
    "--1",
    "+-1",
    "\u0663",
    "\u00b2",
    "9" * 30,
    str(2**63 - 1),
    str(2**63),
    str(-(2**63)),
    "3153600000001",
    "INF",
    "NaN",
    "null",
]


@pytest.mark.parametrize("text", NO_TIMEOUTS)
def test_no_time_out(house: House, text: str) -> None:
    progress = f"<Message>x</Message><TimeoutValueInMilliseconds>{text}</TimeoutValueInMilliseconds>"
    settings = BLOCKING_VALUES.replace("432000000", text)
    with house.unchanged():
        message = refused(PROGRESS.request(house, wrap("BlockingTaskUpdateProgressParams", progress)), 400)
        assert message.startswith("validation error on field 'TimeoutValueInMilliseconds'")
        message = refused(BLOCKING_TASKS.request(house, wrap("BlockingTaskSettings", settings)), 400)
        assert message.startswith("validation error on field 'TimeoutInMilliseconds'")


@pytest.mark.parametrize("text", ["0", "-0", "1", " 5000 ", "+5000", "3153600000000"])
def test_time_outs_at_the_edges(cloud: Gatepost, connect: Connect, text: str) -> None:
    admin = connect(cloud, ADMIN)
    reply = admin.put(
        SETTINGS + "/blockingTask", wrap("BlockingTaskSettings", BLOCKING_VALUES.replace("432000000", text))
    )
    assert reply.status == 200
    assert the(reply.xml, "TimeoutInMilliseconds").text == str(int(text))


@pytest.mark.parametrize(
    "inside",
    [
        BLOCKING_VALUES.replace("abort", "approve"),
        BLOCKING_VALUES.replace("abort", ""),
        BLOCKING_VALUES.replace("abort", "Abort"),
        BLOCKING_VALUES.replace("<TimeoutAction>abort</TimeoutAction>", ""),
        BLOCKING_VALUES.replace("<BlockingTaskOperations/>", ""),
        BLOCKING_VALUES.replace("<TimeoutInMilliseconds>432000000</TimeoutInMilliseconds>", ""),
        BLOCKING_VALUES.replace("BlockingTaskOperations/>", 'BlockingTaskOperations xmlns="http://www.example.com/"/>'),
        "",
    ],
)
def test_no_settings_of_blocking_tasks(house: House, inside: str) -> None:
    with house.unchanged():
        refused(BLOCKING_TASKS.request(house, wrap("BlockingTaskSettings", inside)), 400)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "nothing",
        "vdcinstantiatevapp",
        "vdcInstantiateVapp vappDeploy",
        "vappReboot",
        "<b/>",
        "x" * 5_000,
        "\U0001f600",
    ],
)
def test_operations_that_cannot_block(house: House, name: str) -> None:
    plain = (
        f'<v:Operation xmlns:v="{VCLOUD}">vappDeploy</v:Operation><v:Operation xmlns:v="{VCLOUD}">{name}</v:Operation>'
    )
    typed = f"<TaskOperationType><Category>vApp</Category><Operation>{name}</Operation></TaskOperationType>"
    with house.unchanged():
        for inside in (plain, typed):
            refused(OPERATIONS.request(house, wrap("BlockingTaskOperations", inside)), 400)
            settings = BLOCKING_VALUES.replace(
                "<BlockingTaskOperations/>", f"<BlockingTaskOperations>{inside}</BlockingTaskOperations>"
            )
            refused(BLOCKING_TASKS.request(house, wrap("BlockingTaskSettings", settings)), 400)


@pytest.mark.parametrize("text", ["", "yes", "True", "2", "-1", "on", "truetrue", "\u0661"])
def test_no_boolean(house: House, text: str) -> None:
    with house.unchanged():
        inside = f"<EnableNotifications>{text}</EnableNotifications>"
        refused(NOTIFICATIONS.request(house, wrap("NotificationsSettings", inside)), 400)
        refused(AMQP.request(house, wrap("AmqpSettings", AMQP_VALUES.replace("false", text))), 400)
        refused(
            house.alice.post(house.off + "/action/deploy", f'<DeployVAppParams xmlns="{VCLOUD}" powerOn="{text}"/>'),
            400,
        )
        refused(
            house.alice.post(house.vdc + "/action/instantiateVAppTemplate", instantiation(house, "x", deploy=text)), 400
        )


@pytest.mark.parametrize(
    "inside",
    [
        *(
            AMQP_VALUES.replace(f"<{name}>", f"<x{name}>").replace(f"</{name}>", f"</x{name}>")
            for name in ("AmqpHost", "AmqpPort", "AmqpUsername", "AmqpExchange", "AmqpVHost", "AmqpUseSSL")
        ),
        *(AMQP_VALUES.replace("5672", port) for port in ("", "0", "-1", "65536", "x", "5672.0", "9" * 30)),
        *(AMQP_VALUES.replace("systemExchange", name) for name in ("x" * 256, "\u00fc" * 128)),
        AMQP_VALUES.replace("<AmqpHost>", "<AmqpHost>" + "x" * 256),
        "",
    ],
)
def test_no_amqp_settings(house: House, inside: str) -> None:
    with house.unchanged():
        for place in (AMQP, AMQP_TEST):
            refused(place.request(house, wrap("AmqpSettings", inside)), 400)


@pytest.mark.parametrize("name", [None, "", " ", "\t\n", "\u3000", "x" * 129, "\U0001f600" * 129])
def test_no_name(house: House, name: str | None) -> None:
    with house.unchanged():
        refused(house.alice.post(house.vdc + "/action/instantiateVAppTemplate", instantiation(house, name)), 400)


@pytest.mark.parametrize("character", ["&#0;", "&#1;", "&#x1b;", "&#x7;", "&#xd800;", "&#xffff;", "\x01", "\x00"])
def test_a_name_with_a_character_that_xml_does_not_have(house: House, character: str) -> None:
    body = instantiation(house, "NAME").replace(b"NAME", f"a{character}b".encode())
    with house.unchanged():
        refused(house.alice.post(house.vdc + "/action/instantiateVAppTemplate", body), 400)


@pytest.mark.parametrize(
    "name",
    [
        "x",
        "x" * 128,
        "\U0001f600" * 128,
        "<&\"'>",
        "]]>",
        "&amp;",
        "a\tb\nc",
        "\u202e",
        "../..",
        "%00",
        "{0}",
        "\u00a0x",
    ],
)
def test_names_that_are_taken_as_they_are(cloud: Gatepost, connect: Connect, name: str) -> None:
    alice, admin = connect(cloud), connect(cloud, ADMIN)
    vapp, task = ask(alice, name)
    assert alice.get(vapp).xml.get("name") == name
    assert the(alice.get(task).xml, "Owner").get("name") == name
    refused(alice.instantiate(*find_places(alice), name), 400, "DUPLICATE_NAME")
    admin.post(href_of(the(admin.get(PENDING).xml, "Reference")) + "/action/abort", operation_params(name))
    assert the(alice.get(task).xml, "Error").get("message") == name


@pytest.mark.parametrize(
    "source",
    [
        "",
        "<Source/>",
        '<Source href=""/>',
        '<Source href="/"/>',
        '<Source href="x"/>',
        f'<Source href="{NOWHERE}"/>',
        f'<Source href="vappTemplate-{NOWHERE[:-1]}"/>',
        '<Source xmlns="" href="{template}"/>',
        '<Source id="{template}"/>',
    ],
)
def test_no_template(house: House, source: str) -> None:
    body = wrap("InstantiateVAppTemplateParams", source.format(template=house.template), VCLOUD).replace(
        " xmlns", ' name="x" xmlns', 1
    )
    with house.unchanged():
        refused(house.alice.post(house.vdc + "/action/instantiateVAppTemplate", body), 400)


@pytest.mark.parametrize("text", ["x" * 32_769])
def test_a_text_that_is_too_long(house: House, text: str) -> None:
    with house.unchanged():
        for place in PLACES[:4]:
            refused(place.request(house, wrap(place.root, f"<Message>{text}</Message>")), 400)
        body = instantiation(house, "x").replace(b"<Source", f"<Description>{text}</Description><Source".encode())
        refused(house.alice.post(house.vdc + "/action/instantiateVAppTemplate", body), 400)


def test_an_undeploy_action_that_is_none(house: House) -> None:
    with house.unchanged():
        for action in ("off", "poweroff", "power off", "x" * 3_000):
            inside = f"<UndeployPowerAction>{action}</UndeployPowerAction>"
            refused(house.alice.post(house.on + "/action/undeploy", wrap("UndeployVAppParams", inside, VCLOUD)), 400)
