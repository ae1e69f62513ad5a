"""Clients that nobody here wrote do what connectors do, each in a process of its own, against both brokers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.amqp_client import Dial, Name, until
from tests.support.foreign import foreign_python
from tests.support.foreign_npm import foreign_node

CLIENTS = Path(__file__).with_name("clients")
KEY = "true.com.vmware.vapp.create"

# What each script prints: the first message is given back once, so it comes twice, and nothing is left.
EXPECTED = {
    "returned": [312, "NO_ROUTE", "lost"],
    "deliveries": [["one", False, KEY, True], ["one", True, KEY, True], ["two", False, KEY, True]],
    "left": 0,
}


def check(
    dial: Dial, url: str, name: Name, command: Sequence[str | Path], env: Mapping[str, str] | None = None
) -> None:
    token = name("client")
    run = subprocess.run([*command, url, token], capture_output=True, text=True, timeout=60, env=env, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert json.loads(run.stdout) == EXPECTED
    # It closed in order: what was to go with it is gone.
    connection = dial()
    until(lambda: not connection.has_exchange(f"x-{token}"), "its queue and its exchange are gone")


@pytest.mark.parametrize("script", ["pika_blocking.py", "pika_select.py"])
def test_pika(dial: Dial, broker_url: str, name: Name, script: str) -> None:
    check(dial, broker_url, name, [sys.executable, CLIENTS / script])


def test_kombu(dial: Dial, broker_url: str, name: Name) -> None:
    check(dial, broker_url, name, [foreign_python("kombu==5.5.4"), CLIENTS / "kombu_flow.py"])


def test_aio_pika(dial: Dial, broker_url: str, name: Name) -> None:
    check(dial, broker_url, name, [foreign_python("aio-pika==9.5.5"), CLIENTS / "aio_pika_flow.py"])


def test_amqplib(dial: Dial, broker_url: str, name: Name) -> None:
    node, env = foreign_node("amqplib", "0.10.9")
    check(dial, broker_url, name, [node, CLIENTS / "amqplib_flow.js"], env)
