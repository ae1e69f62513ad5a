"""A connector as a Docker container, on the host's network, so that it dials the same addresses as a process would."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from gatepost.conformance.launch import GRACE, KEPT_OUTPUT, CannotStart, peak_of
from gatepost.conformance.supervisor import descendants

LABEL = "gatepost.harness"
"""Of every container that a harness started: the id of that harness's process."""

POLL = 0.05


class Container:
    """A container that is removed at its end. Raises CannotStart."""

    def __init__(self, image: str, arguments: list[str], variables: Mapping[str, str]) -> None:
        self._output = ""
        self._code: int | None = None
        try:
            client = docker.from_env(timeout=60)
            _remove_left_behind(client)
            self._container: Any = client.containers.create(
                image,
                arguments,
                name=f"gatepost-{uuid4()}",
                environment=dict(variables),
                network_mode="host",
                labels={LABEL: str(os.getpid())},
                # Reaps what the connector leaves behind, and passes signals on.
                init=True,
            )
        except ImageNotFound:
            raise CannotStart(f"there is no image {image} on this machine; build it, or docker pull {image}") from None
        except DockerException as error:
            raise CannotStart(f"Docker: {_reason(error)}; is its daemon running, and may you use it?") from None
        try:
            self._container.start()
        except DockerException as error:
            self.kill()
            raise CannotStart(f"the image {image} cannot be run: {_reason(error)}") from None

    @property
    def alive(self) -> bool:
        return self._state() is None

    @property
    def ending(self) -> str:
        code = self._state()
        if code is None:
            return ""
        return f"ended by {signal.Signals(code - 128).name}" if 128 < code < 160 else f"ended with exit code {code}"

    @property
    def output(self) -> str:
        with contextlib.suppress(DockerException):
            self._output = self._container.logs(tail=500)[-KEPT_OUTPUT:].decode("utf-8", "replace")
        return self._output

    def peak_memory(self) -> int | None:
        if self._state() is not None:
            return None
        pid = int(self._container.attrs["State"]["Pid"])
        return peak_of([pid, *descendants(pid)])

    def kill(self) -> None:
        _ = self.output  # it goes with the container
        if self._code is None:
            self._code = 128 + signal.SIGKILL
        with contextlib.suppress(NotFound, APIError):
            self._container.remove(force=True, v=True)

    def terminate(self, within: float = GRACE) -> bool:
        with contextlib.suppress(NotFound, APIError):
            self._container.kill(signal.SIGTERM)
        deadline = time.monotonic() + within
        while self._state() is None and time.monotonic() < deadline:
            time.sleep(POLL)
        ended = self._state() is not None
        self.kill()
        return ended

    def _state(self) -> int | None:
        """Its exit code; None while it runs."""
        if self._code is None:
            try:
                self._container.reload()
                state = self._container.attrs["State"]
                if not state["Running"]:
                    self._code = int(state["ExitCode"])
            except NotFound:
                self._code = 128 + signal.SIGKILL
        return self._code


def remove_left_behind() -> None:
    """Remove the containers of harnesses that were killed, and could not do so themselves."""
    with contextlib.suppress(DockerException), contextlib.closing(docker.from_env(timeout=60)) as client:
        _remove_left_behind(client)


def _remove_left_behind(client: Any) -> None:
    for container in client.containers.list(all=True, filters={"label": LABEL}):
        harness = container.labels.get(LABEL, "")
        if harness.isdecimal() and not os.path.exists(f"/proc/{harness}"):
            with contextlib.suppress(APIError):
                container.remove(force=True, v=True)


def _reason(error: DockerException) -> str:
    text = getattr(error, "explanation", None) or str(error)
    return str(text).partition("\n")[0][:300]
