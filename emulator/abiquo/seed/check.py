"""Whether the names in the Abiquo part of an inventory file stand for something."""

from __future__ import annotations

from collections.abc import Iterator

from gatepost.abiquo.seed import plan as plans
from gatepost.abiquo.seed.build import WORKFLOW_PROPERTIES
from gatepost.core.seed import Path, Problem, missing, twice


def problems(plan: plans.AbiquoPlan) -> Iterator[Problem]:
    """Everything that is wrong with a plan, in no special order."""
    for key, kind, names in (
        ("scopes", "scope", [one.name for one in plan.scopes]),
        ("roles", "role", [one.name for one in plan.roles]),
        ("enterprises", "enterprise", [one.name for one in plan.enterprises]),
        ("datacenters", "datacenter", [one.name for one in plan.datacenters]),
        ("properties", "property", [one.name for one in plan.properties]),
    ):
        yield from twice((key,), kind, names)
    yield from twice(("users",), "user", [one.nick for one in plan.users], "nick")
    for place, own in enumerate(plan.properties):
        if own.name in WORKFLOW_PROPERTIES:
            yield Problem(("properties", place, "name"), "the workflow properties stand under workflow")
    known = _Known(plan)
    for place, scope in enumerate(plan.scopes):
        for number, entity in enumerate(scope.entities):
            among = known.enterprises if entity.type == "ENTERPRISE" else known.datacenters
            if entity.name not in among:
                path: Path = ("scopes", place, "entities", number, "name")
                yield missing(path, entity.type.lower(), entity.name, among)
    for place, role in enumerate(plan.roles):
        if role.scope is not None and role.scope not in known.scopes:
            yield missing(("roles", place, "scope"), "scope", role.scope, known.scopes)
    for place, user in enumerate(plan.users):
        yield from known.user(("users", place), user)
    for place, enterprise in enumerate(plan.enterprises):
        yield from known.content(("enterprises", place), enterprise)


class _Known:
    def __init__(self, plan: plans.AbiquoPlan) -> None:
        self.scopes = {one.name for one in plan.scopes}
        self.roles = {one.name for one in plan.roles}
        self.enterprises = {one.name for one in plan.enterprises}
        self.datacenters = {one.name for one in plan.datacenters}
        self.nicks = {one.nick for one in plan.users}

    def user(self, path: Path, user: plans.AbiquoUser) -> Iterator[Problem]:
        if user.role not in self.roles:
            yield missing((*path, "role"), "role", user.role, self.roles)
        if user.enterprise is not None and user.enterprise not in self.enterprises:
            yield missing((*path, "enterprise"), "enterprise", user.enterprise, self.enterprises)

    def content(self, path: Path, enterprise: plans.Enterprise) -> Iterator[Problem]:
        templates = {one.name for one in enterprise.templates}
        yield from twice((*path, "templates"), "template", [one.name for one in enterprise.templates])
        for place, template in enumerate(enterprise.templates):
            yield from self._datacenter((*path, "templates", place), template.datacenter)
        for place, vdc in enumerate(enterprise.virtual_datacenters):
            here = (*path, "virtual_datacenters", place)
            yield from self._datacenter(here, vdc.datacenter)
            for number, appliance in enumerate(vdc.appliances):
                for each, machine in enumerate(appliance.machines):
                    yield from self._machine((*here, "appliances", number, "machines", each), machine, templates)

    def _machine(self, path: Path, machine: plans.VirtualMachine, templates: set[str]) -> Iterator[Problem]:
        if machine.owner is not None and machine.owner not in self.nicks:
            yield missing((*path, "owner"), "user", machine.owner, self.nicks)
        elif not self.nicks:
            yield Problem(path, "it needs an owner, and there is no user")
        if machine.template is not None and machine.template not in templates:
            yield missing((*path, "template"), "template", machine.template, templates)

    def _datacenter(self, path: Path, name: str | None) -> Iterator[Problem]:
        if not self.datacenters:
            yield Problem(path, "it needs a datacenter, and there is none")
        elif name is not None and name not in self.datacenters:
            yield missing((*path, "datacenter"), "datacenter", name, self.datacenters)
