"""Connectors that decide wrongly, or say it wrongly."""

from __future__ import annotations

import time
from xml.sax.saxutils import escape

from lxml import etree

from gatepost.conformance.connectors import vcloud_reference as reference
from gatepost.conformance.connectors.defects import defect
from gatepost.conformance.connectors.vcloud_client import VCLOUD

_TEMPLATE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    f'<BlockingTaskOperationParams xmlns="{reference.VMEXT}"><Message>{{}}</Message></BlockingTaskOperationParams>'
)


@defect("vcloud", "Forgets what it approves.", breaks="VCD-DEC-1", may="VCD-*")
def forgets_what_it_approves() -> None:
    right = reference.choose

    def choose(held: reference.Held, me: str) -> str:
        decision = right(held, me)
        return "ignore" if decision == "resume" else decision

    reference.choose = choose


@defect("vcloud", "Fails what it should abort.", breaks="VCD-DEC-2", may="VCD-DEC-4.* VCD-DEC-5 VCD-DEC-[6789]*")
def fails_what_it_declines() -> None:
    right = reference.choose

    def choose(held: reference.Held, me: str) -> str:
        decision = right(held, me)
        return "fail" if decision == "abort" else decision

    reference.choose = choose


@defect("vcloud", "Aborts what it should fail.", breaks="VCD-DEC-3", may="VCD-DEC-4.* VCD-DEC-5 VCD-DEC-[6789]*")
def aborts_what_is_broken() -> None:
    right = reference.choose

    def choose(held: reference.Held, me: str) -> str:
        decision = right(held, me)
        return "abort" if decision == "fail" else decision

    reference.choose = choose


@defect("vcloud", "Puts the Message into the namespace of the user API.", breaks="VCD-DEC-4.1 VCD-DEC-5")
def says_why_in_another_namespace() -> None:
    def params(message: str, timeout: float | None = None) -> bytes:
        root = etree.fromstring(right(message, timeout))
        root[0].tag = f"{{{VCLOUD}}}Message"
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")

    right = reference.params
    reference.params = params


@defect("vcloud", "Adds an element of its own to the body.", breaks="VCD-DEC-4.1")
def adds_an_element() -> None:
    def params(message: str, timeout: float | None = None) -> bytes:
        root = etree.fromstring(right(message, timeout))
        if timeout is None:
            etree.SubElement(root, f"{{{reference.VMEXT}}}Approver").text = "connector"
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")

    right = reference.params
    reference.params = params


@defect("vcloud", "Sends decisions as application/xml.", breaks="VCD-DEC-4.2")
def sends_any_xml() -> None:
    reference.OPERATION_PARAMS = "application/xml"


@defect("vcloud", "Leaves the Message empty.", breaks="VCD-DEC-5")
def says_nothing() -> None:
    reference.explain = lambda decision, held: ""


@defect(
    "vcloud",
    "Posts each decision a second time, to be sure.",
    breaks="VCD-DEC-6 VCD-DEC-8",
    may="VCD-NOT-* VCD-ROB-* VCD-SES-* VCD-TMO-4 VCD-TMO-5.*",
)
def decides_twice() -> None:
    right = reference.Decider.follow

    def follow(self: reference.Decider, decision: str, id: str, held: reference.Held) -> None:
        right(self, decision, id, held)
        right(self, decision, id, held)

    reference.Decider.follow = follow  # type: ignore[method-assign]


@defect(
    "vcloud",
    "Keeps the task that it decides where all its threads see it.",
    breaks="VCD-DEC-7",
    may="VCD-DEC-4.* VCD-DEC-5 VCD-DEC-6 VCD-DEC-8 VCD-DEC-9.* VCD-DEC-11.* VCD-LNK-3.* VCD-NOT-* VCD-ROB-* VCD-SES-*",
)
def shares_one_task_between_threads() -> None:
    current: dict[str, reference.Held] = {}

    def decide(self: reference.Decider, id: str) -> None:
        held = self.read(id)
        if held is not None:
            current["task"] = held
            decision = reference.choose(held, self.me)
            time.sleep(0.05)  # asks somebody
            self.act(decision, id, current["task"])
        self.remember(id)

    reference.Decider.decide = decide  # type: ignore[method-assign]


@defect("vcloud", "Takes a second request for the same name to be the first one.", breaks="VCD-DEC-8")
def confuses_namesakes() -> None:
    names: set[str] = set()
    right = reference.choose

    def choose(held: reference.Held, me: str) -> str:
        if held.operation == "vdcInstantiateVapp" and held.owner in names:
            return "ignore"
        names.add(held.owner)
        return right(held, me)

    reference.choose = choose


@defect("vcloud", "Writes XML by hand, and escapes nothing.", breaks="VCD-DEC-9.1")
def escapes_nothing() -> None:
    right = reference.params

    def params(message: str, timeout: float | None = None) -> bytes:
        return right(message, timeout) if timeout is not None else _TEMPLATE.format(message).encode()

    reference.params = params


@defect("vcloud", "Writes UTF-8 on the body, and Latin-1 into it.", breaks="VCD-DEC-9.2")
def writes_another_encoding() -> None:
    right = reference.params

    def params(message: str, timeout: float | None = None) -> bytes:
        if timeout is not None:
            return right(message, timeout)
        return _TEMPLATE.format(escape(message)).encode("latin-1", "replace")

    reference.params = params


@defect("vcloud", "Fails names that do not fit into a column of its database.", breaks="VCD-DEC-9.3")
def has_no_room_for_long_names() -> None:
    right = reference.choose
    reference.choose = lambda held, me: "fail" if len(held.owner) > 100 else right(held, me)


@defect("vcloud", "Replaces its own request like that of a user.", breaks="VCD-DEC-10")
def replaces_what_it_asked_for() -> None:
    right = reference.choose
    reference.choose = lambda held, me: right(held, "")


@defect("vcloud", "Does not decide what it asked for itself.", breaks="VCD-DEC-10")
def blocks_itself() -> None:
    right = reference.choose
    reference.choose = lambda held, me: "ignore" if held.user == me else right(held, me)


@defect("vcloud", "Aborts what it should replace, and asks for nothing else.", breaks="VCD-DEC-10")
def replaces_by_nothing() -> None:
    reference.Decider.ask_anew = lambda self, held: None  # type: ignore[method-assign]


@defect("vcloud", "Knows of new vApps only.", breaks="VCD-DEC-11.1")
def handles_new_vapps_only() -> None:
    right = reference.choose
    new = ("vdcInstantiateVapp", "vdcComposeVapp")
    reference.choose = lambda held, me: right(held, me) if held.operation in new else "ignore"


@defect("vcloud", "Approves what is not its business.", breaks="VCD-DEC-11.2")
def approves_everything() -> None:
    reference.IGNORED = frozenset()
