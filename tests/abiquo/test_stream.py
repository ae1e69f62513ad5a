"""The outbound stream: server-sent events, for as long as both sides want."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from gatepost import Gatepost
from gatepost.abiquo.events import MOST_STREAMS
from tests.support.abiquo_client import AbiquoClient, Connector, connector, links_of
from tests.support.process import AT_ONCE, Serve
from tests.support.waiting import until

ATMOSPHERE = "X-Atmosphere-tracking-id=1b2c&X-Atmosphere-Framework=1.0&X-Atmosphere-Transport=sse"


@contextmanager
def stream(url: str, filters: str = "", user: str = "manager") -> Iterator[Iterator[dict[str, Any]]]:
    """The trace entities, from now on."""
    path = f"{url}/m/stream?{ATMOSPHERE}{filters}"
    with (
        httpx.Client(auth=(user, "gatepost"), trust_env=False, timeout=60, verify=False) as client,
        client.stream("GET", path) as response,
    ):
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.iter_lines()
        assert next(lines).startswith(":")
        yield (json.loads(line.removeprefix("data:")) for line in lines if line.startswith("data:"))


def test_workflow_events_come_as_they_happen(
    cloud: Gatepost, joe: AbiquoClient, approver: AbiquoClient, reviewed: Connector
) -> None:
    with stream(cloud.url) as events, stream(cloud.url, "&action=DEPLOY_CONTINUE") as filtered:
        task = joe.deploy()
        sent = next(events)
        assert (sent["entity"], sent["action"], sent["user"]) == ("VIRTUAL_MACHINE", "WORKFLOW_DEPLOY_SEND", "joe")
        path = links_of(joe.machine())["edit"].removeprefix(joe.root)
        assert sent["entityURI"] == f"/api{path}"
        approver.post(f"{task}/action/continue", "fine", headers={"Content-Type": "text/plain"})
        for heard in (next(events), next(filtered)):
            assert (heard["action"], heard["severity"]) == ("DEPLOY_CONTINUE", "INFO")
            assert "fine" in heard["message"]
    kinds = [entry.kind for entry in cloud.journal.after(0)]
    assert kinds.count("http.stream") >= 5


def test_others_hear_nothing_of_it(cloud: Gatepost, admin: AbiquoClient, joe: AbiquoClient) -> None:
    """Enterprises are kept apart on the stream too: what comes first is of the own one."""
    globex = admin.post("admin/enterprises", {"name": "globex"}, kind="enterprise").json
    with stream(cloud.url, user="joe") as events:
        admin.put(links_of(globex)["edit"], {**globex, "workflow": True}, kind="enterprise")
        [acme] = admin.get("admin/enterprises?has=acme").json["collection"]
        admin.put(links_of(acme)["edit"], {**acme, "workflow": True}, kind="enterprise")
        assert next(events)["entityName"] == "acme"


def test_streams_are_bounded_and_their_places_come_back(cloud: Gatepost) -> None:
    def refused() -> bool:
        with (
            httpx.Client(auth=("joe", "gatepost"), trust_env=False, timeout=60, verify=False) as client,
            client.stream("GET", f"{cloud.url}/m/stream") as response,
        ):
            return response.status_code == 503

    with ExitStack() as stack:
        for _ in range(MOST_STREAMS):
            stack.enter_context(stream(cloud.url))
        assert refused()
        cloud.reset()  # ends them all
        until(lambda: not refused())


def test_without_login_there_is_no_stream(cloud: Gatepost) -> None:
    assert httpx.get(f"{cloud.url}/m/stream", trust_env=False, timeout=60).status_code == 401


def test_signals_end_streams_and_requests_that_wait(tmp_path: Path) -> None:
    """Both park a thread of the real server, and neither holds up its end."""
    ended = threading.Event()
    with (
        connector(lambda one, message: 204 if ended.wait(60) else 500) as made,
        Serve(tmp_path, "--broker", "none", "--workflow-endpoint", made.url) as served,
        stream(served.url) as events,
        httpx.Client(auth=("joe", "gatepost"), trust_env=False, timeout=60) as joe,
        ThreadPoolExecutor() as pool,
    ):
        root = served.info["abiquo_api"]
        [web] = joe.get(f"{root}/cloud/virtualmachines?vmlabel=web").json()["collection"]
        asked = pool.submit(joe.post, links_of(web)["deploy"])
        made.take()
        assert next(events)["action"] == "WORKFLOW_DEPLOY_SEND"
        seconds = served.stop()
        ended.set()
        asked.exception(60)
    assert seconds < AT_ONCE
