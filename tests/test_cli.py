"""The command line, as a process: what it prints, where it listens, how it ends."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import signal
import socket
import ssl
import stat
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from gatepost import __version__
from gatepost.settings import Settings
from tests.support.amqp import amqp_settings
from tests.support.client import VcloudClient
from tests.support.process import AT_ONCE, Serve, gatepost
from tests.support.proxy import Proxy
from tests.support.tenant import ask, find_places
from tests.support.waiting import until

ANYWHERE = "amqp://guest:guest@127.0.0.1:5672/%2F"


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port on which nobody listens, kept from everybody but a server."""
    with Proxy(ANYWHERE) as proxy:
        yield proxy.port


def control(url: str, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(trust_env=False, timeout=60) as client:
        reply = client.request(method, f"{url}/gatepost{path}", json=body, headers=headers)
    assert reply.status_code == 200, reply.text
    return reply.json()


# --- ready file ----------------------------------------------------------------------------------------------------


def test_the_ready_file_tells_where_everything_is(tmp_path: Path) -> None:
    with Serve(tmp_path, "--seed", "7") as served:
        info = served.info
        port = int(info["cloud_url"].rpartition(":")[2])
        assert port > 0
        assert info["cloud_url"] == f"http://127.0.0.1:{port}"
        assert info["vcloud_api"] == f"{info['cloud_url']}/api"
        assert info["control_url"] == f"{info['cloud_url']}/gatepost"
        assert (info["version"], info["seed"], info["clock"]) == (__version__, 7, "real")
        assert info["amqp_url"].startswith("amqp://guest:guest@127.0.0.1:")
        assert (info["amqp_exchange"], info["broker"] in ("waiting", "connected")) == ("systemExchange", True)
        assert info["abiquo_api"] == f"{info['cloud_url']}/abiquo/api"
        mine = [account for account in info["accounts"] if account["dialect"] == "vcloud"]
        accounts = [(account["user"], account["password"]) for account in mine]
        users = ["administrator@System", "orgadmin@acme", "alice@acme", "bob@globex"]
        assert accounts == [(user, "gatepost") for user in users]
        for account in mine:
            with VcloudClient(info["cloud_url"]) as client:
                client.login(account["user"], account["password"])
        # The broker may have been reached, and have taken something, since.
        moving = {"outbox": None, "broker": None}
        assert {**control(served.url, "GET", "/info"), **moving} == {**info, **moving}
        assert stat.S_IMODE(served.ready_file.stat().st_mode) == 0o600
        served.stop()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["stderr", "stdout"]


def test_only_the_ready_file_tells_the_brokers_password(tmp_path: Path, free_port: int) -> None:
    with Serve(tmp_path, "--broker", f"amqp://gate:s%2Fcret@127.0.0.1:{free_port}/tenants") as served:
        assert served.info["amqp_url"] == f"amqp://gate:s%2Fcret@127.0.0.1:{free_port}/tenants"
        assert control(served.url, "GET", "/info")["amqp_url"] == f"amqp://gate@127.0.0.1:{free_port}/tenants"
        served.stop()
        assert "cret" not in served.output + served.errors


def test_a_ready_file_that_cannot_be_written(tmp_path: Path) -> None:
    run = gatepost("serve", "--port", "0", "--ready-file", str(tmp_path / "no" / "ready.json"))
    assert run.returncode == 1
    assert "cannot write the ready file" in run.stderr
    assert "No such file or directory" in run.stderr


# --- how it ends ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_whoever_waits(tmp_path: Path, number: signal.Signals) -> None:
    with Serve(tmp_path) as served, contextlib.ExitStack() as stack:
        polls = [http.client.HTTPConnection(served.url.removeprefix("http://"), timeout=60) for _ in range(3)]
        for poll in polls:
            stack.callback(poll.close)
            poll.request("GET", "/gatepost/journal?wait=60&kind=nothing")
        # All of these requests are answered while the polls wait.
        with VcloudClient(served.url) as alice:
            alice.login()
            ask(alice, "held")
            assert served.stop(number) < AT_ONCE
        assert [json.load(poll.getresponse())["entries"] for poll in polls] == [[]] * 3
    assert "stopping" in served.errors


def test_a_signal_ends_it_at_once_whatever_was_injected(tmp_path: Path) -> None:
    with Serve(tmp_path, GATEPOST_TAP="1") as served, contextlib.ExitStack() as stack:
        control(served.url, "POST", "/faults", {"effect": {"kind": "http.delay", "seconds": 600}})
        hang = {"effect": {"kind": "http.hang"}, "match": {"path": "/api/sessions"}}
        control(served.url, "POST", "/faults", hang)
        for path in ("/api/versions", "/api/sessions"):
            request = http.client.HTTPConnection(served.url.removeprefix("http://"), timeout=60)
            stack.callback(request.close)
            request.request("GET", path)
        until(lambda: sum(rule["hits"] for rule in control(served.url, "GET", "/faults")["faults"]) == 2)
        assert served.stop() < AT_ONCE


@pytest.mark.parametrize("broker", ["connected", "away", "hung"])
def test_no_broker_keeps_it_from_ending(tmp_path: Path, amqp_url: str, broker: str) -> None:
    with Proxy(amqp_url) as proxy:
        if broker != "away":
            proxy.listen()
        with Serve(tmp_path, "--broker", proxy.url) as served:
            state = "waiting" if broker == "away" else "connected"
            until(lambda: control(served.url, "GET", "/info")["broker"] == state)
            if broker == "hung":
                proxy.hang()
            with VcloudClient(served.url) as alice:
                alice.login()
                ask(alice, "held")
            assert served.stop() < AT_ONCE


def test_an_interrupted_test_of_a_broker_does_not_keep_it_from_ending(tmp_path: Path) -> None:
    heard = threading.Event()

    def accept() -> None:
        with contextlib.suppress(OSError), listener.accept()[0] as connection:
            heard.set()
            while connection.recv(1024):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as pool, Serve(tmp_path) as served:
        pool.submit(accept)
        with VcloudClient(served.url) as administrator:
            administrator.login("administrator@System")
            path, body, kind = amqp_settings(f"amqp://guest:guest@127.0.0.1:{listener.getsockname()[1]}/")
            pool.submit(administrator.post, f"{path}/action/test", body, kind)
            assert heard.wait(60)
            assert served.stop() < AT_ONCE


def test_what_it_says_while_it_serves(tmp_path: Path) -> None:
    with Serve(tmp_path) as served:
        until(lambda: "broker" in served.output)
        served.stop()
        lines = served.output.splitlines()
    assert lines[0] == f"Gatepost {__version__} serves"
    assert f"{served.url}/api" in lines[1]
    assert "alice@acme" in lines[1]
    assert f"{served.url}/abiquo/api" in lines[2]
    assert f"{served.url}/gatepost" in lines[3]
    assert "amqp://guest:guest@127.0.0.1:" in lines[4]


# --- where it listens ----------------------------------------------------------------------------------------------


def test_a_taken_default_port_falls_back_and_says_so(tmp_path: Path) -> None:
    files, serving = tmp_path / "tmp", tmp_path / "serving"
    files.mkdir()
    serving.mkdir()
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # taken already, which is as good
            stack.enter_context(socket.create_server(("127.0.0.1", 8080)))
        with Serve(serving, "--tls", port=None, TMPDIR=str(files)) as served:
            port = served.url.rpartition(":")[2]
            assert f"PORT 8080 IS TAKEN: serving on port {port} instead." in served.errors
            served.stop()
    assert not list(files.iterdir())


@pytest.mark.parametrize("how", ["flag", "environment"])
def test_a_taken_port_that_was_asked_for_is_an_error(how: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        run = gatepost("serve", "--port", port) if how == "flag" else gatepost("serve", GATEPOST_PORT=port)
    assert run.returncode == 1
    assert run.stderr == (
        f"Error: cannot listen on 127.0.0.1 port {port}: Address already in use. "
        "Choose another with --port, or --port 0 for a free one.\n"
    )


@pytest.mark.parametrize("host", ["no-such-name.invalid", "192.0.2.1"])
def test_an_address_that_is_not_ours(host: str) -> None:
    run = gatepost("serve", "--host", host, "--port", "0")
    assert run.returncode == 1
    assert run.stderr.startswith(f"Error: cannot listen on {host} port 0: ")
    assert run.stderr.endswith(". Choose another --host.\n")


def test_beyond_this_machine_the_control_api_needs_a_token(tmp_path: Path) -> None:
    with Serve(tmp_path, "--host", "0.0.0.0") as served:
        assert served.url.startswith("http://127.0.0.1:")
        until(lambda: "broker" in served.output)
        assert "closed: beyond this machine it needs a --control-token" in served.output
        run = gatepost("request", "instantiate", "--name", "x", "--url", served.url)
        assert run.returncode == 1
        assert "start with --control-token" in run.stderr
        with VcloudClient(served.url) as alice:
            alice.login()
        served.stop()


def test_with_a_token_the_control_api_is_open(tmp_path: Path) -> None:
    with Serve(tmp_path, "--host", "0.0.0.0", "--control-token", "s3cret") as served:
        assert "closed" not in served.output
        assert control(served.url, "GET", "/info", token="s3cret")["cloud_url"] == served.url
        run = gatepost("request", "instantiate", "--name", "x", "--url", served.url, "--no-wait")
        assert (run.returncode, run.stderr) == (
            1,
            "Error: Send the control token as `Authorization: Bearer TOKEN`.\n",
        )
        told = gatepost(
            *("request", "instantiate", "--name", "x", "--url", served.url, "--no-wait"),
            GATEPOST_CONTROL_TOKEN="s3cret",
        )
        assert told.returncode == 0, told.stderr
        served.stop()
        assert "s3cret" not in served.output + served.errors


def test_public_url(tmp_path: Path) -> None:
    with Serve(tmp_path, "--public-url", "https://cloud.example.com:8443/") as served:
        assert served.url == "https://cloud.example.com:8443"
        until(lambda: "https://cloud.example.com:8443/api" in served.output)


# --- TLS -----------------------------------------------------------------------------------------------------------


def test_tls(tmp_path: Path) -> None:
    with Serve(tmp_path, "--tls") as served:
        ca_file = Path(served.info["ca_file"])
        until(lambda: f"CA file      {ca_file}" in served.output)
        assert served.url.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=ca_file)
        with httpx.Client(verify=context, trust_env=False, timeout=60) as client:
            versions = client.get(f"{served.url}/api/versions")
            assert versions.status_code == 200
        assert f"<LoginUrl>{served.url}/api/sessions</LoginUrl>" in versions.text
        localhost = served.url.replace("127.0.0.1", "localhost")
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(f"{localhost}/gatepost/health", timeout=60) as health:
            assert json.load(health) == {"status": "ok"}
        request = ("request", "instantiate", "--name", "x", "--no-wait", "--url", served.url)
        refused = gatepost(*request)
        assert refused.returncode == 1
        assert "certificate verify failed" in refused.stderr
        assert "SSL_CERT_FILE" in refused.stderr
        trusted = gatepost(*request, SSL_CERT_FILE=str(ca_file))
        assert trusted.returncode == 0, trusted.stderr
        served.stop()
    assert not ca_file.parent.exists()


def greet(served: Serve, port: int, name: str) -> None:
    """A TLS handshake with a server that must be `name`."""
    context = ssl.create_default_context(cafile=served.info["ca_file"])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as connection,
        context.wrap_socket(connection, server_hostname=name),
    ):
        pass


def test_the_certificate_is_for_the_public_url_too(tmp_path: Path, free_port: int) -> None:
    with Serve(tmp_path, "--tls", "--public-url", "https://cloud.example.com", port=str(free_port)) as served:
        greet(served, free_port, "cloud.example.com")
        with pytest.raises(ssl.SSLCertVerificationError):
            greet(served, free_port, "example.com")


# --- options -------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_identifiers(tmp_path: Path) -> None:
    found: list[tuple[str, ...]] = []
    for number, seed in enumerate(("3", "3", "4")):
        folder = tmp_path / str(number)
        folder.mkdir()
        with Serve(folder, "--seed", seed) as served, VcloudClient(served.url) as alice:
            alice.login()
            hrefs = (*find_places(alice), *ask(alice, "web-01"))
            found.append(tuple(href.removeprefix(served.url) for href in hrefs))
            served.stop()
    first, second, other = found
    assert first == second
    assert not set(first) & set(other)


def test_every_flag_is_an_environment_variable(tmp_path: Path, free_port: int) -> None:
    variables = {
        "GATEPOST_HOST": "localhost",
        "GATEPOST_PORT": str(free_port),
        "GATEPOST_PUBLIC_URL": "https://cloud.example.com",
        "GATEPOST_TLS": "1",
        "GATEPOST_BROKER": "amqp://guest:guest@127.0.0.1:1/tenants",
        "GATEPOST_SEED": "12",
        "GATEPOST_CLOCK": "manual",
        "GATEPOST_SET": "work.scale=3\n blockingTask.timeout_message=Too late, sorry \n",
        "GATEPOST_READY_FILE": str(tmp_path / "ready.json"),
        "GATEPOST_CONTROL_TOKEN": "s3cret",
        "GATEPOST_ALLOWED_HOST": "one.example.com two.example.com",
        # Not ours, though it looks so: images and clusters set it.
        "GATEPOST_VERSION": "1.2.3",
    }
    with Serve(tmp_path, port=None, **variables) as served:
        info = served.info
        assert (info["cloud_url"], info["seed"], info["clock"]) == ("https://cloud.example.com", 12, "manual")
        assert info["amqp_url"] == variables["GATEPOST_BROKER"]
        context = ssl.create_default_context(cafile=info["ca_file"])
        headers = {"Authorization": "Bearer s3cret"}
        with httpx.Client(verify=context, trust_env=False, timeout=60, headers=headers) as client:
            settings = client.get(f"https://localhost:{free_port}/gatepost/settings").json()
        assert settings["work.scale"] == 3.0
        assert settings["blockingTask.timeout_message"] == "Too late, sorry"
        for name in ("one.example.com", "two.example.com"):
            greet(served, free_port, name)
        served.stop()


def test_a_flag_wins_over_its_variable(tmp_path: Path) -> None:
    with Serve(tmp_path, "--clock", "x10", GATEPOST_CLOCK="manual", GATEPOST_PORT="99999") as served:
        assert served.info["clock"] == "x10"


def test_settings(tmp_path: Path) -> None:
    with Serve(tmp_path, "--set", "work.scale=0", "--set", "vcloud.versions=5.5, 27.0,33.0") as served:
        settings = control(served.url, "GET", "/settings")
        assert (settings["work.scale"], settings["vcloud.versions"]) == (0.0, ["5.5", "27.0", "33.0"])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--no-such-flag"], "No such option"),
        (["--port", "65536"], "65536 is not in the range"),
        (["--port", "http"], "'http' is not a valid integer"),
        (["--seed", "x"], "'x' is not a valid integer"),
        (["--set", "work.scale"], "'work.scale' is not KEY=VALUE"),
        (["--set", "work.speed=1"], "there is no setting 'work.speed'; `gatepost serve --help-settings` lists them"),
        (["--set", "work.scale=fast"], "work.scale: Input should be a valid number"),
        (["--set", "work.scale=-1"], "work.scale: Input should be greater than or equal to 0"),
        (["--set", "http.expired_token_old=402"], "http.expired_token_old: Input should be"),
        (["--broker", "rabbit.example.com"], "the broker must be given as amqp://user:password@host:port/vhost"),
        (["--broker", "amqp://host:port/"], "the broker must be given as amqp://user:password@host:port/vhost"),
        (["--clock", "fast"], "'fast' is no clock: real, manual or a factor such as x10 is expected"),
        (["--clock", "x0"], "'x0' is no clock"),
        (["--public-url", "cloud.example.com"], "is no address such as https://cloud.example.com"),
        (["--public-url", "ftp://cloud.example.com"], "is no address such as https://cloud.example.com"),
        (["--control-token", "two words"], "a control token"),
        (["extra"], "unexpected extra argument"),
    ],
)
def test_what_it_does_not_understand(arguments: list[str], complaint: str) -> None:
    run = gatepost("serve", "--port", "0", *arguments)
    assert run.returncode == 2
    assert "Usage: gatepost serve" in run.stderr
    assert complaint in " ".join(run.stderr.split())
    assert run.stdout == ""


def test_a_broker_that_cannot_be_reached(tmp_path: Path, free_port: int) -> None:
    with Serve(tmp_path, "--broker", f"amqp://guest:guest@127.0.0.1:{free_port}/") as served:
        until(lambda: control(served.url, "GET", "/info")["broker_problem"])
        info = control(served.url, "GET", "/info")
        assert (info["broker"], info["broker_problem"]) == ("waiting", "Connection refused")
        assert control(served.url, "GET", "/health") == {"status": "ok"}
        until(lambda: f"broker       amqp://guest:guest@127.0.0.1:{free_port}/%2F" in served.output)
        with VcloudClient(served.url) as alice:
            alice.login()
            ask(alice, "held")
        assert len(control(served.url, "GET", "/holds")["holds"]) == 1
        served.stop()
        # Once, though it tried several times.
        assert served.errors.count("Connection refused") == 1
        assert "trying again" in served.errors


# --- help ----------------------------------------------------------------------------------------------------------


def test_help() -> None:
    run = gatepost("--help")
    assert run.returncode == 0
    assert "serve" in run.stdout
    assert "request" in run.stdout
    assert "GATEPOST_READY_FILE" in run.stdout
    assert gatepost("-h").stdout == run.stdout


def test_version() -> None:
    run = gatepost("--version")
    assert (run.returncode, run.stdout) == (0, f"gatepost, version {__version__}\n")


def test_help_of_serve() -> None:
    text = " ".join(gatepost("serve", "--help").stdout.split())
    for part in (
        "--host TEXT Address to listen on. [default: 127.0.0.1]",
        "--port INTEGER RANGE 0 takes a free one. [default: 8080; 0<=x<=65535]",
        "--broker embedded|none|AMQP_URL Where notifications go: our own broker, nowhere, or",
        "--amqp-port INTEGER RANGE Of the embedded broker; 0 takes a free one. [default: 5672; 0<=x<=65535]",
        "--tap Serve through taps, so that connections can be broken (docs/faults.md).",
        "--clock real|manual|xN How time passes. [default: real]",
        "--set KEY=VALUE A setting; may be repeated.",
        "--help-settings List all settings and exit.",
    ):
        assert part in text


def test_help_of_settings() -> None:
    run = gatepost("serve", "--help-settings")
    assert run.returncode == 0
    lines = run.stdout.splitlines()
    assert lines[lines.index("work.scale=1.0") + 1] == "    factor on simulated work of 0.2 s a step"
    assert "vcloud.versions=1.5,5.1,5.5,5.6,5.7,9.0,27.0,29.0,30.0,31.0,32.0,33.0" in lines
    named = {line.partition("=")[0] for line in lines if not line.startswith(" ")}
    assert named == {field.alias for field in Settings.model_fields.values()}


# --- request -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    with Serve(tmp_path_factory.mktemp("served"), "--set", "work.scale=0") as serving:
        yield serving


def decided(served: Serve, decision: str, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`gatepost request` for a vApp, and what became of it after a decision through the control API."""
    with ThreadPoolExecutor() as pool:
        asking = pool.submit(gatepost, "request", *arguments, "--name", name, "--url", served.url)
        until(lambda: _hold_of(served, name) or asking.done())
        control(
            served.url, "POST", f"/holds/{_hold_of(served, name)}/decision", {"decision": decision, "message": "So"}
        )
        return asking.result()


def _hold_of(served: Serve, name: str) -> str | None:
    holds = control(served.url, "GET", "/holds")["holds"]
    return next((hold["id"] for hold in holds if hold["owner"]["name"] == name), None)


def test_a_request_that_is_approved(served: Serve) -> None:
    run = decided(served, "resume", "ok-1", "instantiate", "--template", "two-tier", "--user", "orgadmin@acme")
    assert (run.returncode, run.stderr) == (0, "")
    first, last = run.stdout.splitlines()
    assert first.startswith("vdcInstantiateVapp ok-1: preRunning, held: ")
    assert last == "vdcInstantiateVapp ok-1: success"
    undeployed = decided(served, "resume", "ok-1", "undeploy")
    assert undeployed.stdout.splitlines()[-1] == "vappUndeployPowerOff ok-1: success"


def test_a_request_that_is_declined(served: Serve) -> None:
    run = decided(served, "abort", "deny-1", "instantiate")
    assert (run.returncode, run.stderr) == (1, "")
    assert run.stdout.splitlines()[-1] == "vdcInstantiateVapp deny-1: aborted (So)"


def test_a_request_that_nobody_waits_for(served: Serve) -> None:
    run = gatepost("request", "instantiate", "--name", "later-1", "--url", served.url, "--no-wait")
    assert run.returncode == 0
    assert run.stdout == f"vdcInstantiateVapp later-1: preRunning, held: {_hold_of(served, 'later-1')}\n"


def test_a_request_that_takes_too_long(served: Serve) -> None:
    run = gatepost("request", "instantiate", "--name", "late-1", "--url", served.url, "--timeout", "0.2")
    assert run.returncode == 1
    assert "the task is still preRunning after 0.2 s" in run.stderr
    assert f"{served.url}/gatepost/holds" in run.stderr


def test_the_flags_of_request_are_environment_variables(served: Serve) -> None:
    run = gatepost(
        *("request", "instantiate"),
        GATEPOST_URL=served.url,
        GATEPOST_NAME="environment-1",
        GATEPOST_USER="bob@globex",
        GATEPOST_TEMPLATE="centos",
        GATEPOST_WAIT="0",
        # Proxies are not for an emulator.
        http_proxy="http://127.0.0.1:9",
        HTTP_PROXY="http://127.0.0.1:9",
        no_proxy="",
    )
    assert run.returncode == 0, run.stderr
    [hold] = [one for one in control(served.url, "GET", "/holds")["holds"] if one["owner"]["name"] == "environment-1"]
    assert hold["user"] == "bob@globex"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["dance", "--name", "x"], "there is no operation 'dance'; there are instantiate, compose, "),
        (["instantiate", "--name", "x", "--user", "nobody@acme"], "nobody"),
        (["instantiate", "--name", "x", "--user", "alice"], "the user must be given as name@organization"),
        (["instantiate", "--name", "x", "--template", "vms"], "vms"),
        (["delete", "--name", "no-such-vapp"], "no-such-vapp"),
    ],
)
def test_a_request_that_the_cloud_refuses(served: Serve, arguments: list[str], complaint: str) -> None:
    run = gatepost("request", *arguments, "--url", served.url)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("Error: ")
    assert len(run.stderr.splitlines()) == 1
    assert complaint in run.stderr


def test_a_request_to_nobody(free_port: int) -> None:
    url = f"http://127.0.0.1:{free_port}"
    run = gatepost("request", "instantiate", "--name", "x", "--url", url)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == (
        f"Error: no cloud answers at {url}: [Errno 111] Connection refused. Start one with `gatepost serve`.\n"
    )


def test_a_request_to_something_else(tmp_path: Path) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        try:
            run = gatepost("request", "instantiate", "--name", "x", "--url", f"http://127.0.0.1:{other.server_port}")
        finally:
            other.shutdown()
            thread.join()
    assert run.returncode == 1
    assert "HTTP status 501" in run.stderr
