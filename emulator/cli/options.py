"""What the commands' options have in common."""

from __future__ import annotations

import contextlib
from importlib.util import find_spec
from urllib.parse import urlsplit

import click

# Of the commands, not of the group: click would put the command's name after the group's prefix.
ENVIRONMENT = {"auto_envvar_prefix": "GATEPOST"}


def require_url(context: click.Context, parameter: click.Parameter, url: str | None) -> str | None:
    if url is not None:
        with contextlib.suppress(ValueError):
            parts = urlsplit(url)
            if parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment):
                return url
        raise click.BadParameter(f"{url!r} is no address such as https://cloud.example.com")
    return url


def require_endpoint(context: click.Context, parameter: click.Parameter, url: str | None) -> str | None:
    """An address that may also have a query."""
    if url is not None:
        with contextlib.suppress(ValueError):
            parts = urlsplit(url)
            if parts.scheme in ("http", "https") and parts.hostname and url.isprintable():
                return url
        raise click.BadParameter(f"{url!r} is no address such as http://127.0.0.1:9000/tasks")
    return url


def needs_conformance(command: str) -> None:
    """Raises UsageError where the packages of the harness are not installed."""
    missing = [name for name in ("pytest", "pytest_bdd", "rich", "docker") if find_spec(name) is None]
    if missing:
        raise click.UsageError(
            f"gatepost {command} needs the package {missing[0]}, which is not here: pip install 'gatepost[conformance]'"
        )
