"""What a connector's requests tell of its sessions: how it logs in, and what each request carries."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gatepost.conformance.bench import CONNECTOR
from gatepost.conformance.scene import Scene
from gatepost.conformance.verdict import Broken, Unreached
from gatepost.core.journal import Entry

_LOGIN = re.compile(r"/(api/sessions|cloudapi/1\.0\.0/sessions(/provider)?)/?$")
_LOGOUT = re.compile(r"/api/sessions?/?$|/cloudapi/1\.0\.0/sessions/")
_OPEN_TO_ALL = re.compile(r"/api/versions/?$")
_VERSION = re.compile(r"version\s*=\s*\"?\d+\.\d+", re.I)


def requests(scene: Scene, after: int | None = None) -> list[Entry]:
    """The connector's, in order."""
    theirs = (None, CONNECTOR["vcloud"])
    return [e for e in scene.entries(after) if e.kind == "http.request" and e.dialect == "vcloud" and e.user in theirs]


def logins(scene: Scene, after: int | None = None) -> list[Entry]:
    return [entry for entry in requests(scene, after) if entry.method == "POST" and _LOGIN.search(_path(entry))]


def sessions_left(scene: Scene, after: int) -> int:
    """Sessions that were opened since then, less those that were ended."""
    entries = requests(scene, after)
    ended = [entry for entry in entries if entry.method == "DELETE" and _LOGOUT.search(_path(entry))]
    return len(_accepted(scene, logins(scene, after))) - len(_accepted(scene, ended))


def has_logged_in(scene: Scene) -> None:
    """Raises Broken when it asks for things and does not log in as it should, Unreached when it asks for nothing."""
    expected = "a POST to /api/sessions with Basic credentials, which the cloud accepts"
    if scene.wait(lambda: _accepted(scene, logins(scene)), scene.profile.patience):
        return
    tried = logins(scene) or [entry for entry in requests(scene) if not _OPEN_TO_ALL.search(_path(entry))]
    if not tried:
        raise Unreached(expected, f"no request at all{scene.how_it_ended}")
    seen = ", ".join(f"{entry.method} {_path(entry)} with {_credentials(entry)}" for entry in tried[:3])
    raise Broken(expected, seen, *tried[:3])


def carry_a_token(scene: Scene) -> None:
    """Raises Broken for a request that shows a password or nothing."""
    exempt = {entry.seq for entry in logins(scene)}
    others = [e for e in requests(scene) if e.seq not in exempt and not _OPEN_TO_ALL.search(_path(e))]
    scene.require(others, "a request after the login")
    wrong = [entry for entry in others if _credentials(entry) != "a token"]
    if wrong:
        seen = f"{wrong[0].method} {_path(wrong[0])} with {_credentials(wrong[0])}"
        raise Broken("the token of its session, and nothing else, in every request", seen, *wrong[:3])


def name_a_version(scene: Scene) -> None:
    """Raises Broken for a request without."""
    asked = [entry for entry in requests(scene) if not _OPEN_TO_ALL.search(_path(entry))]
    scene.require(asked, "a request")
    wrong = [entry for entry in asked if not _VERSION.search(str(entry.headers.get("accept", "")))]
    if wrong:
        accept = wrong[0].headers.get("accept")
        seen = f"{wrong[0].method} {_path(wrong[0])} with {'no Accept' if accept is None else f'Accept: {accept}'}"
        raise Broken("a version of the API in every Accept, as in application/*+xml;version=5.5", seen, *wrong[:3])


def speaks_old(scene: Scene) -> bool:
    """Whether its newest request asks for one of the versions that answer 403 to a session that has ended."""
    for entry in reversed(requests(scene, 0)):
        version = re.search(r"version\s*=\s*\"?(\d+\.\d+)", str(entry.headers.get("accept", "")), re.I)
        if version is not None:
            return version[1] in ("1.5", "5.1", "5.5")
    return False


def _accepted(scene: Scene, entries: Iterable[Entry]) -> list[Entry]:
    """Those that the cloud said yes to."""
    wanted = {entry.seq: entry for entry in entries}
    if not wanted:
        return []
    answers = [e for e in scene.entries(min(wanted) - 1) if e.kind == "http.response" and e.answers in wanted]
    return [wanted[e.answers] for e in answers if e.answers is not None and (e.status or 500) < 300]


def _credentials(entry: Entry) -> str:
    scheme = str(entry.headers.get("authorization", "")).partition(" ")[0].lower()
    if scheme == "basic":
        return "the password"
    if scheme == "bearer" or {"x-vcloud-authorization", "cookie"} & set(entry.headers):
        return "a token"
    return f"credentials of the kind {scheme}" if scheme else "no credentials"


def _path(entry: Entry) -> str:
    return entry.path.partition("?")[0]
