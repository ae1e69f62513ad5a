"""Documents, in neither format yet: fields, links and collections; and how they are written as JSON and as XML.

Links hold the path below the API's root. Where they begin is a matter of who reads them: clients get whole URLs, the
webhook gets the bare path (reference, sections 2 and 5.3).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lxml import etree

from gatepost.abiquo.negotiation import VENDOR, Format

_as_json = json.JSONEncoder(ensure_ascii=False).encode
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XS = "http://www.w3.org/2001/XMLSchema"


class Link(NamedTuple):
    """`path` is relative to the API's root. `kind` is the word of its vendor type, None for a link without one."""

    rel: str
    path: str
    kind: str | None = None
    title: str | None = None


class Described(str):
    """A text that XML gives its schema type with it (`xsi:type="xs:string"`)."""

    __slots__ = ()


@dataclass(slots=True)
class Document:
    """One object. `name` is its XML element; what is None is left out."""

    name: str
    fields: Mapping[str, Value] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)


@dataclass(slots=True)
class Collection:
    """Many of them. `total` stands only on lists that can be paged or filtered."""

    name: str
    items: list[Document]
    links: list[Link] = field(default_factory=list)
    total: int | None = None


Value = str | int | float | bool | None | Document | Collection | list[Document] | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes documents in one format, with hrefs that begin with `base` (nothing, or ending in a slash)."""

    format: Format
    base: str

    def write(self, document: Document | Collection) -> bytes:
        if self.format == "json":
            return _as_json(self._json(document)).encode("utf-8", "replace")
        root = etree.Element(document.name)
        self._fill(root, document)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)

    def _json(self, document: Document | Collection) -> dict[str, object]:
        links = [self._json_link(link) for link in document.links]
        if isinstance(document, Collection):
            total = {} if document.total is None else {"totalSize": document.total}
            return {**total, "links": links, "collection": [self._json(item) for item in document.items]}
        fields: dict[str, object] = {}
        for name, value in document.fields.items():
            if isinstance(value, list):
                fields[name] = [self._json(item) for item in value]
            elif value is not None:
                fields[name] = self._json(value) if isinstance(value, Document | Collection) else value
        fields["links"] = links
        return fields

    def _json_link(self, link: Link) -> dict[str, str]:
        shape = {"rel": link.rel, "href": self.base + link.path}
        if link.kind is not None:
            shape["type"] = f"{VENDOR}{link.kind}+json"
        if link.title is not None:
            shape["title"] = link.title
        return shape

    def _fill(self, parent: etree._Element, document: Document | Collection) -> None:
        for link in document.links:
            element = etree.SubElement(parent, "link", rel=link.rel, href=self.base + link.path)
            if link.kind is not None:
                element.set("type", f"{VENDOR}{link.kind}+xml")
            if link.title is not None:
                element.set("title", link.title)
        if isinstance(document, Collection):
            if document.total is not None:
                etree.SubElement(parent, "totalSize").text = str(document.total)
            for item in document.items:
                self._fill(etree.SubElement(parent, item.name), item)
            return
        for name, field_value in document.fields.items():
            if field_value is not None:
                self._field(parent, name, field_value)

    def _field(self, parent: etree._Element, name: str, value: Value) -> None:
        if isinstance(value, Document | Collection):
            self._fill(etree.SubElement(parent, name), value)
        elif isinstance(value, list):
            self._fill(etree.SubElement(parent, name), Collection(name, value))
        elif isinstance(value, Described):
            element = etree.SubElement(parent, name, nsmap={"xsi": _XSI, "xs": _XS})
            element.set(f"{{{_XSI}}}type", "xs:string")
            element.text = value
        elif isinstance(value, Mapping):
            element = etree.SubElement(parent, name)
            for key, text in value.items():
                entry = etree.SubElement(element, "entry")
                etree.SubElement(entry, "key").text = key
                etree.SubElement(entry, "value").text = text
        else:
            etree.SubElement(parent, name).text = _text(value)


def _text(value: str | int | float | bool | None) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
