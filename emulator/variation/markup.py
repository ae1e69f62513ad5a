"""A tree of XML, written in one of the many ways that mean the same.

lxml writes in one way only, and its prefixes cannot be changed; hence a writer of our own.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

from lxml import etree

from gatepost.variation.chance import Chance
from gatepost.variation.kinds import Kind
from gatepost.variation.order import shuffled

Element = etree._Element

_XML = "http://www.w3.org/XML/1998/namespace"
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

DECLARATIONS = (
    b"<?xml version='1.0' encoding='UTF-8'?>\n",
    b'<?xml version="1.0" encoding="utf-8"?>\n',
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n',
    b"<?xml version='1.0'  encoding='utf-8' ?>",
    b'<?xml version="1.0" encoding="UTF-8"?>\n\n',
)
"""All of them say UTF-8, which every body is in."""

_DECLARATION = re.compile(rb"\s*<\?xml[^>]*\?>\s*")
_WORDS = ("ns", "n", "q", "p", "tns")
_INDENTS = ("", " ", "    ", "\t")
_LINE_ENDS = ("\n", "\n\n", "\r\n")
_GAPS = (" ", " ", "  ", "\n    ", "\t")


def parsed(body: bytes) -> Element | None:
    """The root of a document; None for what is none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        return etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        return None


def declaration(body: bytes) -> bytes:
    """With which a document begins, and the white space behind it."""
    found = _DECLARATION.match(body)
    return found[0] if found is not None else b""


def reorder(parent: Element, run: list[Element], group: Callable[[Element], object], source: random.Random) -> None:
    """Let some children change places with each other, but not those of one group."""
    places = [parent.index(child) for child in run]
    for child in run:
        parent.remove(child)
    for child, place in zip(shuffled(run, group, source), places, strict=True):
        parent.insert(place, child)


def write(root: Element, declaration: bytes, chance: Chance) -> bytes:
    """The document. `declaration` is the one that it had."""
    encoding = chance.of(Kind.ENCODING)
    if encoding is not None and declaration:
        declaration = encoding.choice([other for other in DECLARATIONS if other != declaration])
    text = "".join(_Writer(root, chance).element(root, 0))
    return declaration + (text.encode("ascii", "xmlcharrefreplace") if encoding is not None else text.encode())


class _Writer:
    def __init__(self, root: Element, chance: Chance) -> None:
        renaming = chance.of(Kind.PREFIXES)
        self._names = None if renaming is None else _renamed(root, renaming)
        self._order = chance.of(Kind.ORDER)
        self._blanks = chance.of(Kind.WHITESPACE)
        self._indent, self._line_end = "", ""
        if self._blanks is not None:
            self._indent, self._line_end = self._blanks.choice(_INDENTS), self._blanks.choice(_LINE_ENDS)

    def element(self, element: Element, depth: int) -> Iterator[str]:
        name = self._name(str(element.tag), element.prefix, element)
        yield f"<{name}"
        for key, value in self._attributes(element):
            yield f"{self._gap()}{key}={self._quoted(value)}"
        children = [child for child in element if isinstance(child.tag, str)]
        if not children and not element.text:
            yield self._end_of_empty(name)
            return
        yield ">"
        break_ = self._break(element, children)
        if break_ is None:
            yield _escaped(element.text or "")
        for child in children:
            if break_ is not None:
                yield break_ + self._indent * (depth + 1)
            yield from self.element(child, depth + 1)
            if break_ is None:
                yield _escaped(child.tail or "")
        if break_ is not None:
            yield break_ + self._indent * depth
        yield f"</{name}>"

    def _attributes(self, element: Element) -> list[tuple[str, str]]:
        """With the declarations of namespaces."""
        declared = self._declared(element)
        given = [
            (self._name(key, None, element), self._qualified(value, element) if key == _XSI_TYPE else value)
            for key, value in element.attrib.items()
        ]
        both = [*declared, *given]
        if self._order is not None:
            self._order.shuffle(both)
        return both

    def _declared(self, element: Element) -> list[tuple[str, str]]:
        parent = element.getparent()
        if self._names is not None:
            return self._names.declarations if parent is None else []
        known = {} if parent is None else parent.nsmap
        return [
            (f"xmlns:{prefix}" if prefix else "xmlns", uri)
            for prefix, uri in element.nsmap.items()
            if known.get(prefix) != uri
        ]

    def _name(self, tag: str, prefix: str | None, element: Element) -> str:
        """`prefix` is that of an element; an attribute's is looked for."""
        uri, _, local = tag.rpartition("}")
        uri = uri[1:]
        if uri == _XML:
            return f"xml:{local}"
        if not uri:
            return local
        of_attribute = tag != element.tag
        if self._names is not None:
            prefix = self._names.prefixes[uri] if of_attribute or uri != self._names.default else None
        elif of_attribute:
            prefix = next(key for key, value in element.nsmap.items() if value == uri and key)
        return f"{prefix}:{local}" if prefix else local

    def _qualified(self, value: str, element: Element) -> str:
        """A name in a value, with the prefix that its namespace has now."""
        prefix, _, local = value.rpartition(":")
        uri = element.nsmap.get(prefix or None)
        if self._names is None or uri is None:
            return value
        return local if uri == self._names.default else f"{self._names.prefixes[uri]}:{local}"

    def _gap(self) -> str:
        return " " if self._blanks is None else self._blanks.choice(_GAPS)

    def _quoted(self, value: str) -> str:
        mark = '"' if self._blanks is None or self._blanks.random() < 0.5 else "'"
        entity = "&quot;" if mark == '"' else "&apos;"
        text = _escaped(value).replace(mark, entity)
        return mark + text.replace("\t", "&#9;").replace("\n", "&#10;") + mark

    def _end_of_empty(self, name: str) -> str:
        return "/>" if self._blanks is None else self._blanks.choice(("/>", " />", f"></{name}>"))

    def _break(self, element: Element, children: list[Element]) -> str | None:
        """What goes between the children; None where the text there means something, or is to stay."""
        if self._blanks is None or not children:
            return None
        texts = (element.text, *(child.tail for child in element))
        return None if any(text and text.strip() for text in texts) else self._line_end


class _Names:
    """Which prefix stands for which namespace, all through a document."""

    def __init__(self, prefixes: dict[str, str], default: str | None, unused: frozenset[str]) -> None:
        self.prefixes = prefixes
        self.default = default
        self.declarations = [(f"xmlns:{prefix}", uri) for uri, prefix in prefixes.items() if uri not in unused]
        if default is not None:
            self.declarations.append(("xmlns", default))


def _renamed(root: Element, chance: random.Random) -> _Names:
    elements = [element for element in root.iter() if isinstance(element.tag, str)]
    uris = {uri: None for element in elements for uri in element.nsmap.values()}
    of_attributes = {key[1:].partition("}")[0] for element in elements for key in element.attrib if key[0] == "{"}
    word = chance.choice(_WORDS)
    numbers = list(range(len(uris) + 1))
    chance.shuffle(numbers)
    prefixes = {uri: f"{word}{number}" for uri, number in zip(uris, numbers, strict=False)}
    # An element without a namespace cannot stand where there is a default one.
    bare = any(not str(element.tag).startswith("{") for element in elements)
    default = chance.choice([None] if bare else [None, *(uri for uri in uris if uri != root.nsmap.get(None))])
    unused = frozenset() if default is None or default in of_attributes else frozenset({default})
    return _Names(prefixes, default, unused)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
