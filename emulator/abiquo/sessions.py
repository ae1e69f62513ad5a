"""Who is logged in: the token that cookie and header carry, and passwords (reference, section 1.2)."""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from email.utils import formatdate

from gatepost.abiquo.inventory import Inventory, User

MOST_SESSIONS = 10_000
"""Sessions kept; beyond that the one unused for longest ends."""

# Compared against when there is no such user, so that the time taken does not tell which names exist.
_NO_PASSWORD = secrets.token_hex()


@dataclass(slots=True, eq=False)
class Session:
    """A logged-in user. `used` is wall time: a token's expiry does not follow the simulated clock."""

    token: str
    servlet: str
    user: User
    used: float

    def headers(self, path: str, lifetime: float) -> list[tuple[str, str]]:
        """What every answer to this user carries: clients need an attribute behind the cookie's value."""
        expires = formatdate(time.time() + lifetime, usegmt=True)
        return [
            ("Set-Cookie", f"auth={self.token}; Expires={expires}; Path={path}"),
            ("Set-Cookie", f"JSESSIONID={self.servlet}; Path={path}; HttpOnly"),
            ("X-Abiquo-Token", self.token),
        ]


class Sessions:
    """The tokens of one world, one for each user. The caller holds the lock."""

    def __init__(self) -> None:
        self._by_token: OrderedDict[str, Session] = OrderedDict()
        self._of_user: dict[str, Session] = {}

    def of(self, user: User, lifetime: float) -> Session:
        """The user's session, with a new token if the last one has expired."""
        session = self._of_user.get(user.id)
        if session is None or self.find(session.token, lifetime) is None:
            session = Session(secrets.token_urlsafe(30), secrets.token_hex(16).upper(), user, time.monotonic())
            self._by_token[session.token] = self._of_user[user.id] = session
            if len(self._by_token) > MOST_SESSIONS:
                self.close(next(iter(self._by_token.values())))
        return session

    def find(self, token: str, lifetime: float) -> Session | None:
        """The session of a token that was used within the last `lifetime` seconds; looking counts as use."""
        session = self._by_token.get(token)
        if session is None:
            return None
        now = time.monotonic()
        if now - session.used >= lifetime:
            self.close(session)
            return None
        session.used = now
        self._by_token.move_to_end(token)
        return session

    def close(self, session: Session) -> None:
        self._by_token.pop(session.token, None)
        self._of_user.pop(session.user.id, None)

    def close_of(self, user: User) -> None:
        if session := self._of_user.get(user.id):
            self.close(session)


def log_in(inventory: Inventory, encoded: str) -> User | None:
    """The user of Basic credentials `nick:password`; None when they are none, or wrong. Passwords may have colons."""
    try:
        nick, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    user = inventory.nicks.get(nick) if colon else None
    known = user.password if user is not None else _NO_PASSWORD
    matches = hmac.compare_digest(password.encode(), known.encode())
    return user if matches and user is not None and may_log_in(user) else None


def may_log_in(user: User) -> bool:
    return user.active and not user.locked
