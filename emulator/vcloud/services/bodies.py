"""Request bodies that register something, read into drafts: checked as far as a body alone can be, without the lock."""

from __future__ import annotations

from typing import Any, NamedTuple

from gatepost.core.ids import UUID_PATTERN
from gatepost.vcloud import xmlio
from gatepost.vcloud.services import patterns
from gatepost.vcloud.services.parts import (
    Access,
    AclAccess,
    ApiFilter,
    Form,
    Part,
    Reference,
    Shape,
    UrlPattern,
)
from gatepost.vcloud.xmlio import Element

METHODS = ("GET", "PUT", "POST", "DELETE")

_ACCESSES = {
    "ServiceResourceAccess": (Access.ENTITY, Access.SHARED),
    "OrganizationAccess": tuple(Access),
    "PrincipalAccess": (Access.ENTITY, Access.SHARED),
}
_MOST_VERSIONS = 100


class Draft(NamedTuple):
    """What a body says of a part: the values of its elements by the names of the fields, those left out left out."""

    kind: type[Part]
    id: str | None
    values: dict[str, Any]

    def size(self) -> int:
        """How many parts it describes."""
        inside: list[Draft] = [one for shape in self.kind.lists() for one in self.values.get(shape.attribute, ())]
        return 1 + sum(draft.size() for draft in inside)


def read(element: Element, kind: type[Part], *, new: bool = True) -> Draft:
    """The draft of a part; what is `new` must have all that is required. Raises Malformed."""
    values: dict[str, Any] = {}
    if kind.named:
        if new or element.get("name") is not None:
            values["name"] = xmlio.name_of(element)
        description = xmlio.text_of(element, "Description")
        if description is not None:
            values["description"] = description
    for shape in kind.shapes:
        value = _read(element, shape)
        if value is not None:
            values[shape.attribute] = value
        if shape.required and value in (None, "") and (new or value is not None):
            raise xmlio.invalid(shape.tag, "the element is required")
    if kind is ApiFilter:
        _check_filter(values, new=new)
    return Draft(kind, _uuid(element.get("id") or element.get("href")), values)


def reference(element: Element, field: str) -> Reference:
    """Raises Malformed unless it has an href or an id."""
    href, id = element.get("href"), element.get("id")
    if not (href or id) or max(len(href or ""), len(id or ""), len(element.get("name", ""))) > 2_048:
        raise xmlio.invalid(field, "a reference by href or id, of at most 2048 characters, is expected")
    return Reference(_uuid(href) or _uuid(id) or "", href, id, element.get("type"), element.get("name"))


def _read(element: Element, shape: Shape) -> Any:
    """The value of one element; None where there is none."""
    child = xmlio.child(element, shape.tag)
    if child is None:
        return None
    match shape.form:
        case Form.PARTS:
            assert shape.part is not None
            return [read(one, shape.part) for one in xmlio.children(child, shape.part.tag)]
        case Form.VERSIONS:
            return _versions(child)
        case Form.REFERENCE:
            return reference(child, shape.tag)
        case Form.ACCESS:
            return _access(child, shape.tag)
    text = xmlio.text_of(element, shape.tag, shape.limit) or ""
    return text if shape.form is Form.TEXT else _value(text.strip(), shape)


def _value(text: str, shape: Shape) -> Any:
    match shape.form:
        case Form.BOOLEAN:
            return xmlio.boolean(text, shape.tag, default=False)
        case Form.PRIORITY:
            priority = xmlio.long(text, shape.tag)
            if not 0 <= priority <= 100:
                raise xmlio.invalid(shape.tag, "0 to 100 is expected")
            return priority
        case Form.METHOD if text not in METHODS:
            raise xmlio.invalid(shape.tag, f"{', '.join(METHODS)} are expected")
        case Form.PATTERN:
            return _pattern(text, shape.tag)
        case Form.WORD if len(text.encode()) > shape.limit:
            raise xmlio.invalid(shape.tag, f"more than {shape.limit} bytes")
    return text


def _pattern(text: str, field: str) -> UrlPattern | None:
    if not text:
        return None
    try:
        return UrlPattern(text, patterns.compile(text))
    except patterns.InvalidPattern as error:
        raise xmlio.invalid(field, f"the pattern cannot be used: {error}") from None


def _access(element: Element, field: str) -> AclAccess:
    text = (xmlio.text_of(element, "Access", 20) or "").strip()
    allowed = _ACCESSES[field]
    if text not in allowed:
        raise xmlio.invalid("Access", f"in {field}, {' or '.join(allowed)} is expected")
    entity = xmlio.child(element, "Entity")
    if text != Access.ENTITY:
        return AclAccess(Access(text), None)
    if entity is None:
        raise xmlio.invalid("Entity", f"in {field}, the element is required with Access Entity")
    return AclAccess(Access.ENTITY, reference(entity, "Entity"))


def _versions(element: Element) -> list[str]:
    found = ["".join(one.itertext()).strip() for one in xmlio.children(element, "Version")]
    if len(found) > _MOST_VERSIONS or any(len(one) > 255 for one in found):
        raise xmlio.invalid("SupportedApiVersions", f"at most {_MOST_VERSIONS} versions of 255 characters")
    return found


def _check_filter(values: dict[str, Any], *, new: bool) -> None:
    """The two ways to filter exclude each other; to give one takes the other back."""
    url, content_type = values.get("url_pattern"), values.get("content_type")
    if url and content_type:
        raise xmlio.invalid("ResponseContentType", "it excludes UrlPattern; give one of the two")
    if not (url or content_type) and (new or values):
        raise xmlio.invalid("UrlPattern", "UrlPattern or ResponseContentType is required")
    if values:
        values.update({"url_pattern": url or None, "content_type": content_type or ""})


def _uuid(text: str | None) -> str | None:
    """The bare id at the end of an href or a URN."""
    found = UUID_PATTERN.findall((text or "")[-2_048:].lower())
    return found[-1] if found else None
