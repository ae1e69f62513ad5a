"""Where everything is, beginning anew, and settings."""

from __future__ import annotations

from typing import Any, Literal

from gatepost.control.api import Answer, json_body, route
from gatepost.control.context import Control


class Health(Answer):
    status: Literal["ok"]


class Done(Answer):
    status: Literal["reset"]


class Account(Answer):
    """Who can log in; a password that is not the public default is told to nobody here."""

    dialect: str
    user: str
    password: str | None


class Outbox(Answer):
    """Notifications: those that wait for the broker, those that it took, those that were lost."""

    waiting: int
    confirmed: int
    lost: int


class Info(Answer):
    """Where everything is."""

    version: str
    seed: int
    vary: list[str]
    clock: str
    cloud_url: str
    vcloud_api: str
    abiquo_api: str
    control_url: str
    ca_file: str | None
    broker: Literal["connected", "waiting", "off"]
    broker_problem: str | None
    amqp_url: str | None
    amqp_exchange: str
    amqp_json_exchange: str
    outbox: Outbox
    accounts: list[Account]


@route("GET", "/gatepost/health", answer=Health, guarded=False)
def health(control: Control) -> Any:
    """Whether the cloud serves."""
    return {"status": "ok"}


@route("GET", "/gatepost/info", answer=Info)
def info(control: Control) -> Any:
    """Where everything is: URLs, broker, accounts, seed."""
    return control.info()


@route("POST", "/gatepost/reset", answer=Done)
def reset(control: Control) -> Any:
    """Begin anew: objects, tasks, sessions, settings and journal are as at the start."""
    control.reset()
    return {"status": "reset"}


@route("GET", "/gatepost/settings", answer=dict[str, Any])
def settings(control: Control) -> Any:
    """All settings by their keys."""
    return control.cloud.settings.dotted()


@route("PATCH", "/gatepost/settings", answer=dict[str, Any], statuses=(400,))
def change_settings(control: Control) -> Any:
    """Change some settings: all of the given ones, or none."""
    values = json_body()
    with control.cloud.lock:
        control.cloud.settings.update(values)
        return control.cloud.settings.dotted()
