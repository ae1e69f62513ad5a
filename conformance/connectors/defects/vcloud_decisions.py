"""Connectors that decide wrongly."""

from __future__ import annotations

from gatepost.conformance.connectors import vcloud_reference as reference
from gatepost.conformance.connectors.defects import defect


@defect("vcloud", "Fails what it should abort.", breaks="VCD-DEC-2")
def fails_what_it_declines() -> None:
    right = reference.choose

    def choose(held: reference.Held, me: str) -> str:
        decision = right(held, me)
        return "fail" if decision == "abort" else decision

    reference.choose = choose


@defect("vcloud", "Forgets what it approves.", breaks="VCD-DEC-1")
def forgets_what_it_approves() -> None:
    right = reference.choose

    def choose(held: reference.Held, me: str) -> str:
        decision = right(held, me)
        return "ignore" if decision == "resume" else decision

    reference.choose = choose
