"""VMware's command line, as published: a tenant's day, a provider's day, and blocking tasks between them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from gatepost import Gatepost
from tests.support.amqp import blocking_operations
from tests.support.client import VcloudClient
from tests.support.foreign_vcd import Ended, Vcd
from tests.support.tenant import href_of, the
from tests.support.waiting import until

# The first test of a machine installs vcd-cli.
pytestmark = pytest.mark.timeout(700)

MakeShell = Callable[[str], Vcd]
Connect = Callable[..., VcloudClient]


@pytest.fixture
def shell(vcd_cli: Path, tmp_path: Path) -> Iterator[MakeShell]:
    """Shells of users: `shell("alice")`."""
    with ExitStack() as open_shells:

        def make(name: str) -> Vcd:
            home = tmp_path / name
            home.mkdir()
            return open_shells.enter_context(Vcd(vcd_cli, home))

        yield make


def log_in(vcd: Vcd, world: Gatepost, org: str, user: str, version: str = "33.0") -> None:
    ended = vcd("login", world.url, org, user, "--password", "gatepost", "--version", version)
    vdc = "" if org == "System" else f"{org}-vdc"
    assert ended == (0, f"{user} logged in, org: '{org}', vdc: '{vdc}'")


def task_of(output: str) -> tuple[str, str]:
    """The bare UUID and the result in the line that ends a command which waited for its task."""
    line = output.splitlines()[-1]
    found = re.search(r"task: (?P<id>[0-9a-f-]{36}), .*result: (?P<result>\w+)", line)
    assert found, output
    return found["id"], found["result"]


def properties(ended: Ended) -> dict[str, str]:
    """What `vcd vapp info` printed; `-j` fails for every vApp, since vcd-cli cannot make JSON of a boolean in XML."""
    assert ended.code == 0, ended.output
    lines = (re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in ended.output.splitlines())
    return {line[0]: line[1] for line in lines if len(line) == 2}


def names(listed: Any) -> list[str]:
    return [one["name"] for one in listed]


@pytest.mark.parametrize("version", ["29.0", "33.0"])
def test_a_tenants_day(quick: Gatepost, shell: MakeShell, version: str) -> None:
    vcd = shell("orgadmin")
    log_in(vcd, quick, "acme", "orgadmin", version)

    assert vcd("-j", "org", "list").json == [{"name": "acme", "logged_in": True, "in_use": True}]
    acme = vcd("-j", "org", "info", "acme").json
    assert (acme["vdcs"], acme["catalogs"], acme["org_networks"]) == (["acme-vdc"], ["base-images"], ["acme-net"])
    assert vcd("org", "use", "acme").output == "now using org: 'acme', vdc: 'acme-vdc', vApp: ''."
    assert vcd("-j", "vdc", "list").json == [{"name": "acme-vdc", "org": "acme", "in_use": True}]
    assert vcd("vdc", "use", "acme-vdc").output == "now using org: 'acme', vdc: 'acme-vdc', vApp: ''."
    vdc = vcd("-j", "vdc", "info", "acme-vdc").json
    assert (vdc["vapp_templates"], vdc["networks"]) == (["centos", "two-tier"], ["acme-net"])
    assert names(vcd("-j", "catalog", "list").json) == ["base-images"]
    assert names(vcd("-j", "catalog", "list", "base-images").json) == ["centos", "two-tier"]

    template = ("--catalog", "base-images", "--template", "centos", "--network", "acme-net", "--vm-name", "web-vm")
    hardware = ("--cpu", "2", "--memory", "2048", "--ip-allocation-mode", "pool", "--accept-all-eulas")
    created, result = task_of(vcd("vapp", "create", "web", *template, *hardware).output)
    assert result == "success"
    task = vcd("-j", "task", "info", created).json
    assert (task["operationName"], task["status"], task["user"]) == ("vdcInstantiateVapp", "success", "orgadmin")
    [listed] = vcd("-j", "vapp", "list").json
    assert (listed["name"], listed["status"], listed["numberOfVMs"]) == ("web", "POWERED_ON", "1")
    [machine] = vcd("-j", "vapp", "list", "web").json
    assert (machine["name"], machine["numberOfCpus"], machine["memoryMB"]) == ("web-vm", "2", "2048")
    info = properties(vcd("vapp", "info", "web"))
    assert (info["status"], info["owner"], info["vm-1: 2 virtual CPU(s)"]) == ("Powered on", "orgadmin", "2")

    for operation, command in (
        ("vappUndeployPowerOff", ("vapp", "undeploy", "web", "--yes", "--action", "powerOff")),
        ("vdcUpdateVapp", ("vapp", "update-lease", "web", "3600")),
        ("vappDeploy", ("vapp", "power-on", "web")),
        ("vappSuspend", ("vapp", "suspend", "web")),
        ("vappDeploy", ("vapp", "power-on", "web")),
        ("vappPowerOff", ("vapp", "power-off", "web", "--yes")),
        ("vappCreateSnapshot", ("vapp", "create-snapshot", "web")),
        ("vdcCopyVapp", ("vapp", "copy", "web", "--name", "copy")),
        ("vdcCaptureTemplate", ("vapp", "capture", "web", "base-images", "captured")),
    ):
        task_id, result = task_of(vcd(*command).output)
        assert (result, vcd("-j", "task", "info", task_id).json["operationName"]) == ("success", operation)
    assert vcd("vapp", "acl", "share", "web").output == "Vapp 'web' shared to all members of the org 'acme'."
    assert vcd("vapp", "change-owner", "web", "alice").output == "vapp owner changed"
    assert properties(vcd("vapp", "info", "web"))["owner"] == "alice"
    assert names(vcd("-j", "catalog", "list", "base-images").json) == ["centos", "two-tier", "captured"]
    assert names(vcd("-j", "search", "vapp", "--filter", "name==cop*").json) == ["copy"]

    # Clones are powered on unless the client says otherwise, which vcd-cli does not.
    assert task_of(vcd("vapp", "undeploy", "copy", "--yes", "--action", "powerOff").output)[1] == "success"
    for name in ("web", "copy"):
        assert task_of(vcd("vapp", "delete", name, "--yes").output)[1] == "success"
    assert "not found" in vcd("vapp", "info", "web").output
    assert vcd("system", "amqp", "info").output.endswith("Error: Requires login as 'system administrator'.")
    assert vcd("logout").output == "orgadmin logged out."
    assert vcd("vapp", "list").code == 2


def test_a_providers_day(quick: Gatepost, shell: MakeShell, tmp_path: Path) -> None:
    vcd = shell("administrator")
    log_in(vcd, quick, "System", "administrator")
    assert names(vcd("-j", "org", "list").json) == ["System", "acme", "globex"]
    assert vcd("-j", "system", "info").json["name"]

    settings = vcd("-j", "system", "amqp", "info").json
    assert settings.pop("AmqpPassword") is None
    file = tmp_path / "amqp.json"
    file.write_text(json.dumps({**settings, "AmqpPrefix": "second"}))
    test, put = (("system", "amqp", verb, str(file), "--password") for verb in ("test", "set"))
    assert vcd(*test, "guest") == (0, "The configuration is valid.")
    wrong = vcd(*test, "wrong")
    assert "Error: The configuration is invalid: " in wrong.output, wrong
    assert vcd(*put, "guest") == (0, "Updated AMQP configuration.")
    assert vcd("-j", "system", "amqp", "info").json["AmqpPrefix"] == "second"

    extension = ("ticketing", "com.example.ticketing")
    registered = vcd("system", "extension", "create", *extension, "tickets", "vcdext", "/api/ticketing,/api/t/.*")
    assert registered == (0, "Extension registered.")
    [listed] = vcd("-j", "system", "extension", "list").json
    shown = ("name", "namespace", "routingKey", "exchange", "enabled")
    assert [listed[key] for key in shown] == [*extension, "tickets", "vcdext", "true"]
    info = vcd("-j", "system", "extension", "info", *extension).json
    assert sorted([info["filter_1"], info["filter_2"]]) == ["/api/t/.*", "/api/ticketing"]
    assert vcd("system", "extension", "delete", *extension, "--yes").code == 0
    assert vcd("-j", "system", "extension", "list").json == []

    assert vcd("org", "use", "acme").output == "now using org: 'acme', vdc: 'acme-vdc', vApp: ''."
    assert task_of(vcd("vapp", "create", "bought").output)[1] == "success"
    assert names(vcd("-j", "vapp", "list").json) == ["bought"]
    assert {"name": "vdcComposeVapp", "status": "success"}.items() <= vcd("-j", "task", "list").json[0].items()
    assert vcd("logout").code == 0


def test_wrong_password(quick: Gatepost, shell: MakeShell) -> None:
    vcd = shell("alice")
    for version in ("29.0", "33.0"):
        refused = vcd("login", quick.url, "acme", "alice", "--password", "wrong", "--version", version)
        assert refused.code == 2, refused
        assert "Error:" in refused.output
    log_in(vcd, quick, "acme", "alice")


def test_requests_that_wait_for_a_connector(quick: Gatepost, shell: MakeShell, connect: Connect) -> None:
    connector = connect(quick, "administrator@System", version="33.0")
    connector.put(*blocking_operations("vdcComposeVapp"))
    vcd, admin = shell("alice"), shell("administrator")
    log_in(vcd, quick, "acme", "alice")
    log_in(admin, quick, "System", "administrator")

    def held() -> dict[str, str]:
        """The hrefs of what waits, by the name of its vApp."""
        listed = connector.get("/api/admin/extension/blockingTasks").xml
        found = {}
        for reference in listed.iterfind("{*}Reference"):
            href = href_of(reference)
            task = connector.get(href_of(the(connector.get(href).xml, "Link[@rel='up']"))).xml
            found[the(task, "Owner").get("name", "")] = href
        return found

    # The installed command, which waits: it asks every 5 seconds.
    waiting = {name: vcd.start("vapp", "create", name) for name in ("approved", "declined", "broken")}
    until(lambda: len(held()) == 3)
    assert {task["status"] for task in admin("-j", "task", "list", "QUEUED", "RUNNING").json or [{"status": ""}]}
    hrefs = held()
    connector.resume(hrefs["approved"])
    connector.abort(hrefs["declined"])
    connector.fail(hrefs["broken"], "CMDB not reachable")
    ended = {name: vcd.end(process) for name, process in waiting.items()}

    assert [ended[name].code for name in waiting] == [0, 0, 0], ended
    assert [task_of(ended[name].output)[1] for name in waiting] == ["success", "aborted", "error"]
    assert "message: CMDB not reachable" in ended["broken"].output
    assert sorted(names(vcd("-j", "vapp", "list").json)) == ["approved", "broken"]
    again = vcd("task", "wait", task_of(ended["declined"].output)[0])
    assert task_of(again.output)[1] == "aborted"
