"""Documents of the vCloud dialect, with what their schemas leave room for.

Every type that derives from VCloudExtensibleType may begin with elements `VCloudExtension` and have attributes of other
namespaces; that is where unknown ones go, and nowhere else.
"""

from __future__ import annotations

import random
import re

from lxml import etree

from gatepost.variation.chance import Chance
from gatepost.variation.kinds import Kind
from gatepost.variation.markup import Element, declaration, parsed, reorder, write
from gatepost.vcloud.names import VCLOUD, VMEXT, V, X

UNKNOWN = "http://example.com/schema/unknown"
"""The namespace of what no connector knows."""

_LINKS = (V + "Link", X + "Link")
_ENTITY_LINKS = (X + "EntityLink",)
_EXTENSIBLE = frozenset({V + "Error", X + "Notification", *_ENTITY_LINKS})
"""Extensible, though they have no href."""
_CLOSED = re.compile(r"(Section|Record)$")
"""Types with an href of which the schemas derive some from elsewhere."""

_RELATIONS = ("x-history", "x-help", "down:notes", "alternate:print", "resume:later", "x-audit", "edit:tags")
_WORDS = ("blue", "42", "", "true", "2014-03-12", "urn:example:thing:7")
_NAMES = ("hint", "revision", "shard", "tags")


def vary(body: bytes, base: str, chance: Chance) -> bytes:
    """The document written in another way; `base` is where hrefs begin. What cannot be parsed stays as it is."""
    root = parsed(body)
    if root is None:
        return body
    if etree.QName(root).namespace in (VCLOUD, VMEXT):
        if (source := chance.of(Kind.LINKS)) is not None:
            _add_links(root, base, source)
        if (source := chance.of(Kind.ORDER)) is not None:
            _reorder_links(root, source)
        if (source := chance.of(Kind.ATTRIBUTES)) is not None:
            _add_attributes(root, source)
        if (source := chance.of(Kind.ELEMENTS)) is not None:
            _add_elements(root, source)
    return write(root, declaration(body), chance)


def _add_links(root: Element, base: str, source: random.Random) -> None:
    """Links of unknown relations, where there are links; all lead to a document that every client may read."""
    for parent in list(root.iter("*")):
        links = [child for child in parent if child.tag in _LINKS]
        if not links:
            continue
        for relation in source.sample(_RELATIONS, source.randint(1, 2)):
            link = etree.Element(links[0].tag, rel=relation, type="text/xml", href=f"{base}/api/versions")
            source.choice(links).addprevious(link)


def _reorder_links(root: Element, source: random.Random) -> None:
    """Links in another order. Those to the views of an entity keep theirs: the user's comes first."""
    for parent in list(root.iter("*")):
        for tags in (_LINKS, _ENTITY_LINKS):
            links = [child for child in parent if child.tag in tags]
            if len(links) > 1:
                reorder(parent, links, _view, source)


def _view(link: Element) -> object:
    return "alternate" if link.get("rel") == "alternate" else link


def _add_attributes(root: Element, source: random.Random) -> None:
    for element in _extensible(root):
        if element is root or source.random() < 0.3:
            for name in source.sample(_NAMES, source.randint(1, 2)):
                element.set(f"{{{UNKNOWN}}}{name}", source.choice(_WORDS))


def _add_elements(root: Element, source: random.Random) -> None:
    for element in _extensible(root):
        if element is root or source.random() < 0.2:
            extension = etree.Element(V + "VCloudExtension", required="false")
            for name in source.sample(_NAMES, source.randint(1, 2)):
                etree.SubElement(extension, f"{{{UNKNOWN}}}{name}").text = source.choice(_WORDS)
            element.insert(0, extension)


def _extensible(root: Element) -> list[Element]:
    return [element for element in root.iter("*") if _is_extensible(element)]


def _is_extensible(element: Element) -> bool:
    if element.tag in _EXTENSIBLE:
        return True
    name = etree.QName(element)
    known = name.namespace in (VCLOUD, VMEXT)
    return known and "href" in element.attrib and _CLOSED.search(name.localname) is None
