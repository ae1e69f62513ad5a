"""Since and until which API version the published schemas know each element and attribute.

The schema set describes one recent version, so that a document of an old one can be valid and still hold what that
version did not have. The set's own annotations (`meta:version`) tell.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from lxml import etree

from tests.support.schemas import VARIABLE, version_key

_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_VERSION: Final = f"{_XS}annotation/{_XS}appinfo/{{http://www.vmware.com/vcloud/meta}}version"
_FOLDER: Final = "vcloud/1.5/schemas"

_Type = etree._Element
_Key = tuple[str | None, str]


class _Set(NamedTuple):
    """All complex types, and the type of each global element, by namespace and name."""

    types: dict[_Key, _Type]
    roots: dict[_Key, _Key]


def strangers(root: etree._Element, api_version: str) -> list[str]:
    """What a document holds that its API version does not know, such as `Task/@serviceNamespace is of 5.1`.

    Needs GATEPOST_SCHEMAS.
    """
    known = _load(Path(os.environ[VARIABLE], _FOLDER))
    name = etree.QName(root)
    key = known.roots.get((name.namespace, name.localname))
    type_ = None if key is None else known.types.get(key)  # OVF's own types tell of no version
    return [] if type_ is None else list(_walk(root, type_, known, version_key(api_version)))


def _walk(element: etree._Element, type_: _Type, known: _Set, version: tuple[int, ...]) -> Iterator[str]:
    here = etree.QName(element).localname
    parts = dict(_parts(type_, known))
    for attribute in element.attrib:
        yield from _stranger(f"{here}/@{attribute!s}", parts.get(f"@{attribute!s}"), version)
    for child in element.iterchildren("{*}*"):
        name = etree.QName(child).localname
        declared = parts.get(name)
        yield from _stranger(f"{here}/{name}", declared, version)
        inner = _substitute(child, known) if declared is None else _type_of(declared, known)
        if inner is not None:
            yield from _walk(child, inner, known, version)


def _stranger(where: str, declared: etree._Element | None, version: tuple[int, ...]) -> Iterator[str]:
    told = None if declared is None else declared.find(_VERSION)
    if told is None:
        return
    came, went = (told.get(name, "") for name in ("added-in", "removed-in"))
    # Some are names of features, which tell no version.
    if came[:1].isdigit() and version < version_key(came):
        yield f"{where} is of {came}"
    if went[:1].isdigit() and version >= version_key(went):
        yield f"{where} was gone with {went}"


def _parts(type_: _Type, known: _Set) -> Iterator[tuple[str, etree._Element]]:
    """The elements and attributes of a type, by name, those of its base type with them."""
    for extension in type_.iter(f"{_XS}extension"):
        base = known.types.get(_resolve(extension, extension.get("base", "")))
        if base is not None:
            yield from _parts(base, known)
        break
    for declared in type_.iter(f"{_XS}element", f"{_XS}attribute"):
        owner = next(declared.iterancestors(f"{_XS}complexType"))
        if owner is type_:
            prefix = "@" if declared.tag == f"{_XS}attribute" else ""
            yield prefix + declared.get("name", ""), declared


def _type_of(declared: etree._Element, known: _Set) -> _Type | None:
    if declared.get("type") is None:
        return declared.find(f"{_XS}complexType")
    return known.types.get(_resolve(declared, declared.get("type", "")))


def _substitute(element: etree._Element, known: _Set) -> _Type | None:
    """The type of an element that stands in another's place, as records of queries do."""
    name = etree.QName(element)
    key = known.roots.get((name.namespace, name.localname))
    return None if key is None else known.types.get(key)


def _resolve(where: etree._Element, name: str) -> _Key:
    prefix, _, local = name.rpartition(":")
    return where.nsmap.get(prefix or None), local


@cache
def _load(folder: Path) -> _Set:
    known = _Set({}, {})
    for file in sorted(folder.rglob("*.xsd")):
        schema = etree.parse(file).getroot()
        namespace = schema.get("targetNamespace")
        for type_ in schema.findall(f"{_XS}complexType"):
            known.types[namespace, type_.get("name", "")] = type_
        for element in schema.findall(f"{_XS}element"):
            known.roots[namespace, element.get("name", "")] = _resolve(element, element.get("type", ""))
    return known
