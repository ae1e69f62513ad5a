#!/usr/bin/env python3
"""An Abiquo workflow connector to copy: it lets deploys and reconfigurations pass, and cancels everything else.

    python examples/abiquo_approver.py [--api http://127.0.0.1:8080/abiquo/api] [--port 9000]

The cloud must know its address: gatepost serve --workflow-endpoint http://127.0.0.1:9000/
It needs nothing but Python. A message is taken at once and decided by another thread, since the cloud waits for our
answer only some seconds. What was held before we came stands in the lists of pending tasks.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import queue
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

APPROVED = frozenset({"DEPLOY", "RECONFIGURE"})
LARGEST = 4 * 1024 * 1024  # bytes of a message
todo: queue.Queue[Any] = queue.Queue()


class Endpoint(BaseHTTPRequestHandler):
    """Where the cloud sends one task, or several that were asked for together."""

    def do_POST(self) -> None:
        try:
            message = json.loads(self.rfile.read(min(int(self.headers["Content-Length"]), LARGEST)))
            for task in message.get("collection", [message]):
                todo.put(task)
            self.send_response(204)
        except (ValueError, TypeError, AttributeError):
            self.send_response(400)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Decisions are printed; requests need not be."""


class Cloud:
    """The few calls that a connector makes. Paths are relative to the API's root, as the links of a message are."""

    def __init__(self, api: str, user: str, password: str) -> None:
        self.root = api.rstrip("/") + "/"
        self.login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def call(self, method: str, path: str, text: str | None = None) -> Any:
        """The answer's document. Links of answers hold whole URLs, links of messages only paths: both may be given."""
        headers = {"Authorization": self.login, "Accept": "application/json", "Content-Type": "text/plain"}
        data = None if text is None else text.encode()
        request = urllib.request.Request(self.root + path.removeprefix(self.root), data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.loads(response.read() or b"null")

    def decide(self, task: Any) -> None:
        """Look at the machine, make up our mind, and follow the link of that name."""
        try:
            links = {link["rel"]: link["href"] for link in task["links"]}
            machine = self.call("GET", links["target"])
            approved = task["type"] in APPROVED
            rel, word = ("continue", "approved") if approved else ("cancel", "only deploys pass here")
            self.call("POST", links[rel], word)
            print(f"{rel}: {task['type']} of {machine['label']}", flush=True)
        except urllib.error.HTTPError as error:
            print(f"too late for {task['taskId']}: {error.code}", flush=True)
        except (OSError, KeyError, ValueError, TypeError) as error:
            print(f"not decided: {type(error).__name__}: {error}", flush=True)

    def work(self) -> None:
        with contextlib.suppress(OSError):  # no cloud yet: then nothing waits in it either
            for enterprise in self.call("GET", "admin/enterprises?limit=0")["collection"]:
                path = f"admin/enterprises/{enterprise['id']}/action/pendingtasks?limit=0"
                for task in self.call("GET", path)["collection"]:
                    self.decide(task)
        while True:
            self.decide(todo.get())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--api", default="http://127.0.0.1:8080/abiquo/api", help="root of the API")
    parser.add_argument("--port", type=int, default=9000, help="where the cloud reaches us")
    parser.add_argument("--user", default="connector")
    parser.add_argument("--password", default="gatepost")
    options = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Endpoint)
    threading.Thread(target=Cloud(options.api, options.user, options.password).work, daemon=True).start()
    print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
