"""Which certificates the cloud trusts when it talks to its broker over TLS (reference, section 6.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from gatepost.messaging import trust
from gatepost.messaging.trust import Trust
from gatepost.vcloud import xmlio
from gatepost.vcloud.errors import bad_request, no_access
from gatepost.vcloud.http import BODY_LIMIT, Call, Reply, Who, checked_id, route
from gatepost.vcloud.names import USER_VIEW, V, admin_type
from gatepost.vcloud.represent.settings import BASE
from gatepost.vcloud.represent.tasks import add_task
from gatepost.vcloud.uploads import Upload
from gatepost.vcloud.xmlio import Element

AMQP = BASE + "/amqp"


class Store(NamedTuple):
    """One of the two ways to hand certificates over, which take each other's place."""

    kind: str
    params: str
    socket: str
    action: str


STORES = (
    Store("certificate", "CertificateUpdateParams", "CertificateUploadSocket", "AmqpCertificate"),
    Store("truststore", "TrustStoreUpdateParams", "TrustStoreUploadSocket", "AmqpTruststore"),
)


def _routes_of(store: Store) -> None:
    file = store.action[0].lower() + store.action[1:]

    @route("POST", f"{AMQP}/action/update{store.action}", Who.SYSTEM)
    def update(call: Call) -> Reply:
        """The file comes later, to the URL in the answer. A password would open a Java keystore, which nobody can."""
        size = _size(call.body(V + store.params))
        with call.world.lock:
            operation = f"systemUpdate{store.action}"
            upload = call.dialect.uploads.announce(call.world, operation, call.user, store.kind, size)
            call.concerns(upload.task.task.id)
            location = call.href(f"/transfer/{upload.id}/{file}")
            element = xmlio.root(V + store.socket, USER_VIEW, uploadLocation=location)
            add_task(call, element, upload.task.task)
        return Reply(200, element, admin_type(store.socket[0].lower() + store.socket[1:] + "Type"))

    @route("POST", f"{AMQP}/action/reset{store.action}", Who.SYSTEM)
    def reset(call: Call) -> Reply:
        with call.world.lock:
            target = call.dialect.amqp
            if target.trust is not None and target.trust.kind == store.kind:
                call.dialect.set_amqp(replace(target, trust=None))
        return Reply(204)

    # Whoever sends a file says nothing of API versions.
    @route("PUT", f"/transfer/<id>/{file}", Who.SYSTEM, negotiated=False)
    def receive(call: Call, id: str) -> Reply:
        return _receive(call, checked_id(id))


for _store in STORES:
    _routes_of(_store)


def _receive(call: Call, id: str) -> Reply:
    call.require_whole_body()
    with call.world.lock:
        upload = _find(call, id)
        call.concerns(upload.task.task.id)
    found, problem = _read(upload, call.environ["gatepost.body"])
    with call.world.lock:
        # It may have been canceled meanwhile.
        call.dialect.uploads.end(_find(call, id), problem)
        if found is not None:
            call.dialect.set_amqp(replace(call.dialect.amqp, trust=found))
    if problem is not None:
        raise bad_request(problem)
    return Reply(200)


def _find(call: Call, id: str) -> Upload:
    upload = call.dialect.uploads.find(id)
    if upload is None:
        raise no_access("transfer", id)
    return upload


def _read(upload: Upload, content: bytes) -> tuple[Trust, None] | tuple[None, str]:
    """What is to be trusted, or why it cannot be."""
    if upload.size not in (None, len(content)):
        return None, f"{upload.size} bytes were announced, and {len(content)} have come."
    try:
        return trust.read(upload.kind, content), None
    except trust.Unreadable as error:
        return None, str(error)


def _size(body: Element) -> int | None:
    text = body.get("fileSize")
    if text is None:
        return None
    size = xmlio.long(text, "fileSize")
    if not 0 < size <= BODY_LIMIT:
        raise xmlio.invalid("fileSize", f"1 to {BODY_LIMIT} bytes are expected")
    return size
