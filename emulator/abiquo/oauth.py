"""OAuth 1.0a: consumers, request tokens and access tokens; oauthlib checks the signatures (reference, section 1.2)."""

from __future__ import annotations

import base64
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from oauthlib.oauth1 import AccessTokenEndpoint, RequestTokenEndpoint, RequestValidator, ResourceEndpoint
from oauthlib.oauth1.rfc5849.errors import OAuth1Error

from gatepost.abiquo.inventory import Application, Caller, Inventory, User
from gatepost.abiquo.sessions import may_log_in

MOST_TOKENS = 10_000
"""Request tokens, and access tokens, that are kept; beyond that the oldest end."""

MOST_NONCES = 100_000
_LIFETIME = 600
"""Seconds that a request's timestamp may differ from our clock, and that a request token lives."""

_LONGEST = 200
_DUMMY = "none"


class OAuthRefused(Exception):
    """A request that is not signed as it should be; the text says in what."""


@dataclass(slots=True, eq=False)
class Token:
    """A request token until `user` has exchanged it, then an access token. `callback` is where the verifier goes."""

    token: str
    secret: str
    application: Application
    made: float
    callback: str = "oob"
    verifier: str = ""
    user: User | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """A request as its client signed it."""

    url: str
    method: str
    body: str
    headers: dict[str, str]


class OAuth:
    """The tokens of one world. The caller holds the lock."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.requested: OrderedDict[str, Token] = OrderedDict()
        self.granted: OrderedDict[str, Token] = OrderedDict()
        self.nonces: OrderedDict[tuple[str, str, str, str], None] = OrderedDict()
        validator = _Validator(self)
        self._requests = RequestTokenEndpoint(validator)
        self._grants = AccessTokenEndpoint(validator)
        self._resources = ResourceEndpoint(validator)

    def register(self, user: User, name: str, description: str, privileges: frozenset[str] | None) -> Application:
        """A new consumer of this user's."""
        key, secret = secrets.token_hex(16), secrets.token_urlsafe(32)
        made = Application(self.inventory.new_id(), name, description, user, key, secret, privileges)
        user.applications[made.id] = self.inventory.applications[key] = made
        return made

    def grant(self, application: Application, user: User | None) -> Token:
        """A new access token."""
        token = Token(_token(), _secret(), application, time.monotonic(), user=user)
        _keep(self.granted, token)
        return token

    def request_token(self, signed: Signed) -> str:
        """A form with a new token, which its user is asked to authorize. Raises OAuthRefused."""
        checked = _run(self._requests.validate_request_token_request, self._requests._create_request, signed)
        self.remember(checked)
        application = self.inventory.applications[checked.client_key]
        token = Token(_token(), _secret(), application, time.monotonic(), checked.redirect_uri)
        _keep(self.requested, token)
        return urlencode(
            {"oauth_token": token.token, "oauth_token_secret": token.secret, "oauth_callback_confirmed": "true"}
        )

    def authorize(self, text: str, caller: Caller) -> Token:
        """The user allows it. Raises OAuthRefused."""
        token = self.pending(text)
        if token is None:
            raise OAuthRefused("The request token is not known")
        token.user, token.verifier = caller.user, secrets.token_hex(8)
        return token

    def access_token(self, signed: Signed) -> str:
        """A form with the token that signs requests from now on. Raises OAuthRefused."""
        checked = _run(self._grants.validate_access_token_request, self._grants._create_request, signed)
        self.remember(checked)
        asked = self.requested.pop(checked.resource_owner_key)
        token = self.grant(asked.application, asked.user)
        return urlencode({"oauth_token": token.token, "oauth_token_secret": token.secret})

    def caller(self, signed: Signed) -> Caller:
        """Whose request it is. Raises OAuthRefused."""
        endpoint = self._resources
        try:
            valid, checked = endpoint.validate_protected_resource_request(
                signed.url, signed.method, signed.body, signed.headers, realms=[]
            )
        except (OAuth1Error, ValueError) as error:
            raise OAuthRefused(str(error)) from None
        token = self.granted.get(checked.resource_owner_key) if valid else None
        if token is None or token.user is None or not may_log_in(token.user):
            raise OAuthRefused("The signature or the token is not valid")
        self.remember(checked)
        privileges = token.user.role.privileges
        allowed = token.application.privileges
        return Caller(token.user, privileges if allowed is None else privileges & allowed)

    def pending(self, text: str | None) -> Token | None:
        token = self.requested.get(text or "")
        if token is not None and time.monotonic() - token.made > _LIFETIME:
            del self.requested[token.token]
            return None
        return token

    def forget(self, application: Application) -> None:
        for book in (self.requested, self.granted):
            for token in [token for token in book.values() if token.application is application]:
                del book[token.token]

    def remember(self, checked: Any) -> None:
        """A nonce serves once."""
        self.nonces[nonce_of(checked)] = None
        if len(self.nonces) > MOST_NONCES:
            self.nonces.popitem(last=False)


class _Validator(RequestValidator):  # type: ignore[misc]  # oauthlib has no types
    """What oauthlib asks of us. It checks on with dummies where a name is unknown, so that the time does not tell."""

    enforce_ssl = False
    timestamp_lifetime = _LIFETIME
    dummy_client = dummy_request_token = dummy_access_token = _DUMMY
    allowed_signature_methods = ("HMAC-SHA1",)

    def __init__(self, oauth: OAuth) -> None:
        super().__init__()
        self._oauth = oauth

    def check_client_key(self, client_key: str) -> bool:
        return 0 < len(client_key) <= _LONGEST

    check_request_token = check_access_token = check_verifier = check_nonce = check_client_key

    def check_realms(self, realms: list[str]) -> bool:
        return True

    def get_client_secret(self, client_key: str, request: Any) -> str:
        application = self._oauth.inventory.applications.get(client_key)
        return application.secret if application is not None else _DUMMY

    def get_request_token_secret(self, client_key: str, token: str, request: Any) -> str:
        known = self._oauth.pending(token)
        return known.secret if known is not None else _DUMMY

    def get_access_token_secret(self, client_key: str, token: str, request: Any) -> str:
        known = self._oauth.granted.get(token)
        return known.secret if known is not None else _DUMMY

    def validate_client_key(self, client_key: str, request: Any) -> bool:
        return client_key in self._oauth.inventory.applications

    def validate_request_token(self, client_key: str, token: str, request: Any) -> bool:
        known = self._oauth.pending(token)
        return known is not None and known.application.key == client_key

    def validate_access_token(self, client_key: str, token: str, request: Any) -> bool:
        known = self._oauth.granted.get(token)
        return known is not None and known.application.key == client_key

    def validate_timestamp_and_nonce(
        self,
        client_key: str,
        timestamp: str,
        nonce: str,
        request: Any,
        request_token: str | None = None,
        access_token: str | None = None,
    ) -> bool:
        return nonce_of(request) not in self._oauth.nonces

    def validate_redirect_uri(self, client_key: str, redirect_uri: str, request: Any) -> bool:
        return len(redirect_uri) <= 2_000 and redirect_uri.isprintable()

    def validate_requested_realms(self, client_key: str, realms: list[str], request: Any) -> bool:
        return True

    def validate_realms(
        self, client_key: str, token: str, request: Any, uri: str | None = None, realms: list[str] | None = None
    ) -> bool:
        return True

    def get_default_realms(self, client_key: str, request: Any) -> list[str]:
        return []

    def get_realms(self, token: str, request: Any) -> list[str]:
        return []

    def validate_verifier(self, client_key: str, token: str, verifier: str, request: Any) -> bool:
        known = self._oauth.pending(token)
        return (
            known is not None
            and bool(known.verifier)
            and secrets.compare_digest(known.verifier.encode(), verifier.encode())
        )


def nonce_of(request: Any) -> tuple[str, str, str, str]:
    return (request.client_key, request.resource_owner_key or "", request.timestamp, request.nonce)


def _run(validate: Any, create: Any, signed: Signed) -> Any:
    try:
        request = create(signed.url, signed.method, signed.body, signed.headers)
        valid, checked = validate(request)
    except (OAuth1Error, ValueError) as error:
        raise OAuthRefused(str(error)) from None
    if not valid:
        raise OAuthRefused("The signature, the token or the verifier is not valid")
    return checked


def _keep(book: OrderedDict[str, Token], token: Token) -> None:
    book[token.token] = token
    if len(book) > MOST_TOKENS:
        book.popitem(last=False)


def _token() -> str:
    return secrets.token_hex(16)


def _secret() -> str:
    """Base64, with the characters that clients must encode in signing keys."""
    return base64.b64encode(secrets.token_bytes(31) + b"\xff").decode()
