"""Steps about connectors under attack."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from uuid import uuid4

from pytest_bdd import given, parsers, then, when

from gatepost.conformance.canary import Canary, Impostor
from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud import ask
from gatepost.conformance.vcloud.forging import Untold, with_doctype
from gatepost.conformance.verdict import Broken, NotApplicable

MB = 1024 * 1024
LEVELS, WIDTH = 7, 8
"""Of the entities that are made of entities: WIDTH to the power of LEVELS copies."""


@when("a notification names URLs in a document type, in entities and in inclusions", target_fixture="canary")
def _names_urls(scene: Scene) -> Canary:
    untold = Untold(scene)
    canary = scene.undo.enter_context(Canary('<!ENTITY x "x">'))
    at = f"http://127.0.0.1:{canary.port}"
    inclusion = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{at}/include" parse="text"/>'
    schema = (
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xsi:schemaLocation="http://www.vmware.com/vcloud/extension/v1.5 {at}/schema.xsd" type='
    )
    untold.tell(
        with_doctype(untold.text, f'SYSTEM "{at}/doctype"'),
        with_doctype(untold.text, f'[<!ENTITY % p SYSTEM "{at}/parameter"> %p;]'),
        with_doctype(untold.text, f'[<!ENTITY x SYSTEM "{at}/general">]', "&x;"),
        untold.text.replace("</vmext:Notification>", inclusion + "</vmext:Notification>"),
        untold.text.replace(" type=", schema, 1),
    )
    return canary


@then("none of them is fetched")
def _none_fetched(canary: Canary) -> None:
    if canary.caught:
        seen = ", ".join(f"{one.method} {one.path}" for one in canary.caught[:5])
        raise Broken("nothing of a message is fetched", f"{seen} at a server that the message named")


@when("a notification names a file in its entities", target_fixture="secret")
def _names_a_file(scene: Scene) -> str:
    untold = Untold(scene)
    secret = f"canary-{uuid4().hex}"
    folder = Path(scene.undo.enter_context(tempfile.TemporaryDirectory(prefix="gatepost-canary-")))
    file = folder / "secret.txt"
    folder.chmod(0o755)
    file.write_text(secret)
    general = f'<!ENTITY x SYSTEM "{file.as_uri()}">'
    nested = f'<!ENTITY % f SYSTEM "{file.as_uri()}"> %f; <!ENTITY x "none">'
    untold.tell(
        with_doctype(untold.text, f"[{general}]", "&x;"),
        with_doctype(untold.text, f"[{nested}]", "&x;"),
    )
    return secret


@then("nothing that the connector sends holds what is in the file")
def _not_sent(scene: Scene, secret: str) -> None:
    kinds = ("http.request", "amqp.publish")
    sent = [entry for entry in scene.entries() if entry.kind in kinds and entry.direction == "in"]
    leaks = [e for e in sent if secret in e.path or secret.encode() in e.body or secret in str(e.headers)]
    if leaks:
        seen = f"{leaks[0].method} {leaks[0].path} with the content of a file that the message named"
        raise Broken("no file's content in what it sends", seen, *leaks[:3])


@when(parsers.parse("a notification holds entities that would grow to {size:d} MB"), target_fixture="memory")
def _grows(scene: Scene, size: int) -> tuple[int, int]:
    """The most memory that the connector used before, and after."""
    untold = Untold(scene)
    connector = scene.bench.connector
    before = None if connector is None else connector.peak_memory()
    if connector is None or before is None:
        raise NotApplicable("a connector whose memory the harness can see", "this one runs where it cannot")
    most = [before]

    def watch() -> None:
        most[0] = max(most[0], connector.peak_memory() or 0)

    seed = "x" * (size * MB // WIDTH**LEVELS)
    entities = "".join(
        f'<!ENTITY e{n} "{f"&e{n - 1};" * WIDTH if n else seed}">' for n in range(LEVELS + 1)
    )  # the last one is made of all that came before
    untold.tell(with_doctype(untold.text, f"[{entities}]", f"&e{LEVELS};"), watch=watch)
    watch()
    return before, most[0]


@then(parsers.parse("its memory has not grown by {size:d} MB"))
def _not_grown(scene: Scene, memory: tuple[int, int], size: int) -> None:
    before, after = (part // MB for part in memory)
    if after - before >= size:
        seen = f"it used {before} MB at most before the message, and {after} MB with it{scene.how_it_ended}"
        raise Broken("memory that does not grow with a message's entities", seen)


@when("the links of a notification lead to another host", target_fixture="canary")
def _leads_elsewhere(scene: Scene) -> Canary:
    untold = Untold(scene)
    canary = scene.undo.enter_context(Canary())
    untold.tell(re.sub(r'(href=")https?://[^/"]*', rf"\1http://localhost:{canary.port}", untold.text))
    return canary


@then("that host is shown no credentials")
def _no_credentials(canary: Canary) -> None:
    shown = [one for one in canary.caught if one.credentials]
    if shown:
        seen = f"{shown[0].method} {shown[0].path} with {', '.join(shown[0].credentials)} at the host of the links"
        raise Broken("credentials for the cloud that it was configured with, and no other", seen)


# --- TLS ---


@given("the connector works for a cloud with TLS")
def _works_with_tls(scene: Scene) -> None:
    scene.move(tls=True)
    scene.be_at_work()
    ask(scene, "resume").takes("resume", scene.profile.patience)


@when("it is sent to a server whose certificate comes from another authority", target_fixture="impostor")
def _other_authority(scene: Scene) -> Impostor:
    return _sent_to(scene, "127.0.0.1", trusted=False)


@when("it is sent to a server whose certificate is that of another host", target_fixture="impostor")
def _other_host(scene: Scene) -> Impostor:
    return _sent_to(scene, "elsewhere.example", trusted=True)


@then("it ends the connection before it says anything")
def _says_nothing(scene: Scene, impostor: Impostor) -> None:
    scene.wait(lambda: impostor.refused or impostor.told, scene.profile.patience)
    scene.require(impostor.refused or impostor.told, "a connection to the server with the wrong certificate")
    if impostor.told:
        said = impostor.told[0].partition(b"\r\n")[0].decode("latin-1")
        raise Broken("an end of the connection as soon as the certificate is seen", f"it said {said!r} to that server")


def _sent_to(scene: Scene, host: str, *, trusted: bool) -> Impostor:
    """Start the connector for a server that is not its cloud."""
    folder = scene.undo.enter_context(tempfile.TemporaryDirectory(prefix="gatepost-impostor-"))
    Path(folder).chmod(0o755)
    impostor = scene.undo.enter_context(Impostor(host, Path(folder)))
    scene.bench.end_connector()
    there = {key: value for key, value in scene.bench.placeholders().items() if key in ("cloud_url", "vcloud_api")}
    scene.bench.instead = {
        key: value.replace(scene.cloud.url, f"https://127.0.0.1:{impostor.port}") for key, value in there.items()
    }
    if trusted:
        scene.bench.instead["ca_file"] = str(impostor.ca_file)
    scene.bench.start_connector(ready=False)
    return impostor
