"""Request bodies: JSON or XML, both read into one shape. Every complaint names the field."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from gatepost.abiquo.errors import bad_request, invalid, missing
from gatepost.abiquo.negotiation import Format
from gatepost.core.text import is_text

MOST_CHARACTERS = 4_096
"""In one text of a body."""

_LARGEST = 2**53 - 1
_TRUE, _FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})
_parsers = threading.local()


@dataclass(frozen=True, slots=True)
class Body:
    """An object that a client sent. Fields are texts, numbers, booleans, objects, lists or None."""

    fields: Mapping[str, Any]
    where: str = ""

    def __contains__(self, name: str) -> bool:
        return self.fields.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        """Raises ApiError (400)."""
        value = self.fields.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise invalid(self.where + name, "a text is expected")
        text = str(value)
        if len(text) > MOST_CHARACTERS:
            raise invalid(self.where + name, f"it has more than {MOST_CHARACTERS} characters")
        if not is_text(text):
            raise invalid(self.where + name, "it holds a character that XML does not allow")
        return text

    def required(self, name: str, most: int = 255) -> str:
        """A text that must be there and not be blank. Raises ApiError (400)."""
        text = self.text(name)
        if not text.strip():
            raise missing(self.where + name)
        if len(text) > most:
            raise invalid(self.where + name, f"it has more than {most} characters")
        return text

    def boolean(self, name: str, default: bool = False) -> bool:
        """Raises ApiError (400)."""
        value = self.fields.get(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.strip().lower() in _TRUE | _FALSE:
            return value.strip().lower() in _TRUE
        raise invalid(self.where + name, "true or false is expected")

    def number(self, name: str, default: int, least: int = 0) -> int:
        """A whole number of at least `least`. Raises ApiError (400)."""
        value = self.fields.get(name)
        if value is None:
            return default
        if isinstance(value, str) and value.isascii() and value.lstrip("-").isdecimal() and len(value) < 20:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _LARGEST:
            raise invalid(self.where + name, f"a whole number of at least {least} is expected")
        return value

    def hrefs(self, rel: str) -> list[str]:
        """Where the links of that relation lead. Raises ApiError (400)."""
        found = []
        for link in self._list("links"):
            if not isinstance(link, Mapping):
                raise invalid(self.where + "links", "objects with rel and href are expected")
            if link.get("rel") == rel:
                href = link.get("href")
                if not isinstance(href, str) or not href or len(href) > MOST_CHARACTERS:
                    raise invalid(self.where + "links", f"the link {rel} needs a href")
                found.append(href)
        return found

    def href(self, rel: str) -> str | None:
        """The one link of that relation. Raises ApiError (400)."""
        found = self.hrefs(rel)
        if len(found) > 1:
            raise invalid(self.where + "links", f"one link {rel} is expected")
        return found[0] if found else None

    def items(self, name: str = "collection") -> list[Body]:
        """The objects of a list. Raises ApiError (400)."""
        value = self.fields.get(name)
        if isinstance(value, Mapping) and "collection" in value:
            value = value["collection"]
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            raise invalid(self.where + name, "a list of objects is expected")
        return [Body(item, f"{self.where}{name}[{number}].") for number, item in enumerate(value)]

    def _list(self, name: str) -> list[Any]:
        value = self.fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise invalid(self.where + name, "a list is expected")
        return value


def read(content: bytes, format: Format | None, root: str) -> Body:
    """The object in a body; `root` is the name of its element in XML. Raises ApiError (400)."""
    if not content.strip():
        raise bad_request("The request body is empty; a document is expected")
    if format is None:
        format = "xml" if content.lstrip()[:1] == b"<" else "json"
    return _json(content) if format == "json" else _xml(content, root)


def _json(content: bytes) -> Body:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise bad_request("The request body is not well-formed JSON") from None
    if not isinstance(value, dict):
        raise bad_request("The request body must be a JSON object")
    return Body(value)


def _xml(content: bytes, root: str) -> Body:
    try:
        document = etree.fromstring(content, _parser())
    except (etree.XMLSyntaxError, ValueError, LookupError):
        raise bad_request("The request body is not well-formed XML") from None
    docinfo = document.getroottree().docinfo
    if docinfo.doctype or docinfo.internalDTD is not None:
        raise bad_request("The request body has a document type declaration, which is not allowed")
    if etree.QName(document).localname != root:
        raise bad_request(f"The element '{root}' is expected")
    return Body(_element(document, 0))


def _element(element: etree._Element, depth: int) -> dict[str, Any]:
    """Children by name, links as a list, and every other child once more in `collection`."""
    if depth > 20:
        raise bad_request("The request body is nested too deeply")
    fields: dict[str, Any] = {}
    links: list[dict[str, str]] = []
    objects: list[dict[str, Any]] = []
    for child in element.iterchildren(tag=etree.Element):
        name = etree.QName(child).localname
        if name == "link":
            links.append({str(key): str(value) for key, value in child.attrib.items()})
        elif len(child):
            inner = _element(child, depth + 1)
            objects.append(inner)
            fields[name] = inner
        else:
            fields[name] = child.text or ""
    fields["links"] = links
    if objects:
        fields["collection"] = objects
    return fields


def _parser() -> etree.XMLParser:
    # A parser takes a lock of its own while it works; one for each thread never waits.
    parser: etree.XMLParser | None = getattr(_parsers, "parser", None)
    if parser is None:
        parser = _parsers.parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
    return parser
