"""A world as an inventory file has it. Ids are drawn in a fixed order, so that the same file gives the same ones."""

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
from gatepost.abiquo.privileges import HOLDERS
from gatepost.abiquo.seed import plan as plans
from gatepost.core.ids import Ids

ENDPOINT = "client.main.workflowEndPoint"
ENABLED = "client.main.workflowEnabled"
WORKFLOW_PROPERTIES = frozenset({ENDPOINT, ENABLED})


def populate(inventory: Inventory, ids: Ids, plan: plans.AbiquoPlan, endpoint: str | None = None) -> None:
    """Fill a new world with what `problems` found no fault in. An `endpoint` takes the place of the plan's, with the
    platform's switch.
    """
    Builder(inventory, ids, plan, endpoint).build()


class Builder:
    """What it has made so far, by name."""

    def __init__(self, inventory: Inventory, ids: Ids, plan: plans.AbiquoPlan, endpoint: str | None) -> None:
        self._inventory = inventory
        self._ids = ids
        self._plan = plan
        self._endpoint = plan.workflow.endpoint if endpoint is None else endpoint
        told = plan.workflow.enabled if endpoint is None else None
        self._enabled = bool(self._endpoint) if told is None else told
        self._roles: dict[str, Role] = {}
        self._enterprises: dict[str, Enterprise] = {}
        self._datacenters: dict[str, Datacenter] = {}

    def build(self) -> None:
        inventory, plan = self._inventory, self._plan
        inventory.privileges = {name: Privilege(inventory.new_id(), name) for name in HOLDERS}
        scopes = {one.name: Scope(inventory.new_id(), one.name, *_reach(one)) for one in plan.scopes}
        inventory.scopes.update((scope.id, scope) for scope in scopes.values())
        for role in plan.roles:
            scope = None if role.scope is None else scopes[role.scope]
            made = Role(inventory.new_id(), role.name, frozenset(role.privileges), scope, role.blocked)
            inventory.roles[made.id] = self._roles[made.name] = made
        for enterprise in plan.enterprises:
            self._enterprise(enterprise)
        for user in plan.users:
            self._user(user)
        first, role_of_it = next(iter(self._enterprises.values())), next(iter(self._roles.values()))
        inventory.system_user = User("SYSTEM", "SYSTEM", "", first, role_of_it, active=False)
        for one in plan.datacenters:
            datacenter = Datacenter(inventory.new_id(), one.name, one.location)
            inventory.datacenters[datacenter.id] = self._datacenters[one.name] = datacenter
        for enterprise in plan.enterprises:
            self._content(self._enterprises[enterprise.name], enterprise)
        inventory.set_property(ENDPOINT, self._endpoint)
        inventory.set_property(ENABLED, "1" if self._enabled else "0")
        for own in plan.properties:
            inventory.set_property(own.name, own.value, own.description)
        for reach in plan.scopes:
            for entity in reach.entities:
                among = self._enterprises if entity.type == "ENTERPRISE" else self._datacenters
                entry = (inventory.new_id(), entity.type, among[entity.name].id)
                scopes[reach.name].entities.append(entry)

    def _enterprise(self, plan: plans.Enterprise) -> None:
        made = Enterprise(self._inventory.new_id(), plan.name)
        usual = bool(self._endpoint and plan.virtual_datacenters)
        made.workflow = usual if plan.workflow is None else plan.workflow
        made.restricted_reservation, made.two_factor = plan.restricted_reservation, plan.two_factor
        made.limits = {**plan.limits}
        self._inventory.enterprises[made.id] = self._enterprises[made.name] = made

    def _user(self, plan: plans.AbiquoUser) -> None:
        enterprise = self._enterprises[plan.enterprise or self._plan.enterprises[0].name]
        user = User(self._inventory.new_id(), plan.nick, plans.password_of(plan), enterprise, self._roles[plan.role])
        user.name_, user.surname, user.locale, user.description = (
            plan.name,
            plan.surname,
            plan.locale,
            plan.description,
        )
        user.email = f"{user.nick}@{enterprise.name.lower()}.example.com" if plan.email is None else plan.email
        user.active, user.locked = plan.active, plan.locked
        self._inventory.add_user(user)

    def _datacenter(self, name: str | None) -> Datacenter:
        return self._datacenters[name or self._plan.datacenters[0].name]

    def _content(self, enterprise: Enterprise, plan: plans.Enterprise) -> None:
        inventory = self._inventory
        for template in plan.templates:
            made = Template(inventory.new_id(), template.name, enterprise, self._datacenter(template.datacenter))
            enterprise.templates[made.id] = made
        for one in plan.virtual_datacenters:
            place = self._datacenter(one.datacenter)
            vdc = VirtualDatacenter(inventory.new_id(), one.name, enterprise, place, one.hypervisor)
            inventory.vdcs[vdc.id] = enterprise.vdcs[vdc.id] = vdc
            for each in one.appliances:
                appliance = VirtualAppliance(inventory.new_id(), each.name, vdc)
                vdc.appliances[appliance.id] = appliance
                for machine in each.machines:
                    self._machine(appliance, machine)

    def _machine(self, appliance: VirtualAppliance, plan: plans.VirtualMachine) -> None:
        inventory, enterprise = self._inventory, appliance.org
        users = enterprise.users or inventory.users
        owner = next(iter(users.values())) if plan.owner is None else inventory.nicks[plan.owner]
        template = next((one for one in enterprise.templates.values() if one.name == plan.template), None)
        machine = VirtualMachine(inventory.new_id(), self._ids.uuid(), plan.label, appliance, owner)
        machine.description, machine.cpu, machine.ram = plan.description, plan.cpu, plan.ram
        machine.kept, machine.template = VmState(plan.state), template
        machine.disks = [
            Disk(inventory.new_id(), disk.name, disk.size, place if disk.sequence is None else disk.sequence)
            for place, disk in enumerate(plan.disks)
        ]
        for made, disk in zip(machine.disks, plan.disks, strict=True):
            made.volume = disk.volume
        inventory.add_machine(machine)


def _reach(scope: plans.AbiquoScope) -> tuple[bool, bool]:
    return scope.every_enterprise, scope.every_datacenter
