"""The embedded broker on the command line: beside the cloud, and alone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

import pika

from tests.support.process import GATEPOST, Serve, environment, gatepost
from tests.support.waiting import until


def test_serve_brings_a_broker_along(tmp_path: Path) -> None:
    with Serve(tmp_path) as serve:
        assert serve.info["amqp_url"] in serve.output
        pika.BlockingConnection(pika.URLParameters(serve.info["amqp_url"])).close()


def test_none_is_no_broker(tmp_path: Path) -> None:
    with Serve(tmp_path, "--broker", "none") as serve:
        assert serve.info["amqp_url"] is None
        until(lambda: "blockingTasks only" in serve.output)  # said after the ready file was written


def test_a_taken_amqp_port_names_its_owner_and_the_ways_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for command in (("serve", "--port", "0"), ("broker",)):
            run = gatepost(*command, "--amqp-port", str(port))
            assert run.returncode == 1
            for words in (f"pid {os.getpid()}", "--amqp-port 0", f"--broker amqp://guest:guest@127.0.0.1:{port}/"):
                assert words in run.stderr


def test_the_broker_alone() -> None:
    command = [GATEPOST, "broker", "--amqp-port", "0", "--user", "me", "--password", "secret-word", "--vhost", "test"]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "secret-word" not in line
        port = int(line.rpartition(":")[2].partition("/")[0])
        login = pika.PlainCredentials("me", "secret-word")
        pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port, "test", login)).close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
