"""What the control API may touch of a running instance."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gatepost.abiquo.dialect import AbiquoDialect
from gatepost.broker import Broker
from gatepost.core.cloud import Cloud
from gatepost.core.faults import Faults
from gatepost.variation import Chosen, Kind

ENVIRON_KEY = "gatepost.control"

MOST_POLLS = 64
"""Long polls that may wait at once; they park threads that the cloud's own clients need as well."""


@dataclass(frozen=True, slots=True)
class Control:
    """`info` tells where everything is, `inventory` what exists, `reset` begins anew; `hosts` are the Host names
    that are believed; `vary` chooses what varies, `variation` tells it.
    """

    cloud: Cloud
    abiquo: AbiquoDialect
    info: Callable[[], dict[str, Any]]
    reset: Callable[[], None]
    inventory: Callable[[], dict[str, Any]]
    vcloud_href: Callable[[str], str]
    token: str | None = field(repr=False)
    hosts: frozenset[str]
    listens_locally: bool
    broker: Broker | None
    faults: Faults
    vary: Callable[[Chosen], None]
    variation: Callable[[], frozenset[Kind]]
    polls: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(MOST_POLLS))
