"""Which type is asked for, in which format and version (reference, section 1.4): real headers are odd."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from gatepost.abiquo.errors import ApiError
from gatepost.abiquo.versions import KNOWN, traits

Format = Literal["json", "xml"]

VENDOR = "application/vnd.abiquo."
_VENDOR_TYPE = re.compile(r"application/vnd\.abiquo\.([a-z0-9]+)(?:\+(json|xml))?", re.IGNORECASE)
_FORMATS: dict[str, Format] = {
    "application/json": "json",
    "text/json": "json",
    "application/*+json": "json",
    "application/xml": "xml",
    "text/xml": "xml",
    "application/*+xml": "xml",
}
_ANY = frozenset({"", "*/*", "*", "application/*"})
_TEXT = frozenset({"text/plain", "text/*"})


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One entry of an Accept or Content-Type header. `kind` is the word of a vendor type."""

    essence: str
    kind: str | None
    format: Format | None
    version: str | None
    refused: bool

    @property
    def any(self) -> bool:
        return self.essence in _ANY

    @property
    def text(self) -> bool:
        return self.essence in _TEXT


@dataclass(frozen=True, slots=True)
class Chosen:
    """How to answer: the word of the type (None for a type that the resource names itself), format and version."""

    kind: str | None
    format: Format
    version: str


@lru_cache(maxsize=1024)
def parse(header: str) -> tuple[MediaRange, ...]:
    """The ranges of a header, as they stand; nothing in it is an error."""
    return tuple(_range(part) for part in header.split(",") if part.strip(" ;")) or (_range(""),)


@lru_cache(maxsize=1024)
def choose(header: str, produces: tuple[str, ...], default: Format, newest: str, *, strict: bool) -> Chosen:
    """What the Accept header makes of a resource with these types, the first being the usual one.

    A resource that names none takes any header. Raises ApiError (406).
    """
    ranges = parse(header)
    if strict:
        require_version(header, ApiError(406, "406-NOT-ACCEPTABLE", "The version asked for is not supported"))
    for one in ranges:
        if one.refused:
            continue
        version = one.version or newest
        usual: Format = "xml" if one.version and traits(version).only_xml else default
        if one.kind is not None:
            if one.kind in produces:
                return Chosen(one.kind, one.format or usual, version)
        elif one.any or one.format is not None:
            return Chosen(produces[0] if produces else None, one.format or usual, version)
    if produces:
        raise ApiError(406, "406-NOT-ACCEPTABLE", "None of the accepted types can be produced: " + ", ".join(produces))
    return fallback(header, default, newest)


@lru_cache(maxsize=1024)
def fallback(header: str, default: Format, newest: str) -> Chosen:
    """As near to the Accept header as possible: for errors, and for what may not be refused over it."""
    one = next((one for one in parse(header) if one.format is not None), parse(header)[0])
    version = one.version or newest
    return Chosen(None, one.format or ("xml" if one.version and traits(version).only_xml else default), version)


def body_format(header: str, consumes: tuple[str, ...], default: Format, *, strict: bool) -> Format | None:
    """In which format a body is that calls itself so; None when the header leaves it open. Raises ApiError (415)."""
    code = "415-UNSUPPORTED-MEDIA-TYPE"
    if strict:
        require_version(header, ApiError(415, code + "-VERSION", "The version of the body's type is not supported"))
    one = parse(header)[0]
    if one.kind is not None:
        if one.kind not in consumes:
            raise ApiError(415, code, f"The resource does not consume {one.essence}")
        version = one.version
        return one.format or ("xml" if version and traits(version).only_xml else default)
    if one.any:
        return None
    if one.format is None:
        raise ApiError(415, code, f"The resource does not consume {one.essence}")
    return one.format


def require_version(header: str, refusal: ApiError) -> None:
    """Versions are looked at only where the header begins with a vendor type. Raises `refusal`."""
    if header.strip().lower().startswith(VENDOR):
        version = parse(header)[0].version
        if version is not None and version not in KNOWN:
            raise refusal


def _range(text: str) -> MediaRange:
    essence, *parameters = (part.strip() for part in text.split(";"))
    essence = essence.lower()
    version, refused = None, False
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        value = value.strip().strip('"')
        if name.strip().lower() == "version":
            version = _sane(value)
        elif name.strip().lower() == "q":
            refused = re.fullmatch(r"0(\.0*)?", value) is not None
    if vendor := _VENDOR_TYPE.fullmatch(essence):
        return MediaRange(essence, vendor[1], _as_format(vendor[2]), version, refused)
    return MediaRange(essence, None, _FORMATS.get(essence), version, refused)


def _as_format(suffix: str | None) -> Format | None:
    return None if suffix is None else "json" if suffix == "json" else "xml"


def _sane(version: str) -> str | None:
    """It comes back in a Content-Type, so nothing else may hide in it."""
    return version if re.fullmatch(r"[0-9A-Za-z.-]{1,20}", version) else None
