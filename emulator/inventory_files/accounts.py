"""Who can log in to a cloud that an inventory file describes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gatepost.abiquo.seed import password_of, public_password
from gatepost.core.seed import PASSWORD, furnished
from gatepost.inventory_files.model import InventoryFile


def accounts(file: InventoryFile, *, with_secrets: bool = False) -> list[dict[str, Any]]:
    """Users of both dialects. A password that is not the public one is None, unless `with_secrets`."""
    return [
        {"dialect": dialect, "user": user, "password": password if with_secrets or password == public else None}
        for dialect, user, password, public in _all(file)
    ]


def _all(file: InventoryFile) -> Iterator[tuple[str, str, str, str]]:
    vcloud = furnished(file.vcloud)
    for one in vcloud.administrators:
        yield "vcloud", f"{one.name}@System", one.password, PASSWORD
    for org in vcloud.organizations or ():
        for user in org.users or ():
            yield "vcloud", f"{user.name}@{org.name}", user.password, PASSWORD
    for person in file.abiquo.users:
        yield "abiquo", person.nick, password_of(person), public_password(person.nick)
