"""`Variation`: what one cloud varies now, and everything that is varied."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from gatepost.core.events import Event
from gatepost.messaging.message import Message
from gatepost.messaging.outbox import Pending
from gatepost.messaging.webhook import Webhook
from gatepost.variation import documents, notifications, objects, roots, tasks
from gatepost.variation.chance import Chance
from gatepost.variation.hrefs import Hrefs
from gatepost.variation.kinds import Kind
from gatepost.variation.order import shuffled_pairs

Headers = list[tuple[str, str]]

_HTTP_HEADERS = (
    ("X-Cell", "cell-4"),
    ("Cache-Control", "no-store, must-revalidate"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Trace", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ("X-Frame-Options", "DENY"),
    ("X-Backend", ""),
)
_CASES = ("lower", "upper", "swapped")


class Variation:
    """Varies what leaves a cloud, by its `seed`. Safe for all threads: the kinds are replaced, never changed.

    Responses and webhooks are numbered from the last `choose`; messages vary by the id of their event, so that one that
    is sent again is the same. `bases` tells where the hrefs of each dialect begin, without a slash at the end.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._hrefs = Hrefs(seed)
        self._prefix = roots.prefix(seed)
        self.bases: dict[str, str] = {}
        self.kinds: frozenset[Kind] = frozenset()
        self.moves = False
        """Whether paths that clients ask for may be others than those inside: since another root, or hrefs, were told
        of, even if they no longer are."""
        self._restart()

    def __bool__(self) -> bool:
        return bool(self.kinds)

    def choose(self, kinds: frozenset[Kind]) -> None:
        """Vary these from now on, as from the beginning."""
        self.moves = self.moves or bool(kinds & {Kind.ROOTS, Kind.HREFS})
        self.kinds = kinds
        self._restart()

    def _restart(self) -> None:
        self._answers, self._calls, self._heads = count(), count(), count()
        self._told = False

    # ------------------------------------------------------------------ addresses

    def root(self, url: str, *, may_rename: bool) -> str:
        """The cloud's URL as clients are to be told it."""
        return roots.moved(url, self._seed, may_rename=may_rename) if Kind.ROOTS in self.kinds else url

    @property
    def prefix(self) -> str:
        """What stands before all paths that clients are told."""
        return self._prefix if Kind.ROOTS in self.kinds else ""

    def without_prefix(self, path: str) -> str:
        """A path that a client asked for, below either root."""
        return path[len(self._prefix) :] if path.startswith(self._prefix + "/") else path

    def inside(self, path: str) -> str:
        """The path that routes know, of one below /api; a wrong one leads nowhere."""
        found = self._hrefs.find(path)
        return path if found.startswith("/api/~/") and Kind.HREFS not in self.kinds else found

    def understood(self, text: bytes) -> bytes:
        """What a client sent, with the URLs inside."""
        return self._hrefs.reveal(text)

    def href(self, href: str) -> str:
        """A URL of the vCloud API as clients are told it."""
        return self._hrefs.hide(href.encode(), self.bases["vcloud"]).decode() if Kind.HREFS in self.kinds else href

    # ------------------------------------------------------------------ what leaves

    def answer(self, dialect: str, headers: Headers, body: bytes, *, ours: bool) -> tuple[Headers, bytes]:
        """A response of a dialect. Of one that is not `ours`, but an extension service's or a rule's, the body is only
        looked through for hrefs."""
        chance = Chance(self._seed, self.kinds, next(self._answers))
        if Kind.HREFS in self.kinds and dialect == "vcloud":
            body = self._hrefs.hide(body, self.bases[dialect])
            headers = [(name, self.href(value) if name == "Location" else value) for name, value in headers]
        if ours and body:
            body = _content(dialect, self.bases[dialect], headers, body, chance)
        headers = [(name, str(len(body)) if name.lower() == "content-length" else value) for name, value in headers]
        if (source := chance.of(Kind.HEADERS)) is not None:
            headers = [*headers, *source.sample(_HTTP_HEADERS, source.randint(1, 3))]
        if (source := chance.of(Kind.ORDER)) is not None:
            headers = shuffled_pairs(headers, source)
        return headers, body

    def message(self, pending: Pending, message: Message) -> Message:
        """A notification."""
        chance = Chance(self._seed, self.kinds, f"{pending.event.id}/{pending.form}")
        return notifications.vary(message, self.bases["vcloud"], chance)

    def strangers(self, event: Event) -> list[Event]:
        """Events of unknown types that are told with this one."""
        source = Chance(self._seed, self.kinds, event.id).of(Kind.EVENTS)
        if source is None:
            return []
        first, self._told = not self._told, True
        return notifications.strangers(event, source, surely=first)

    def webhook(self, webhook: Webhook) -> Webhook:
        """A call of an Abiquo connector."""
        if not self.kinds:
            return webhook
        chance = Chance(self._seed, self.kinds, f"webhook {next(self._calls)}")
        vary = tasks.vary_xml if "xml" in webhook.headers["Content-Type"] else tasks.vary_json
        headers = list(webhook.headers.items())
        if (source := chance.of(Kind.HEADERS)) is not None:
            headers += source.sample(_HTTP_HEADERS, source.randint(1, 3))
        if (source := chance.of(Kind.ORDER)) is not None:
            headers = shuffled_pairs(headers, source)
        return replace(webhook, headers=dict(headers), body=vary(webhook.body, "", chance, message=True))

    def case(self) -> str | None:
        """In which letters the names of an answer's headers come; None for as they are."""
        source = Chance(self._seed, self.kinds, next(self._heads)).of(Kind.CASE)
        return None if source is None else source.choice(_CASES)


def _content(dialect: str, base: str, headers: Headers, body: bytes, chance: Chance) -> bytes:
    media_type = next((value for name, value in headers if name.lower() == "content-type"), "").partition(";")[0]
    if media_type.endswith(("+json", "/json")):
        if dialect == "abiquo":
            return tasks.vary_json(body, base + "/", chance, message=False)
        document = objects.read(body)
        return body if document is None else objects.write(document, chance)
    if not media_type.endswith(("xml", "+xml")):
        return body
    return (
        tasks.vary_xml(body, base + "/", chance, message=False)
        if dialect == "abiquo"
        else documents.vary(body, base, chance)
    )
