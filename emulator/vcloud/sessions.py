"""Who is logged in: tokens of both login kinds, with their idle time-out (reference, sections 1.2 to 1.4)."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass

from gatepost.core.errors import NotFound
from gatepost.core.inventory import User
from gatepost.core.world import World

MOST_SESSIONS = 10_000
"""Sessions kept; beyond that the one unused for longest ends."""

# Compared against when there is no such user, so that the time taken does not tell which names exist.
_NO_PASSWORD = secrets.token_hex()


@dataclass(slots=True, eq=False)
class Session:
    """A logged-in user. `used` is wall time: a token's expiry does not follow the simulated clock."""

    token: str
    user: User
    used: float


class Sessions:
    """The tokens of one world. The caller holds the lock."""

    def __init__(self) -> None:
        self._by_token: OrderedDict[str, Session] = OrderedDict()

    def open(self, user: User, *, jwt: bool) -> Session:
        token = _jwt(user) if jwt else secrets.token_urlsafe(24)
        session = Session(token, user, time.monotonic())
        self._by_token[token] = session
        if len(self._by_token) > MOST_SESSIONS:
            self._by_token.popitem(last=False)
        return session

    def find(self, token: str, idle: float) -> Session | None:
        """The session of a token that was used within the last `idle` seconds; looking counts as use."""
        session = self._by_token.get(token)
        if session is None:
            return None
        now = time.monotonic()
        if now - session.used >= idle:
            del self._by_token[token]
            return None
        session.used = now
        self._by_token.move_to_end(token)
        return session

    def close(self, session: Session) -> None:
        self._by_token.pop(session.token, None)

    def close_all(self, user: User) -> None:
        for session in [session for session in self._by_token.values() if session.user is user]:
            self.close(session)

    def clear(self) -> None:
        self._by_token.clear()


def log_in(world: World, authorization: str) -> User | None:
    """The user of a Basic header `user@org:password`; None when it is not one, or wrong.

    Passwords may contain colons, user names may contain `@` (the last one counts); the organization's case is ignored.
    """
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        login, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    name, at, org = login.rpartition("@")
    if not (colon and at):
        return None
    try:
        user: User | None = world.inventory.find_user(name, org)
    except NotFound:
        user = None
    known = user.password if user is not None and user.password is not None else _NO_PASSWORD
    matches = hmac.compare_digest(password.encode(), known.encode())
    return user if matches else None


def _jwt(user: User) -> str:
    """An unsigned JWT that tools can decode, made unguessable by its id and signature part."""
    header = {"alg": "none", "typ": "JWT"}
    now = int(time.time())
    claims = {
        "sub": user.name,
        "org": user.org.name,
        "roles": [user.role.value],
        "iat": now,
        "exp": now + 86_400,
        "jti": secrets.token_hex(16),
    }
    parts = (_segment(json.dumps(header).encode()), _segment(json.dumps(claims).encode()), secrets.token_urlsafe(24))
    return ".".join(parts)


def _segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
