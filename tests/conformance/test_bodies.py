"""The rules for the bodies of actions say what the published schemas say."""

from __future__ import annotations

import pytest

from gatepost.conformance.vcloud import Call, bodies
from gatepost.conformance.verdict import Broken
from gatepost.core.journal import Entry
from tests.support import schemas

VMEXT, VCLOUD = bodies.VMEXT, bodies.VCLOUD
DECISION, PROGRESS = bodies.DECISION, bodies.PROGRESS
XSI = bodies.SCHEMA_INSTANCE


def decision(content: str, attributes: str = "") -> str:
    return f'<{DECISION} xmlns="{VMEXT}" xmlns:v="{VCLOUD}" {attributes}>{content}</{DECISION}>'


def progress(content: str) -> str:
    return f'<{PROGRESS} xmlns="{VMEXT}">{content}</{PROGRESS}>'


MESSAGE = "<Message>Approved</Message>"
TIMEOUT = "<TimeoutValueInMilliseconds>1000</TimeoutValueInMilliseconds>"
VALID = {
    "default namespace": (DECISION, decision(MESSAGE)),
    "prefix": (DECISION, f'<x:{DECISION} xmlns:x="{VMEXT}"><x:Message>Yes</x:Message></x:{DECISION}>'),
    "blanks and comments": (DECISION, decision(f"\n  <!-- why -->\n  {MESSAGE}\n")),
    "empty message": (DECISION, decision("<Message/>")),
    "character data": (DECISION, decision("<Message><![CDATA[<&>]]></Message>")),
    "href": (DECISION, decision(MESSAGE, 'href="http://localhost/" type="text/xml"')),
    "schema location": (
        DECISION,
        decision(MESSAGE, f'xmlns:i="{XSI}" i:schemaLocation="{VMEXT} http://localhost/x.xsd"'),
    ),
    "link": (DECISION, decision(f'<v:Link rel="up" href="http://localhost/"/>{MESSAGE}')),
    "progress": (PROGRESS, progress(MESSAGE + TIMEOUT)),
    "progress without time-out": (PROGRESS, progress(MESSAGE)),
    "progress by type": (
        PROGRESS,
        decision(MESSAGE + TIMEOUT, f'xmlns:i="{XSI}" i:type="{PROGRESS}Type"'),
    ),
}
INVALID = {
    "no namespace": (DECISION, f"<{DECISION}>{MESSAGE}</{DECISION}>"),
    "other namespace": (DECISION, f'<{DECISION} xmlns="{VCLOUD}">{MESSAGE}</{DECISION}>'),
    "message in the other namespace": (DECISION, decision("<v:Message>Yes</v:Message>")),
    "message in no namespace": (DECISION, f'<x:{DECISION} xmlns:x="{VMEXT}">{MESSAGE}</x:{DECISION}>'),
    "no message": (DECISION, decision("")),
    "two messages": (DECISION, decision(MESSAGE * 2)),
    "element in the message": (DECISION, decision("<Message><b/></Message>")),
    "text beside": (DECISION, decision(f"Yes {MESSAGE}")),
    "unknown element": (DECISION, decision(f"{MESSAGE}<Approver>me</Approver>")),
    "unknown attribute": (DECISION, decision(MESSAGE, 'approver="me"')),
    "time-out of a decision": (DECISION, decision(MESSAGE + TIMEOUT)),
    "time-out before the message": (PROGRESS, progress(TIMEOUT + MESSAGE)),
    "time-out with a unit": (
        PROGRESS,
        progress(f"{MESSAGE}<{'TimeoutValueInMilliseconds'}>5s</TimeoutValueInMilliseconds>"),
    ),
    "time-out with a fraction": (
        PROGRESS,
        progress(f"{MESSAGE}<TimeoutValueInMilliseconds>1.5</TimeoutValueInMilliseconds>"),
    ),
    "time-out beyond long": (
        PROGRESS,
        progress(f"{MESSAGE}<TimeoutValueInMilliseconds>{2**63}</TimeoutValueInMilliseconds>"),
    ),
}


def call(body: str, content_type: str = "") -> Call:
    entry = Entry(
        "http.request", "in", "vcloud", 0.0, "POST", headers={"content-type": content_type}, body=body.encode()
    )
    return Call("resume", entry, None)


@pytest.mark.parametrize(("name", "body"), VALID.values(), ids=VALID)
def test_a_valid_body_is_borne(name: str, body: str) -> None:
    bodies.is_valid(call(body), name)
    if schemas.available():
        schemas.check(body.encode(), api_version="5.5")


@pytest.mark.parametrize(("name", "body"), INVALID.values(), ids=INVALID)
def test_an_invalid_body_breaks_the_rule(name: str, body: str) -> None:
    with pytest.raises(Broken):
        bodies.is_valid(call(body), name)
    if schemas.available():
        with pytest.raises(AssertionError):
            schemas.check(body.encode(), api_version="5.5")


@pytest.mark.parametrize("body", ["", "yes", "<a", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
def test_what_is_no_such_document_breaks_the_rule(body: str) -> None:
    with pytest.raises(Broken):
        bodies.is_valid(call(body), DECISION)


@pytest.mark.parametrize(
    "content_type",
    [bodies.MEDIA_TYPES[DECISION], bodies.MEDIA_TYPES[DECISION].lower() + ";version=5.5; charset=UTF-8"],
)
def test_letters_and_parameters_of_a_media_type_do_not_matter(content_type: str) -> None:
    bodies.has_media_type(call(decision(MESSAGE), content_type), DECISION)


@pytest.mark.parametrize("content_type", ["", "application/xml", bodies.MEDIA_TYPES[PROGRESS]])
def test_another_media_type_breaks_the_rule(content_type: str) -> None:
    with pytest.raises(Broken):
        bodies.has_media_type(call(decision(MESSAGE), content_type), DECISION)


@pytest.mark.parametrize("timeout", ["", "<TimeoutValueInMilliseconds>0</TimeoutValueInMilliseconds>"])
def test_a_time_out_must_be_there_and_positive(timeout: str) -> None:
    bodies.has_positive_timeout(call(progress(MESSAGE + TIMEOUT)))
    with pytest.raises(Broken):
        bodies.has_positive_timeout(call(progress(MESSAGE + timeout)))


@pytest.mark.parametrize("message", ["", "<Message/>", "<Message> … </Message>"])
def test_a_message_must_say_something(message: str) -> None:
    bodies.says_something(call(decision(MESSAGE)), DECISION)
    with pytest.raises(Broken):
        bodies.says_something(call(decision(message)), DECISION)
