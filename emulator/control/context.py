"""What the control API may touch of a running instance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gatepost.core.cloud import Cloud

ENVIRON_KEY = "gatepost.control"


@dataclass(frozen=True, slots=True)
class Control:
    """`info` tells where everything is, `reset` begins anew; `hosts` are the Host names that are believed."""

    cloud: Cloud
    info: Callable[[], dict[str, Any]]
    reset: Callable[[], None]
    vcloud_href: Callable[[str], str]
    token: str | None
    hosts: frozenset[str]
    listens_locally: bool
