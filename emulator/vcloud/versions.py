"""API versions: which are spoken, which one a request asks for, and how they differ (reference, sections 0.5 and 0.6).

All differences stand in `Traits`, so that no handler compares versions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_ELEMENT = re.compile(r"\s*(?:application|\*)/[\w.*+-]+\s*;.*?\bversion\s*=\s*\"?([\w.-]+)\"?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Traits:
    """How one API version behaves where the versions differ."""

    version: str
    bad_token_is_forbidden: bool
    missing_token_is_bare: bool
    messages_carry_request_id: bool
    session_user_id: bool
    session_roles: bool
    session_locations: bool
    session_slash: bool
    operation_categories: bool
    cloudapi: bool


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@lru_cache(maxsize=64)
def traits(version: str) -> Traits:
    number = _number(version)
    return Traits(
        version=version,
        bad_token_is_forbidden=number <= (5, 5),
        missing_token_is_bare=number <= (5, 5),
        messages_carry_request_id=number >= (5, 6),
        session_user_id=number >= (5, 5),
        session_roles=number >= (5, 7),
        session_locations=number >= (31, 0),
        session_slash=number <= (5, 5),
        operation_categories=number >= (33, 0),
        cloudapi=number >= (30, 0),
    )


@lru_cache(maxsize=1024)
def negotiate(accept: str, spoken: tuple[str, ...]) -> Traits | None:
    """The first element of an Accept list whose version is spoken; None when there is none."""
    for element in accept[:4096].split(","):
        match = _ELEMENT.match(element)
        if match is not None and match[1] in spoken:
            return traits(match[1])
    return None


def not_acceptable(accept: str, spoken: tuple[str, ...]) -> str:
    """The text of the 406, which changed with the server's age; the newest version spoken tells the age."""
    newest = _number(spoken[-1])
    if newest >= (33, 0):
        listed = ", ".join(reversed(spoken))
        return (
            "The request has invalid accept header: Invalid API version requested. "
            f"Supported API versions are: [{listed}] ([D] indicates deprecated versions)"
        )
    listed = ", ".join(spoken)
    asked = _ELEMENT.match(accept)
    if newest >= (31, 0) and asked is not None:
        return (
            f"The request has invalid accept header: Unknown API version: {asked[1]}. "
            f"Supported API versions are: [{listed}]"
        )
    return f"The request has invalid accept header. Supported API versions are: [{listed}]"
