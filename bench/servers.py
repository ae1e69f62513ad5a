"""Which WSGI server? The same Flask route under each, one process each, asked by the same client with keep-alive.

Run by hand on a quiet machine, about a minute: `python -m bench.servers`. Servers that are not installed are skipped.
The ratios compare within one round, because a shared machine drifts from round to round.
"""

from __future__ import annotations

import http.client
import importlib.util
import logging
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from gatepost.serving import ServerFactory

ROUNDS = 10
CONNECTIONS = 8
REQUESTS = 150
"""For each connection in each round."""

NOISY = 0.15


# --- the server's process ------------------------------------------------------------------------------------------


def make_app() -> Any:
    """A Flask route that renders a task of 1.2 kB with lxml, and one that tells the processor time used so far."""
    from flask import Flask, Response
    from lxml import etree

    app = Flask(__name__)

    @app.get("/task")
    def task() -> Response:
        root = etree.Element("Task", {"name": "task", "status": "running", "href": "http://127.0.0.1/api/task/1"})
        for number in range(9):
            link = {"rel": "up", "href": f"http://127.0.0.1/api/vApp/vapp-{number}"}
            etree.SubElement(root, "Link", link, type="application/vnd.vmware.vcloud.vApp+xml")
        return Response(etree.tostring(root), mimetype="application/vnd.vmware.vcloud.task+xml")

    @app.get("/cpu")
    def cpu() -> str:
        return repr(time.process_time())

    return app.wsgi_app


def announce(port: int) -> None:
    print(port, flush=True)


def serve_ours(make: ServerFactory) -> None:
    server = make(make_app())
    server.start()
    announce(server.port)
    threading.Event().wait()


def serve_granian() -> None:
    from gatepost.serving.granian import GranianServer

    serve_ours(GranianServer)


def serve_threaded() -> None:
    from gatepost.serving.threaded import ThreadedServer

    serve_ours(ThreadedServer)


def serve_gunicorn() -> None:
    base = import_module("gunicorn.app.base").BaseApplication

    class Application(base):  # type: ignore[misc, valid-type]  # loaded by name: it need not be installed
        def load_config(self) -> None:
            options = {
                "bind": "127.0.0.1:0",
                "worker_class": "gthread",
                "threads": CONNECTIONS,
                "keepalive": 75,
                "loglevel": "error",
                "when_ready": lambda arbiter: announce(arbiter.LISTENERS[0].sock.getsockname()[1]),
            }
            for key, value in options.items():
                self.cfg.set(key, value)

        def load(self) -> Any:
            return make_app()

    Application().run()


def serve_cheroot() -> None:
    server = import_module("cheroot.wsgi").Server(("127.0.0.1", 0), make_app(), numthreads=CONNECTIONS)
    server.prepare()
    announce(server.bind_addr[1])
    server.serve()


def serve_waitress() -> None:
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it tells of every queued request
    server = import_module("waitress.server").create_server(make_app(), host="127.0.0.1", port=0, threads=CONNECTIONS)
    announce(server.effective_port)
    server.run()


def serve_werkzeug() -> None:
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Handler(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"  # else it closes after each response

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, make_app(), threaded=True, request_handler=Handler)
    announce(server.port)
    server.serve_forever()


SERVERS: dict[str, tuple[str, Callable[[], None]]] = {
    "GranianServer": ("granian", serve_granian),
    "ThreadedServer": ("gatepost", serve_threaded),
    "gunicorn gthread": ("gunicorn", serve_gunicorn),
    "cheroot": ("cheroot", serve_cheroot),
    "waitress": ("waitress", serve_waitress),
    "werkzeug threaded": ("werkzeug", serve_werkzeug),
}


# --- the client's process ------------------------------------------------------------------------------------------


@dataclass
class Subject:
    """One server under measurement: requests a second and processor seconds a request, one entry for each round."""

    name: str
    process: subprocess.Popen[str]
    port: int
    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)


def start(name: str) -> Subject:
    command = [sys.executable, "-m", "bench.servers", name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"{name} did not start; run `python -m bench.servers '{name}'` to see why.")
    return Subject(name, process, int(line))


def cpu_seconds(port: int) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/cpu")
    seconds = float(connection.getresponse().read())
    connection.close()
    return seconds


def measure(subject: Subject) -> None:
    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", subject.port, timeout=30)
        for _ in range(REQUESTS):
            connection.request("GET", "/task")
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                raise RuntimeError(f"{subject.name} answered {response.status}")
        connection.close()

    clients = [threading.Thread(target=ask) for _ in range(CONNECTIONS)]
    cpu, began = cpu_seconds(subject.port), time.perf_counter()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    total = CONNECTIONS * REQUESTS
    subject.rates.append(total / (time.perf_counter() - began))
    subject.costs.append((cpu_seconds(subject.port) - cpu) / total)


def ratio(values: list[float], base: list[float]) -> str:
    """The median of the rounds' ratios and their interquartile spread, unless that spread makes it meaningless."""
    ratios = [value / against for value, against in zip(values, base, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    spread = (high - low) / middle
    return f"noisy ({spread:.0%})" if spread > NOISY else f"{middle:.2f} ±{spread / 2:.0%}"


def report(subjects: list[Subject]) -> None:
    fastest = max(subjects, key=lambda subject: statistics.median(subject.rates))
    print(f"{ROUNDS} rounds, {CONNECTIONS} connections kept alive, {CONNECTIONS * REQUESTS} requests a round.")
    print(f"Ratios to {fastest.name}: median ± half the interquartile range.\n")
    print(f"{'server':22}{'requests/s':>12}{'ratio':>16}{'CPU µs/request':>18}{'ratio':>16}")
    for subject in sorted(subjects, key=lambda subject: -statistics.median(subject.rates)):
        rate, cost = statistics.median(subject.rates), statistics.median(subject.costs) * 1e6
        rates, costs = ratio(subject.rates, fastest.rates), ratio(subject.costs, fastest.costs)
        print(f"{subject.name:22}{rate:12.0f}{rates:>16}{cost:18.0f}{costs:>16}")


def main() -> None:
    subjects: list[Subject] = []
    try:
        for name, (package, _) in SERVERS.items():
            if importlib.util.find_spec(package) is None:
                print(f"{name}: skipped, {package} is not installed")
                continue
            subjects.append(start(name))
        for subject in subjects:  # a first round for caches and connections, thrown away
            measure(subject)
            subject.rates.clear()
            subject.costs.clear()
        for number in range(ROUNDS):
            turn = number % len(subjects)
            for subject in subjects[turn:] + subjects[:turn]:
                measure(subject)
    finally:
        for subject in subjects:
            subject.process.terminate()
            subject.process.wait(10)
    report(subjects)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        SERVERS[sys.argv[1]][1]()
    else:
        main()
