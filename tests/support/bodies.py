"""The requests of the vCloud dialect that take a body, each with one that is right."""

from __future__ import annotations

from typing import NamedTuple

from lxml import etree

from tests.support.client import Reply
from tests.support.house import SETTINGS, House
from tests.support.schemas import VCLOUD, VMEXT


class Place(NamedTuple):
    """A request that takes a body: who sends it, where, the root it wants, its namespace, and what may stand inside.

    `{hold}` and other names in braces stand for what the house has.
    """

    user: str
    method: str
    path: str
    root: str
    namespace: str
    inside: str

    def request(self, house: House, body: bytes | str, content_type: str | None = None) -> Reply:
        client = house.client(self.user)
        path = self.path.format(**vars(house))
        return client.request(self.method, path, body, content_type)

    def body(self, house: House, before: str = "", inside: str = "") -> str:
        content = self.inside.format(**vars(house)) + inside
        return f'{before}<{self.root} xmlns="{self.namespace}">{content}</{self.root}>'


ADMIN, ALICE = "administrator@System", "alice@acme"

AMQP_VALUES = (
    "<AmqpHost></AmqpHost><AmqpPort>5672</AmqpPort><AmqpUsername>guest</AmqpUsername><AmqpPassword></AmqpPassword>"
    "<AmqpExchange>systemExchange</AmqpExchange><AmqpVHost>/</AmqpVHost><AmqpUseSSL>false</AmqpUseSSL>"
)
BLOCKING_VALUES = (
    "<TimeoutAction>abort</TimeoutAction><BlockingTaskOperations/>"
    "<TimeoutInMilliseconds>432000000</TimeoutInMilliseconds>"
)
RESUME = Place(ADMIN, "POST", "{hold}/action/resume", "BlockingTaskOperationParams", VMEXT, "<Message>x</Message>")
ABORT = Place(ADMIN, "POST", "{hold}/action/abort", "BlockingTaskOperationParams", VMEXT, "<Message>x</Message>")
FAIL = Place(ADMIN, "POST", "{hold}/action/fail", "BlockingTaskOperationParams", VMEXT, "<Message>x</Message>")
PROGRESS = Place(
    ADMIN, "POST", "{hold}/action/updateProgress", "BlockingTaskUpdateProgressParams", VMEXT, "<Message>x</Message>"
)
BLOCKING_TASKS = Place(ADMIN, "PUT", SETTINGS + "/blockingTask", "BlockingTaskSettings", VMEXT, BLOCKING_VALUES)
OPERATIONS = Place(ADMIN, "PUT", SETTINGS + "/blockingTask/operations", "BlockingTaskOperations", VMEXT, "")
AMQP = Place(ADMIN, "PUT", SETTINGS + "/amqp", "AmqpSettings", VMEXT, AMQP_VALUES)
AMQP_TEST = Place(ADMIN, "POST", SETTINGS + "/amqp/action/test", "AmqpSettings", VMEXT, AMQP_VALUES)
NOTIFICATIONS = Place(
    ADMIN,
    "PUT",
    SETTINGS + "/notifications",
    "NotificationsSettings",
    VMEXT,
    "<EnableNotifications>true</EnableNotifications>",
)
INSTANTIATE = Place(
    ALICE,
    "POST",
    "{vdc}/action/instantiateVAppTemplate",
    "InstantiateVAppTemplateParams",
    VCLOUD,
    '<Source href="{template}"/>',
)
DEPLOY = Place(ALICE, "POST", "{off}/action/deploy", "DeployVAppParams", VCLOUD, "")
UNDEPLOY = Place(
    ALICE,
    "POST",
    "{on}/action/undeploy",
    "UndeployVAppParams",
    VCLOUD,
    "<UndeployPowerAction>powerOff</UndeployPowerAction>",
)

PLACES = [
    RESUME,
    ABORT,
    FAIL,
    PROGRESS,
    BLOCKING_TASKS,
    OPERATIONS,
    AMQP,
    AMQP_TEST,
    NOTIFICATIONS,
    INSTANTIATE,
    DEPLOY,
    UNDEPLOY,
]


def wrap(root: str, inside: str, namespace: str = VMEXT) -> str:
    return f'<{root} xmlns="{namespace}">{inside}</{root}>'


def instantiation(house: House, name: str | None, **attributes: str) -> bytes:
    """The body of INSTANTIATE."""
    root = etree.Element(f"{{{VCLOUD}}}InstantiateVAppTemplateParams", nsmap={None: VCLOUD})
    root.attrib.update(attributes)
    if name is not None:
        root.set("name", name)
    etree.SubElement(root, f"{{{VCLOUD}}}Source", href=house.template)
    return etree.tostring(root)
