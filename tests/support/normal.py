"""What a document says, without all that varies: two that say the same are equal here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from lxml import etree

from tests.support.schemas import VCLOUD, VMEXT, parse

UNKNOWN = "http://example.com/schema/unknown"
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_EXTENSION = f"{{{VCLOUD}}}VCloudExtension"
_UNORDERED = frozenset({f"{{{VCLOUD}}}Link", f"{{{VMEXT}}}Link", f"{{{VMEXT}}}EntityLink", "link"})
_WORD = re.compile(r"/api/~[0-9a-f]{12}/")

Text = Callable[[str], str]


def same(text: str) -> str:
    return text


def moved(varied: str, plain: str) -> Text:
    """Undoes another root, and hrefs that cannot be guessed."""
    return lambda text: _WORD.sub("/api/", text.replace(varied, plain) if varied else text)


def xml(document: bytes, text: Text = same) -> Any:
    """A vCloud document. Raises AssertionError for one that cannot be parsed."""
    return _element(parse(document), text)


def _element(element: etree._Element, text: Text) -> Any:
    attributes = {
        key: _qualified(value, element) if key == _XSI_TYPE else text(value)
        for key, value in element.attrib.items()
        if not key.startswith(f"{{{UNKNOWN}}}")
    }
    children = [child for child in element if child.tag != _EXTENSION and not _is_unknown(child)]
    shown = [_element(child, text) for child in children]
    unordered = sorted((one for one in shown if one[0] in _UNORDERED), key=repr)
    views = [one for one in shown if ("rel", "alternate") in one[1]]
    rest = [one for one in shown if one[0] not in _UNORDERED]
    mixed = "".join(filter(None, [element.text, *(child.tail for child in element)]))
    return (
        element.tag,
        tuple(sorted(attributes.items())),
        text(mixed.strip() if len(element) else mixed),
        unordered,
        views,
        rest,
    )


def _is_unknown(link: etree._Element) -> bool:
    """Links that are added lead to a document that all may read, which no link of the cloud's own leads to."""
    return (
        link.tag in _UNORDERED and link.get("href", "").endswith(("/api/versions", "login")) and bool(link.get("rel"))
    )


def _qualified(value: str, element: etree._Element) -> str:
    prefix, _, local = value.rpartition(":")
    return f"{{{element.nsmap.get(prefix or None)}}}{local}"


def abiquo(body: bytes, text: Text = same) -> Any:
    """A JSON document of Abiquo's."""
    return _value(json.loads(body), text)


def _value(value: Any, text: Text) -> Any:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return [_value(one, text) for one in value]
    if not isinstance(value, dict):
        return value
    told = {name: _value(one, text) for name, one in value.items()}
    if isinstance(told.get("links"), list):
        own = [link for link in told["links"] if not link["href"].endswith("login")]
        told["links"] = sorted(own, key=lambda link: link["rel"])  # stable: of one relation each keeps its place
    return told
