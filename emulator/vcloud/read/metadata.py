"""Metadata as clients send it: typed from 5.1 on, plain before (reference, section 3.2)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from gatepost.core.inventory import MetadataKey, Metadatum
from gatepost.vcloud import xmlio
from gatepost.vcloud.names import XSI
from gatepost.vcloud.xmlio import Element, invalid

KEY_LIMIT = 256
"""Characters of a key."""

FURTHEST = timedelta(hours=14)
"""From UTC, in XML Schema."""

DOMAINS = ("GENERAL", "SYSTEM")
STRING = "MetadataStringValue"

_VISIBILITIES = {"GENERAL": ("READWRITE",), "SYSTEM": ("PRIVATE", "READONLY")}
_DATE = re.compile(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def entries(document: Element) -> dict[MetadataKey, Metadatum]:
    """A Metadata element."""
    found = {}
    for entry in xmlio.children(document, "MetadataEntry"):
        key = xmlio.text_of(entry, "Key", KEY_LIMIT) or ""
        if not key.strip() or "/" in key or key in (".", ".."):
            raise invalid("Key", f"1 to {KEY_LIMIT} characters other than / are expected")
        domain, visibility = _domain(entry, "GENERAL")
        found[domain, key] = _value(entry, visibility)
    if not found:
        raise invalid("MetadataEntry", "at least one is required")
    return found


def entry(document: Element, domain: str) -> Metadatum:
    """A MetadataValue for a place in this domain."""
    stated, visibility = _domain(document, domain)
    if stated != domain:
        raise invalid("Domain", f"{domain} is expected, as in the URL")
    return _value(document, visibility)


def _value(element: Element, visibility: str) -> Metadatum:
    typed = xmlio.child(element, "TypedValue")
    kind = STRING if typed is None else (typed.get(f"{{{XSI}}}type") or STRING).rpartition(":")[2]
    text = xmlio.text_of(element if typed is None else typed, "Value")
    if text is None:
        raise invalid("Value", "the element is required")
    return Metadatum(_checked(text, kind), kind, visibility)


def _domain(element: Element, default: str) -> tuple[str, str]:
    """Domain and visibility."""
    stated = xmlio.child(element, "Domain")
    domain = default if stated is None else (stated.text or "").strip() or default
    if domain not in DOMAINS:
        raise invalid("Domain", f"one of {', '.join(DOMAINS)} is expected")
    allowed = _VISIBILITIES[domain]
    visibility = allowed[0] if stated is None else stated.get("visibility") or allowed[0]
    if visibility not in allowed:
        raise invalid("visibility", f"one of {', '.join(allowed)} is expected in the domain {domain}")
    return domain, visibility


def _checked(text: str, kind: str) -> str:
    match kind:
        case "MetadataStringValue":
            return text
        case "MetadataNumberValue":
            return str(xmlio.long(text, "Value"))
        case "MetadataBooleanValue":
            return "true" if xmlio.boolean(text, "Value", default=False) else "false"
        case "MetadataDateTimeValue":
            return _date(text.strip())
    raise invalid(
        "TypedValue", "MetadataStringValue, -NumberValue, -BooleanValue or -DateTimeValue is expected as type"
    )


def _date(text: str) -> str:
    try:
        if _DATE.fullmatch(text) is None:
            raise ValueError(text)
        offset = datetime.fromisoformat(re.sub(r"\.\d+", "", text)).utcoffset()
        if offset is not None and abs(offset) > FURTHEST:
            raise ValueError(text)
    except ValueError:
        raise invalid("Value", "a date such as 2014-03-12T10:41:22+01:00 is expected") from None
    return text
