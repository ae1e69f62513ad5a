"""Flows of foreign clients (`tests/foreign/flows`): run one against a world, and read what the client saw."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from gatepost import Gatepost
from tests.support.process import environment

REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS = 60.0


def run_flow(python: Path, name: str, cloud: Gatepost, version: str, folder: Path) -> dict[str, Any]:
    """What the client saw at each step; a step that failed tells how, in a text that begins with "failed: ".

    `python` is that of the client's environment, and `folder` takes the log files that clients write. Raises
    AssertionError, with the traceback, when the flow did not come to its end.
    """
    amqp_url = cloud.info(with_secrets=True)["amqp_url"]
    broker = ("--amqp-url", amqp_url) if amqp_url else ()
    where = ("--url", cloud.url, "--password", "gatepost", "--api-version", version, *broker)
    run = subprocess.run(
        [str(python), "-m", f"tests.foreign.flows.{name}", *where],
        cwd=folder,
        env=environment(NO_PROXY="127.0.0.1,localhost", PYTHONPATH=str(REPOSITORY)),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    told = [json.loads(line) for line in run.stdout.splitlines()]
    return {line["step"]: line["seen"] if "seen" in line else f"failed: {line['failed']}" for line in told}
