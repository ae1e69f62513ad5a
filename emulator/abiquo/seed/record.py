"""The Abiquo part of an inventory file of a world. Tasks, events and registered applications do not belong to it."""

from __future__ import annotations

from typing import Any

from gatepost.abiquo.inventory import Inventory, Scope, User, VirtualDatacenter, VirtualMachine
from gatepost.abiquo.seed.build import ENABLED, ENDPOINT, WORKFLOW_PROPERTIES
from gatepost.abiquo.seed.plan import public_password

Facts = dict[str, Any]


def record(inventory: Inventory, *, with_secrets: bool = False) -> Facts:
    """The world as it is now; the caller holds the lock. Passwords other than the public ones are told only
    `with_secrets`.
    """
    scopes, endpoint = _names(inventory), inventory.value(ENDPOINT)
    enabled = inventory.value(ENABLED) == "1"
    return {
        "workflow": {"endpoint": endpoint, "enabled": None if enabled is bool(endpoint) else enabled},
        "properties": [
            {"name": one.name, "value": one.value, "description": one.description}
            for one in inventory.properties.values()
            if one.name not in WORKFLOW_PROPERTIES
        ],
        "scopes": [_scope(inventory, scope, scopes[scope.id]) for scope in inventory.scopes.values()],
        "roles": [
            {
                "name": role.name,
                "privileges": sorted(role.privileges),
                "scope": None if role.scope is None else scopes[role.scope.id],
                "blocked": role.blocked,
            }
            for role in inventory.roles.values()
        ],
        "enterprises": [
            {
                "name": one.name,
                "workflow": None if one.workflow is bool(endpoint and one.vdcs) else one.workflow,
                "restricted_reservation": one.restricted_reservation,
                "two_factor": one.two_factor,
                "limits": {name: value for name, value in one.limits.items() if value},
                "templates": [
                    {"name": template.name, "datacenter": template.datacenter.name}
                    for template in one.templates.values()
                ],
                "virtual_datacenters": [_vdc(inventory, vdc) for vdc in one.vdcs.values()],
            }
            for one in inventory.enterprises.values()
        ],
        "users": [_user(user, with_secrets=with_secrets) for user in inventory.users.values()],
        "datacenters": [{"name": one.name, "location": one.location} for one in inventory.datacenters.values()],
    }


def _names(inventory: Inventory) -> dict[str, str]:
    """A name for each scope by its id; the API lets several have one name."""
    names: dict[str, str] = {}
    for scope in inventory.scopes.values():
        name, number = scope.name, 1
        while name in names.values():
            number += 1
            name = f"{scope.name[:240]} ({number})"
        names[scope.id] = name
    return names


def _scope(inventory: Inventory, scope: Scope, name: str) -> Facts:
    entities = []
    for _, type, id in scope.entities:
        among = inventory.enterprises if type == "ENTERPRISE" else inventory.datacenters
        if id in among:
            entities.append({"type": type, "name": among[id].name})
    reach = {"every_enterprise": scope.every_enterprise, "every_datacenter": scope.every_datacenter}
    return {"name": name, **reach, "entities": entities}


def _user(user: User, *, with_secrets: bool) -> Facts:
    facts: Facts = {
        "nick": user.nick,
        "enterprise": user.enterprise.name,
        "role": user.role.name,
        "name": user.name_,
        "surname": user.surname,
        "email": user.email,
        "locale": user.locale,
        "description": user.description,
        "active": user.active,
        "locked": user.locked,
    }
    if with_secrets or user.password == public_password(user.nick):
        facts["password"] = user.password
    return facts


def _vdc(inventory: Inventory, vdc: VirtualDatacenter) -> Facts:
    return {
        "name": vdc.name,
        "datacenter": vdc.datacenter.name,
        "hypervisor": vdc.hypervisor,
        "appliances": [
            {"name": one.name, "machines": [_machine(inventory, machine) for machine in one.vms.values()]}
            for one in vdc.appliances.values()
        ],
    }


def _machine(inventory: Inventory, machine: VirtualMachine) -> Facts:
    return {
        "label": machine.label,
        "owner": machine.owner.nick if machine.owner.id in inventory.users else None,
        "description": machine.description,
        "cpu": machine.cpu,
        "ram": machine.ram,
        "state": machine.kept.value,
        "template": None if machine.template is None else machine.template.name,
        "disks": [
            {
                "name": disk.name,
                "size": disk.size,
                "volume": disk.volume,
                "sequence": None if disk.sequence == place else disk.sequence,
            }
            for place, disk in enumerate(machine.disks)
        ],
    }
