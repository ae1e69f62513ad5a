"""XML in and out: built and parsed with lxml, nothing expanded, nothing fetched."""

from __future__ import annotations

import ipaddress
import re
import threading

from lxml import etree

from gatepost.core.errors import InvalidValue
from gatepost.vcloud.names import V, X

Element = etree._Element
Attribute = str | int | None

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'

TEXT_LIMIT = 32_768
"""Characters of a message or description."""

NAME_LIMIT = 128
"""Characters of an object's name."""

_LONG = re.compile(r"\s*[+-]?\d{1,19}\s*", re.ASCII)
_PLAIN = re.compile(r"[^&<>\"\t\n\r]*")
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)
# Those in which ASCII looks like ASCII: in others a password could hide from the redaction of the journal.
_CHARSETS = frozenset({"utf-8", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "latin1", "windows-1252"})
_parsers = threading.local()


class Malformed(InvalidValue):
    """A document that is not well-formed, not allowed, or not the one that was expected."""


def root(tag: str, nsmap: dict[str | None, str], **attributes: Attribute) -> Element:
    """A document's root. Attributes keep their order; None leaves one out."""
    return etree.Element(tag, _texts(attributes), nsmap=nsmap)


def sub(parent: Element, tag: str, text: str | None = None, /, **attributes: Attribute) -> Element:
    child = etree.SubElement(parent, tag, _texts(attributes))
    if text is not None:
        child.text = text
    return child


def serialize(element: Element) -> bytes:
    return DECLARATION + etree.tostring(element, encoding="UTF-8")


def serialize_with(element: Element, more: list[str]) -> bytes:
    """As `serialize`, with further children at the end, written already; the element has some of its own."""
    head, end, name = etree.tostring(element, encoding="UTF-8").rpartition(b"</")
    return b"".join((DECLARATION, head, "".join(more).encode(), end, name))


def inner(element: Element) -> str:
    """The children, written."""
    return "".join(etree.tostring(child, encoding="unicode") for child in element)


def attribute(value: str) -> str:
    """The text of an attribute between double quotes, spelt as lxml spells it."""
    return value if _PLAIN.fullmatch(value) is not None else value.translate(_ESCAPES)


def parse(body: bytes, charset: str = "") -> Element:
    """The root of a request body. Raises Malformed for anything that is not plain XML without a DTD.

    `charset` is what Content-Type says; it counts where the document itself says nothing legible.
    """
    if not body.strip():
        raise Malformed("The request body is empty; an XML document is expected.")
    try:
        document = etree.fromstring(body, _parser())
    except etree.XMLSyntaxError as error:
        document = _in_charset(body, charset, error)
    docinfo = document.getroottree().docinfo
    if docinfo.doctype or docinfo.internalDTD is not None:
        raise Malformed("The request body has a document type declaration, which is not allowed.")
    return document


def expect(document: Element, *tags: str) -> None:
    """Raises Malformed unless the document's root is one of these."""
    if document.tag not in tags:
        wanted = " or ".join(etree.QName(tag).localname for tag in tags)
        got = etree.QName(document)
        raise Malformed(f"{wanted} in namespace {etree.QName(tags[0]).namespace} is expected, not {got.localname}.")


def child(parent: Element, name: str) -> Element | None:
    """The first child of that local name in one of the two vCloud namespaces, which clients mix up freely."""
    return next(parent.iterchildren(V + name, X + name), None)


def children(parent: Element, name: str) -> list[Element]:
    return list(parent.iterchildren(V + name, X + name))


def text_of(parent: Element, name: str, limit: int = TEXT_LIMIT) -> str | None:
    """The text of a child; None where there is no such child. Raises Malformed beyond the limit."""
    element = child(parent, name)
    if element is None:
        return None
    text = "".join(element.itertext())
    if len(text) > limit:
        raise invalid(name, f"more than {limit} characters")
    return text


def boolean(text: str | None, field: str, default: bool) -> bool:
    """xs:boolean. Raises Malformed."""
    if text is None:
        return default
    match text.strip():
        case "true" | "1":
            return True
        case "false" | "0":
            return False
    raise invalid(field, "true or false is expected")


def long(text: str, field: str) -> int:
    """xs:long. Raises Malformed."""
    if _LONG.fullmatch(text) is None or not -(2**63) <= int(text) < 2**63:
        raise invalid(field, "a whole number is expected")
    return int(text)


def ip_address(text: str | None, field: str) -> str | None:
    """An IP address in its usual spelling; None where there is none. Raises Malformed."""
    if text is None or not text.strip():
        return None
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        raise invalid(field, "an IP address is expected") from None


def name_of(document: Element) -> str:
    """The attribute `name` that a new object must have. Raises Malformed."""
    name = document.get("name", "")
    if not name.strip() or len(name) > NAME_LIMIT:
        raise invalid("name", f"1 to {NAME_LIMIT} characters are expected")
    return name


def invalid(field: str, why: str) -> Malformed:
    return Malformed(f"validation error on field '{field}': {why}")


def _in_charset(body: bytes, charset: str, error: etree.XMLSyntaxError) -> Element:
    if charset in _CHARSETS:
        try:
            return etree.fromstring(body, _new_parser(charset))
        except (etree.XMLSyntaxError, LookupError):
            pass
    raise Malformed(f"The request body is not well-formed XML: {error.msg}")


def _parser() -> etree.XMLParser:
    # A parser takes a lock of its own while it works; one for each thread never waits.
    parser: etree.XMLParser | None = getattr(_parsers, "parser", None)
    if parser is None:
        parser = _parsers.parser = _new_parser(None)
    return parser


def _new_parser(encoding: str | None) -> etree.XMLParser:
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _texts(attributes: dict[str, Attribute]) -> dict[str, str]:
    for value in attributes.values():
        if type(value) is not str:
            return {name: str(value) for name, value in attributes.items() if value is not None}
    return attributes  # type: ignore[return-value]  # as just seen
