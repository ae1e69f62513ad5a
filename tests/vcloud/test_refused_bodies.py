"""Bodies that are not what they should be, and those that only look so and are taken all the same."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from gatepost import Gatepost
from gatepost.app import create_app
from tests.support.bodies import ADMIN, INSTANTIATE, PLACES, PROGRESS, WITHOUT_BODY, Place
from tests.support.client import OPERATION_PARAMS, UPDATE_PROGRESS_PARAMS, VcloudClient
from tests.support.house import SETTINGS, House
from tests.support.refusals import FORBIDDEN, NOWHERE, no_access, refused
from tests.support.schemas import VCLOUD, VMEXT
from tests.support.tenant import the

Connect = Callable[..., VcloudClient]

LIMIT = 1024 * 1024


everywhere = pytest.mark.parametrize("place", PLACES, ids=[f"{one.method} {one.path}" for one in PLACES])


def test_every_route_that_takes_a_body_is_here(house: House) -> None:
    """Whatever is a POST or PUT and refuses nonsense as such must stand in the table above."""
    refusing = set()
    for rule in create_app().url_map.iter_rules():
        method = next(iter({"POST", "PUT"} & (rule.methods or set())), None)
        if not rule.endpoint.startswith("vcloud.") or method is None:
            continue
        things = (house.catalog, house.catalog_item, house.template, house.vim_server, house.media, house.disk)
        rights = (house.org, house.role, *house.parts.values())
        for id in (house.hold, house.vdc, house.off, house.off_vm, house.off_task, *things, *rights):
            reply = house.admin.request(method, rule.rule.replace("<id>", id.rpartition("/")[2]), "nonsense")
            if reply.status == 400 and "not well-formed XML" in reply.body.decode():
                refusing.add((method, rule.rule.rpartition("<id>")[2]))
    assert refusing == {(place.method, place.path.rpartition("}")[2]) for place in PLACES}


# --- what is no XML, or not the right one ----------------------------------------------------------------------------

MALFORMED = [
    b" ",
    b"\n\r\t ",
    b"nonsense",
    b"{}",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\x1f\x8b\x08\x00",
    b"<",
    b"<a>",
    b"<a></b>",
    b"<a/><b/>",
    b"<a b=c/>",
    b'<a b="1" b="2"/>',
    b"<a>&nbsp;</a>",
    b"<a>&#0;</a>",
    b"<a>&#xFFFE;</a>",
    b"<a>\x01</a>",
    b"<a>\xff</a>",
    b"<a>\xc0\x80</a>",
    b"<p:a/>",
    b'<a xmlns:p=""/>',
    b'<a xmlns="}"/>',
    b"<?xml version='1.0' encoding='nothing'?><a/>",
    b"<?xml version='1.0' encoding='utf-16'?><\x00",
    b"<!-- only a comment -->",
    b"<![CDATA[x]]>",
    b"<a>" * 100_000,
    b"<a" + b" " * 100_000,
    ("<a>" * 2_000 + "</a>" * 2_000).encode(),
]


@everywhere
def test_what_is_not_well_formed(house: House, place: Place) -> None:
    with house.unchanged():
        for body in MALFORMED:
            refused(place.request(house, body), 400)


@everywhere
def test_the_wrong_root(house: House, place: Place) -> None:
    other = VCLOUD if place.namespace == VMEXT else VMEXT
    wrong = [
        f'<Wrong xmlns="{place.namespace}"/>',
        f'<{place.root.lower()} xmlns="{place.namespace}"/>',
        f"<{place.root}/>",
        f'<{place.root} xmlns="http://www.example.com/{place.root}"/>',
        f'<x xmlns="{place.namespace}">{place.body(house)}</x>',
        "<\u00e9/>",
        "<\U00010000/>",
    ]
    if place.root != "BlockingTaskOperations":  # the documents disagree about that one, so both are taken
        wrong.append(f'<{place.root} xmlns="{other}">{place.inside.format(**vars(house))}</{place.root}>')
    with house.unchanged():
        for body in wrong:
            refused(place.request(house, body), 400)


@everywhere
def test_no_body(house: House, place: Place) -> None:
    if place not in WITHOUT_BODY:
        with house.unchanged():
            refused(place.request(house, b""), 400)


# --- DTDs and entities -----------------------------------------------------------------------------------------------


class Canary(NamedTuple):
    """What nobody may read or call: a file with a secret in it, and a listener that counts who comes."""

    file: Path
    port: int
    callers: list[object]


SONG = "a-secret-that-must-not-leave-the-file"


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canary]:
    file = tmp_path_factory.mktemp("canary") / "song.txt"
    file.write_text(SONG)
    with socket.create_server(("127.0.0.1", 0)) as listener, _counting(listener) as callers:
        yield Canary(file, listener.getsockname()[1], callers)


@contextmanager
def _counting(listener: socket.socket) -> Iterator[list[object]]:
    callers: list[object] = []

    def listen() -> None:
        while True:
            connection, address = listener.accept()
            with connection:
                if connection.recv(16) == b"stop":
                    return
                callers.append(address)

    thread = threading.Thread(target=listen)
    thread.start()
    yield callers
    with socket.create_connection(listener.getsockname()) as connection:
        connection.sendall(b"stop")
    thread.join()


def evil_prologs(canary: Canary) -> list[tuple[str, str]]:
    """What stands before the root, and inside it."""
    file, http = canary.file.as_uri(), f"http://127.0.0.1:{canary.port}/x"
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    return [
        ("<!DOCTYPE x>", ""),
        (f'<!DOCTYPE x SYSTEM "{file}">', ""),
        (f'<!DOCTYPE x SYSTEM "{http}">', ""),
        (f'<!DOCTYPE x PUBLIC "-//X//Y" "{http}">', ""),
        ('<!DOCTYPE x [<!ENTITY e "text">]>', "<Message>&e;</Message>"),
        (f'<!DOCTYPE x [<!ENTITY e SYSTEM "{file}">]>', "<Message>&e;</Message>"),
        (f'<!DOCTYPE x [<!ENTITY e SYSTEM "{http}">]>', "<Message>&e;</Message>"),
        (f'<!DOCTYPE x [<!ENTITY e SYSTEM "{canary.file}">]>', "<Message>&e;</Message>"),
        (f'<!DOCTYPE x [<!ENTITY % e SYSTEM "{http}">%e;]>', ""),
        (f'<!DOCTYPE x [<!ENTITY % e SYSTEM "{file}">%e;]>', ""),
        (f'<!DOCTYPE x [<!NOTATION n SYSTEM "{http}"><!ENTITY e SYSTEM "{http}" NDATA n>]>', ""),
        ("<!DOCTYPE x [<!ATTLIST BlockingTaskOperationParams a CDATA 'b'>]>", ""),
        (f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>', "<Message>&l11;</Message>"),
        (f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>', "<Message a='&l11;'/>"),
        ('<!DOCTYPE x [<!ENTITY a "&b;"><!ENTITY b "&a;">]>', "<Message>&a;</Message>"),
        (f'<!DOCTYPE x [<!ENTITY q "{"x" * 50_000}">]>', f"<Message>{'&q;' * 5_000}</Message>"),
    ]


@everywhere
def test_a_document_type_declaration(house: House, canary: Canary, place: Place) -> None:
    with house.unchanged():
        for prolog, inside in evil_prologs(canary):
            reply = place.request(house, place.body(house, prolog, inside))
            assert SONG not in refused(reply, 400), prolog
    assert canary.callers == []


def test_nothing_that_points_elsewhere_is_followed(house: House, canary: Canary) -> None:
    http = f"http://127.0.0.1:{canary.port}"
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{canary.file.as_uri()}" parse="text"/>'
    document = (
        f'<?xml-stylesheet href="{http}"?><BlockingTaskUpdateProgressParams xmlns="{VMEXT}" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="{VMEXT} {http}">'
        f"<Message>{include}</Message></BlockingTaskUpdateProgressParams>"
    )
    assert PROGRESS.request(house, document).status == 200
    assert SONG not in house.admin.get(house.held_task).body.decode()
    source = INSTANTIATE.body(house).replace(house.template, f"{http}/vappTemplate-{NOWHERE}")
    reply = INSTANTIATE.request(house, source.replace(" xmlns", ' name="x" xmlns', 1))
    refused(reply, 403, FORBIDDEN, no_access("vapptemplate"))
    assert canary.callers == []


# --- size and encoding -----------------------------------------------------------------------------------------------


def chunks(size: int) -> Iterator[bytes]:
    for start in range(0, size, 65_536):
        yield b"a" * min(65_536, size - start)


@pytest.mark.parametrize("size", [LIMIT + 1, 4 * LIMIT])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit(house: House, size: int, chunked: bool) -> None:
    paths = [("POST", house.hold + "/action/resume"), ("POST", "/api/nowhere"), ("DELETE", house.off)]
    with house.unchanged():
        for method, path in paths:
            body = chunks(size) if chunked else b"a" * size
            refused(house.admin.request(method, path, body, "application/xml"), 413, "REQUEST_ENTITY_TOO_LARGE")


def test_a_body_at_the_limit_is_read(house: House) -> None:
    whole = PROGRESS.body(house, "<!--" + "x" * (LIMIT - 7 - len(PROGRESS.body(house))) + "-->")
    assert len(whole) == LIMIT
    assert PROGRESS.request(house, whole).status == 200


@pytest.mark.parametrize(
    ("content_type", "encoding", "declaration"),
    [
        (UPDATE_PROGRESS_PARAMS, "utf-8", ""),
        (UPDATE_PROGRESS_PARAMS, "utf-8-sig", ""),
        (UPDATE_PROGRESS_PARAMS, "utf-16", ""),
        (UPDATE_PROGRESS_PARAMS, "utf-16", '<?xml version="1.0" encoding="UTF-16"?>'),
        (UPDATE_PROGRESS_PARAMS, "iso-8859-1", '<?xml version="1.0" encoding="ISO-8859-1"?>'),
        (UPDATE_PROGRESS_PARAMS + "; charset=ISO-8859-1", "iso-8859-1", ""),
        (UPDATE_PROGRESS_PARAMS + ';charset="iso-8859-1"', "iso-8859-1", ""),
        (UPDATE_PROGRESS_PARAMS + "; version=5.5; Charset=ISO-8859-1; x=y", "iso-8859-1", ""),
        (UPDATE_PROGRESS_PARAMS + "; charset=windows-1252", "windows-1252", ""),
        (UPDATE_PROGRESS_PARAMS + "; charset=utf-8", "utf-8", ""),
        (UPDATE_PROGRESS_PARAMS + "; charset=nothing", "utf-8", ""),
        (UPDATE_PROGRESS_PARAMS + "; charset=", "utf-8", ""),
    ],
)
def test_encodings(house: House, content_type: str, encoding: str, declaration: str) -> None:
    message = "Zurückgestellt, à bientôt"
    document = PROGRESS.body(house, declaration).replace("<Message>x", f"<Message>{message}")
    assert PROGRESS.request(house, document.encode(encoding), content_type).status == 200
    assert the(house.alice.get(house.held_task).xml, "Details").text == message


@pytest.mark.parametrize(
    "charset", ["", "; charset=nothing", "; charset=utf-8", "; charset=utf-16", "; charset=" + "x" * 3_000]
)
def test_an_encoding_that_cannot_be_told(house: House, charset: str) -> None:
    document = PROGRESS.body(house).replace("x", "\u00fc").encode("iso-8859-1")
    with house.unchanged():
        refused(PROGRESS.request(house, document, UPDATE_PROGRESS_PARAMS + charset), 400)


# --- media types -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        UPDATE_PROGRESS_PARAMS,
        UPDATE_PROGRESS_PARAMS.lower(),
        UPDATE_PROGRESS_PARAMS.upper(),
        UPDATE_PROGRESS_PARAMS + ";version=5.5",
        UPDATE_PROGRESS_PARAMS + "; charset=UTF-8",
        OPERATION_PARAMS,
        "application/vnd.vmware.admin.extensionSettings+xml",
        "application/xml",
        "text/xml",
        "Text/XML; charset=utf-8",
        "application/*+xml",
        "application/*+xml;version=5.5",
        "nonsense",
        ";",
    ],
)
def test_media_types_that_are_taken(house: House, content_type: str | None) -> None:
    assert PROGRESS.request(house, PROGRESS.body(house), content_type).status == 200


FOREIGN = [
    "application/json",
    "APPLICATION/JSON; charset=utf-8",
    "application/vnd.vmware.vcloud.task+json",
    "text/html",
    "text/plain",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
    "image/png",
]


@everywhere
def test_media_types_that_are_foreign(house: House, place: Place) -> None:
    with house.unchanged():
        for content_type in FOREIGN:
            reply = place.request(house, place.body(house), content_type)
            refused(reply, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_foreign_media_type_may_be_allowed(cloud: Gatepost, connect: Connect) -> None:
    cloud.settings.update({"http.foreign_content_type": "accept"})
    body = (
        f'<NotificationsSettings xmlns="{VMEXT}"><EnableNotifications>1</EnableNotifications></NotificationsSettings>'
    )
    reply = connect(cloud, ADMIN).put(SETTINGS + "/notifications", body, "application/json")
    assert reply.status == 200


def test_a_charset_that_hides_ascii_is_not_read(cloud: Gatepost, connect: Callable[..., VcloudClient]) -> None:
    """The journal could not find a password in it."""
    admin = connect(cloud, "administrator@System")
    body = "<NotificationsSettings/>".encode("utf-7").replace(b"<", b"+ADw-").replace(b">", b"+AD4-")
    reply = admin.put("/api/admin/extension/settings/notifications", body, "application/xml;charset=utf-7")
    assert (reply.status, "not well-formed" in reply.xml.get("message", "")) == (400, True)
