"""Sections of a vApp that the cloud only keeps for its users."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StartupItem:
    """When and how one VM is started and stopped with its vApp; delays are seconds."""

    order: int = 0
    start_action: str = "powerOn"
    start_delay: int = 0
    stop_action: str = "powerOff"
    stop_delay: int = 0
