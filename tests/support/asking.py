"""How requests are spelled: every route there is, and the headers of login and version."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

from gatepost.app import create_app
from tests.support.refusals import NOWHERE


def accept(version: str) -> str:
    return f"application/*+xml;version={version}"


def basic(login: bytes | str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(login.encode() if isinstance(login, str) else login).decode()}


def routes(id: str = NOWHERE) -> Iterator[tuple[str, str]]:
    """Method and path of every route of the dialect, with one id in all of them."""
    for rule in create_app().url_map.iter_rules():
        if rule.endpoint.startswith("vcloud."):
            path = rule.rule
            for argument in rule.arguments:
                path = path.replace(f"<{argument}>", f"urn:vcloud:task:{id}" if argument == "urn" else id)
            for method in sorted((rule.methods or set()) - {"HEAD"}):
                yield method, path
