"""What a new world holds: the accounts and machines that every first user meets (reference, section 10)."""

from __future__ import annotations

from gatepost.abiquo.inventory import (
    Datacenter,
    Disk,
    Enterprise,
    Inventory,
    Privilege,
    Role,
    Scope,
    Template,
    User,
    VirtualAppliance,
    VirtualDatacenter,
    VirtualMachine,
    VmState,
)
from gatepost.abiquo.privileges import HOLDERS, OF_THE_CONNECTOR
from gatepost.core.ids import Ids

ACCOUNTS = (("admin", "xabiquo"), ("manager", "gatepost"), ("joe", "gatepost"), ("connector", "gatepost"))
"""Nicks and passwords."""

ENDPOINT = "client.main.workflowEndPoint"
ENABLED = "client.main.workflowEnabled"
WORKFLOW_PROPERTIES = frozenset({ENDPOINT, ENABLED})


def populate(inventory: Inventory, ids: Ids, endpoint: str = "") -> None:
    """The enterprise Abiquo with the cloud's own people, and acme with two users, an appliance and two machines.

    With an `endpoint` workflow is on, on the platform and for acme.
    """
    inventory.privileges = {name: Privilege(inventory.new_id(), name) for name in HOLDERS}
    everything = Scope(inventory.new_id(), "Global scope", every_enterprise=True, every_datacenter=True)
    inventory.scopes[everything.id] = everything
    roles = {
        name: _role(inventory, name, frozenset(privilege for privilege, roles in HOLDERS.items() if name in roles))
        for name in ("CLOUD_ADMIN", "ENTERPRISE_ADMIN", "USER")
    }
    roles["CLOUD_ADMIN"].scope = everything
    connector = _role(inventory, "WORKFLOW_CONNECTOR", OF_THE_CONNECTOR)
    connector.scope = everything
    house = _enterprise(inventory, "Abiquo")
    acme = _enterprise(inventory, "acme")
    for nick, enterprise, role, name, surname in (
        ("admin", house, roles["CLOUD_ADMIN"], "Cloud", "Administrator"),
        ("manager", acme, roles["ENTERPRISE_ADMIN"], "Mary", "Manager"),
        ("joe", acme, roles["USER"], "Joe", "User"),
        ("connector", house, connector, "Workflow", "Connector"),
    ):
        user = User(inventory.new_id(), nick, dict(ACCOUNTS)[nick], enterprise, role, name, surname)
        user.email = f"{nick}@{enterprise.name.lower()}.example.com"
        inventory.add_user(user)
    inventory.system_user = User("SYSTEM", "SYSTEM", "", house, roles["CLOUD_ADMIN"], active=False)
    datacenter = Datacenter(inventory.new_id(), "Barcelona", "ES")
    inventory.datacenters[datacenter.id] = datacenter
    template = Template(inventory.new_id(), "Debian base", acme, datacenter)
    acme.templates[template.id] = template
    vdc = VirtualDatacenter(inventory.new_id(), "acme-vdc", acme, datacenter)
    inventory.vdcs[vdc.id] = acme.vdcs[vdc.id] = vdc
    appliance = VirtualAppliance(inventory.new_id(), "shop", vdc)
    vdc.appliances[appliance.id] = appliance
    joe = inventory.nicks["joe"]
    for label, state in (("web", VmState.NOT_ALLOCATED), ("db", VmState.OFF)):
        machine = VirtualMachine(inventory.new_id(), ids.uuid(), label, appliance, joe, kept=state, template=template)
        machine.disks = [
            Disk(inventory.new_id(), f"{label}-{part}", size, number, volume=number == 1)
            for number, (part, size) in enumerate((("system", 10_240), ("data", 20_480)))
        ]
        inventory.add_machine(machine)
    inventory.set_property(ENDPOINT, endpoint)
    inventory.set_property(ENABLED, "1" if endpoint else "0")
    acme.workflow = bool(endpoint)


def _role(inventory: Inventory, name: str, privileges: frozenset[str]) -> Role:
    role = Role(inventory.new_id(), name, privileges)
    inventory.roles[role.id] = role
    return role


def _enterprise(inventory: Inventory, name: str) -> Enterprise:
    enterprise = Enterprise(inventory.new_id(), name)
    inventory.enterprises[enterprise.id] = enterprise
    return enterprise
