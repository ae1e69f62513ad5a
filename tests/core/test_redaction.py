"""Credentials never reach the journal, however a body or header is written."""

from __future__ import annotations

import json
import time
from xml.sax.saxutils import escape

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from gatepost.core import redaction
from gatepost.core.redaction import REDACTED

STEADY = settings(deadline=None, derandomize=True, database=None)
"""The same verdict in every run, on any machine."""

SECRET = "hunter2-5ebe2294"
LARGE = 256 * 1024
"""Bytes: where the time for a body grows with its square, one of this size takes a minute."""


def kept(body: str | bytes) -> str:
    """What is left of a body, as text."""
    return redaction.body(body if isinstance(body, bytes) else body.encode()).decode("utf-8", "replace")


# Headers


SCHEMES = ("basic", "bearer", "digest", "negotiate", "oauth", "sign")


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-vcloud-authorization",
        "x-vmware-vcloud-access-token",
    ],
)
@STEADY
@given(value=st.text())
@example(SECRET)
@example(f"{SECRET} {SECRET}")
@example(f"hunter {SECRET}")
def test_of_a_credential_in_a_header_nothing_stays(name: str, value: str) -> None:
    assert redaction.is_secret_header(name)
    kept = redaction.header_value(name, value)
    # The word that names a scheme may stay.
    assert kept == REDACTED or kept.lower() in {
        f"{scheme} {REDACTED}".lower() for scheme in ("basic", "bearer", "sign")
    }
    assert redaction.header_value(name, f"Bearer {value}") == f"Bearer {REDACTED}"


@pytest.mark.parametrize("scheme", ["Basic", "Bearer", "bearer", "SIGN"])
def test_the_scheme_of_a_credential_stays(scheme: str) -> None:
    assert redaction.header_value("authorization", f"{scheme} {SECRET}") == f"{scheme} {REDACTED}"


def test_other_headers_stay() -> None:
    assert redaction.header_value("accept", "application/*+xml;version=5.5") == "application/*+xml;version=5.5"
    assert not redaction.is_secret_header("accept")


# XML


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("<a><Password>§</Password><b>c</b></a>", "<a><Password>[redacted]</Password><b>c</b></a>"),
        ("<vmext:AmqpPassword>§</vmext:AmqpPassword>", "<vmext:AmqpPassword>[redacted]</vmext:AmqpPassword>"),
        ("<ä:Password>§</ä:Password>", "<ä:Password>[redacted]</ä:Password>"),
        ("<PASSWORD>§</PASSWORD>", "<PASSWORD>[redacted]</PASSWORD>"),
        ("<pAsSwOrD>§</pAsSwOrD>", "<pAsSwOrD>[redacted]</pAsSwOrD>"),
        ("<ClientSecret>§</ClientSecret>", "<ClientSecret>[redacted]</ClientSecret>"),
        ("<Token>§</Token>", "<Token>[redacted]</Token>"),
        ("<Password\n>§</Password\t>", "<Password>[redacted]</Password\t>"),
        ('<Password type="§">§</Password>', "<Password>[redacted]</Password>"),
        ('<Password a="/>">§</Password>', "<Password>[redacted]</Password>"),
        ("<Password a='x>y'>§</Password>", "<Password>[redacted]</Password>"),
        ('<Password value="§"/><b/>', "<Password/><b/>"),
        ("<Password/><b>c</b>", "<Password/><b>c</b>"),
        ("<Password></Password>", "<Password>[redacted]</Password>"),
        ('<User password="§" name="x"/>', '<User password="[redacted]" name="x"/>'),
        ("<User Password = '§'/>", "<User Password = '[redacted]'/>"),
        ("<Password>§</Password><Password>§</Password>", "<Password>[redacted]</Password>" * 2),
        # What the content is made of:
        ("<Password><![CDATA[§</Password>§]]>§</Password>", "<Password>[redacted]</Password>"),
        ("<Password>§<!-- </Password> -->§</Password>", "<Password>[redacted]</Password>"),
        ("<Password>§<?x </Password> ?>§</Password>", "<Password>[redacted]</Password>"),
        ("<Password><b>§</b>§</Password>", "<Password>[redacted]</Password>"),
        ("<Password><Password>§</Password>§</Password>", "<Password>[redacted]</Password>"),
        ("<Password><Password/>§</Password>", "<Password>[redacted]</Password>"),
        ("<Password><PasswordX>§</PasswordX>§</Password>", "<Password>[redacted]</Password>"),
        ("<Password>&#104;&amp;§</Password>", "<Password>[redacted]</Password>"),
        # Where it stands:
        ("<!-- <Password>§</Password> --><b/>", "<!-- <Password>[redacted]</Password> --><b/>"),
        ("<![CDATA[<Password>§</Password>]]>", "<![CDATA[<Password>[redacted]</Password>]]>"),
        # Cut off or broken, everything to the end goes:
        ("<a><Password>§", "<a><Password>[redacted]"),
        ("<a><Password>§</Passw", "<a><Password>[redacted]"),
        ("<Password><![CDATA[§</Password>§", "<Password>[redacted]"),
        ("<Password>§<!-- </Password> §", "<Password>[redacted]"),
        ("<Password>§</Passwort>§", "<Password>[redacted]"),
        ('<Password value="§', "<Password>[redacted]"),
        ('<User password="§', '<User password="[redacted]'),
        ("<Password>§<Password>§</Password>§", "<Password>[redacted]"),
    ],
)
def test_what_stands_in_a_secret_element_goes(body: str, wanted: str) -> None:
    assert kept(body.replace("§", SECRET)) == wanted


@pytest.mark.parametrize(
    "body",
    [
        b"<a><b>c</b></a>",
        b"<PasswordLength>12</PasswordLength>",
        b"<TokenExpiry>12</TokenExpiry>",
        b"<Description>forgot my password, no secret</Description>",
        b"\xff\x00\x01 nothing that anybody could read, but a Token",
        b"",
    ],
)
def test_all_else_stays_as_it_came(body: bytes) -> None:
    assert redaction.body(body) is body


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "latin-1"]
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)


@st.composite
def passwords(draw: st.DrawFn) -> tuple[str, str]:
    """A document with a password in it that an XML parser can read, and what the parser would find."""
    prefix = draw(st.sampled_from(["", "vmext:", "x-1.y:"]))
    name = (
        prefix
        + draw(st.sampled_from(["", "Amqp", "Ldap_"]))
        + draw(st.sampled_from(["Password", "password", "PASSWORD", "Secret", "Token"]))
    )
    parts = draw(
        st.lists(
            st.sampled_from(
                [
                    escape(SECRET),
                    "".join(f"&#{ord(letter)};" for letter in SECRET),
                    f"<![CDATA[{SECRET}]]>",
                    f"<b>{SECRET}</b>",
                    f"<!-- </{name}> -->{SECRET}",
                    f"<![CDATA[</{name}>{SECRET}]]>",
                    f"<{name} a='/>'>{SECRET}</{name}>",
                    f"<{name}/>",
                    f"<?pi </{name}>{SECRET}?>",
                    " \n",
                ]
            ),
            min_size=1,
            max_size=4,
        )
    )
    attributes = draw(st.sampled_from(["", ' a="1"', f' value="{SECRET}"', " a='>'", ' a="/>"', "\n\tb = '--' "]))
    before = draw(
        st.sampled_from(
            ["", "<!-- <Password> -->", "<a><![CDATA[<Password>]]></a>", "<a b='&lt;Password>'/>", "<Password/>", "<c>"]
        )
    ).replace("<c>", f"<c>{escape(draw(WORDS))}</c>")
    content = before + f"<{name}{attributes}>{''.join(parts)}</{name}>" + draw(st.sampled_from(["", "<d/>", "\n"]))
    namespaces = 'xmlns="urn:a" xmlns:vmext="urn:b" xmlns:x-1.y="urn:c"'
    return f"<root {namespaces}>{content}</root>", name


@STEADY
@given(passwords(), st.sampled_from(ENCODINGS), st.booleans(), st.integers(0, 40))
def test_a_secret_in_a_password_element_never_stays(
    made: tuple[str, str], encoding: str, declared: bool, cut: int
) -> None:
    document, _ = made
    try:
        body = document.encode(encoding)
    except UnicodeEncodeError:
        assume(False)
    if declared:
        name = encoding.removesuffix("-sig").removesuffix("-le").removesuffix("-be")
        body = f'<?xml version="1.0" encoding="{name}"?>{document}'.encode(encoding)
    left = redaction.body(body[: len(body) - cut])
    for view in ("utf-8", "utf-16", "utf-16-be", "utf-32", "utf-32-be"):
        assert SECRET not in left.decode(view, "replace")
        assert SECRET[2:-2] not in left.decode(view, "replace")


@STEADY
@given(passwords())
def test_a_document_stays_well_formed(made: tuple[str, str]) -> None:
    document, _ = made
    # An element that begins in a comment or in CDATA is taken for one: then the rest goes, and is not well-formed.
    assume("<!-- <Password>" not in document and "[<Password>]" not in document)
    etree.fromstring(document.encode())
    etree.fromstring(redaction.body(document.encode()))


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("UTF-7", f"<a>+ADw-Password+AD4-{SECRET}+ADw-/Password+AD4-</a>"),
        ("ISO-2022-JP", f"<a><Pass\x1b(Bword>{SECRET}</Pass\x1b(Bword></a>"),
        ("HZ", f"<a><Pass~\nword>{SECRET}</Pass~\nword></a>"),
        ("UTF-16", f"<a><Password>{SECRET}</Password></a>"),
        ("UCS-4", f"<a><Password>{SECRET}</Password></a>"),
    ],
)
def test_no_declared_encoding_hides_a_secret(encoding: str, body: str) -> None:
    assert SECRET not in kept(f'<?xml version="1.0" encoding="{encoding}"?>{body}')


def test_no_way_to_write_the_declaration_hides_a_secret() -> None:
    hidden = f"<a>+ADw-Password+AD4-{SECRET}+ADw-/Password+AD4-</a>"
    for declaration in (
        "<?xml version='1.0'" + " " * 1_000 + "encoding = 'utf-7' ?>",
        '\ufeff<?xml encoding="utf-7"?>',
    ):
        assert SECRET not in kept(declaration + hidden)


def test_a_body_that_cannot_be_searched_is_withheld() -> None:
    left = kept(f'<?xml version="1.0" encoding="ARMSCII-8"?><a><b>{SECRET}</b></a>')
    assert SECRET not in left
    assert "ARMSCII-8" in left


# JSON and forms


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('{"password": "§", "user": "x"}', '{"password": "[redacted]", "user": "x"}'),
        ('{"accessToken":"§"}', '{"accessToken":"[redacted]"}'),
        ('{"PASSWORD" : "§"}', '{"PASSWORD" : "[redacted]"}'),
        ('{"a": [{"client-secret": "§"}]}', '{"a": [{"client-secret": "[redacted]"}]}'),
        ('{"password": "x\\"§", "a": 1}', '{"password": "[redacted]", "a": 1}'),
        ('{"password": ["§", {"a": "§"}], "b": 1}', '{"password": "[redacted]", "b": 1}'),
        ('{"password": {"a": "§"}, "b": 1}', '{"password": "[redacted]", "b": 1}'),
        ('{"password": 4711, "b": 1}', '{"password": "[redacted]", "b": 1}'),
        ('{"\\u0070assword": "§"}', '{"password": "[redacted]"}'),
        ('{"password": "§', '{"password": "[redacted]"'),
        ('{"password": §}', '{"password": "[redacted]"'),
        ('{"password": ' + "[" * 5_000 + '"§"', '{"password": "[redacted]"'),
        ("grant_type=x&refresh_token=§&a=b", "grant_type=x&refresh_token=[redacted]&a=b"),
        ("password=§", "password=[redacted]"),
    ],
)
def test_what_stands_in_a_secret_member_goes(body: str, wanted: str) -> None:
    assert kept(body.replace("§", SECRET)) == wanted


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.text() | st.just(SECRET),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@STEADY
@given(JSON_VALUES, st.sampled_from(["password", "Token", "client_secret"]), st.booleans(), st.booleans())
def test_a_secret_in_a_json_member_never_stays(value: object, name: str, ascii_only: bool, escaped: bool) -> None:
    text = json.dumps({"before": 1, name: [value, SECRET], "after": [2]}, ensure_ascii=ascii_only)
    if escaped:
        text = text.replace(name, "".join(f"\\u{ord(letter):04x}" for letter in name))
    try:
        body = text.encode()
    except UnicodeEncodeError:
        assume(False)
    left = redaction.body(body).decode()
    assert SECRET not in left
    assert json.loads(left) == {"before": 1, name: REDACTED, "after": [2]}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", ""),
        ("type=vApp&format=records", "type=vApp&format=records"),
        ("a=1&access_token=§&b=2", "a=1&access_token=[redacted]&b=2"),
        ("Password=§", "Password=[redacted]"),
        ("pass%77ord=§", "pass%77ord=[redacted]"),
        ("password", "password"),
    ],
)
def test_a_query_keeps_no_secret(query: str, wanted: str) -> None:
    assert redaction.query(query.replace("§", SECRET)) == wanted


# Anything at all


@STEADY
@given(
    st.binary()
    | st.lists(st.sampled_from([b"<Password", b">", b"</Password>", b"<!--", b'"', b"'", b"="])).map(b"".join)
)
def test_no_body_is_too_strange(body: bytes) -> None:
    redaction.body(body)


@pytest.mark.parametrize(
    "piece",
    [
        b"<Password",
        b"<Password ",
        b'<Password "',
        b"<Password>",
        b"<Password></Password",
        b"<Password/>",
        b"<a:",
        b"<passwordx",
        b"password",
        b"password ",
        b"password=",
        b'password="',
        b'"password',
        b'"password":',
        b'"password":[',
        b'"password" ',
        b"\\u0070assword",
        b"<!--<Password>",
        b"<![CDATA[<Password>",
        b"<Password><!--",
        b"'\"<Password>\"'",
        b"&password=x",
        b"<?xml  encoding",
        b'<?xml version="1.0" encoding="utf-16"',
    ],
)
def test_no_body_takes_long(piece: bytes) -> None:
    body = piece * (LARGE // len(piece))
    began = time.thread_time()
    redaction.body(body)
    assert time.thread_time() - began < 10
