"""What is done to machines: deploy, undeploy, reconfigure, power, reset, delete (reference, sections 3.6 and 3.7)."""

from __future__ import annotations

from collections.abc import Callable

from gatepost.abiquo import body, negotiation, review
from gatepost.abiquo.body import Body
from gatepost.abiquo.errors import Conflict, invalid
from gatepost.abiquo.http import Call, Reply, route
from gatepost.abiquo.inventory import Disk, VirtualMachine, VmState
from gatepost.abiquo.privileges import CUSTOMISE, DEPLOY, MANAGE_VAPP, PERFORM
from gatepost.abiquo.represent.tasks import accepted, accepted_all
from gatepost.abiquo.review import Started
from gatepost.abiquo.routes import find
from gatepost.abiquo.routes.clouds import APPLIANCE
from gatepost.abiquo.routes.machines import MACHINE, cpu_of, ram_of
from gatepost.abiquo.workflows import (
    Action,
    Hardware,
    batch,
    deploy,
    is_deployed,
    power,
    reconfigure,
    require_reconfigurable,
    reset,
    undeploy,
)

ACCEPTED = ("acceptedrequest",)


@route("POST", MACHINE + "/action/deploy", DEPLOY, produces=ACCEPTED, locked=False)
def deploy_machine(call: Call, vdc: str, appliance: str, machine: str) -> Reply:
    options(call)

    def begin() -> Started:
        one = find.machine(call, vdc, appliance, machine)
        return start(call, one, deploy(one, call.view.traits, held=review.is_on(call.state, one.org)))

    return _accepted(call, begin)


@route("POST", MACHINE + "/action/undeploy", DEPLOY, produces=ACCEPTED, locked=False)
def undeploy_machine(call: Call, vdc: str, appliance: str, machine: str) -> Reply:
    options(call)

    def begin() -> Started | None:
        one = find.machine(call, vdc, appliance, machine)
        action = undeploy(one, call.view.traits, held=review.is_on(call.state, one.org))
        return start(call, one, action) if is_deployed(one) else None

    return _accepted(call, begin)


@route("POST", MACHINE + "/action/reset", PERFORM, produces=ACCEPTED, locked=False)
def reset_machine(call: Call, vdc: str, appliance: str, machine: str) -> Reply:
    def begin() -> Started:
        one = find.machine(call, vdc, appliance, machine)
        return start(call, one, reset(one))

    return _accepted(call, begin)


@route(
    "PUT",
    MACHINE + "/state",
    PERFORM,
    produces=ACCEPTED,
    consumes=("virtualmachinestate",),
    root="virtualmachinestate",
    locked=False,
)
def change_state(call: Call, vdc: str, appliance: str, machine: str) -> Reply:
    text, graceful = call.body.required("state"), call.body.boolean("gracefulShutdown")
    try:
        wanted = VmState(text)
    except ValueError:
        raise invalid("state", "ON, OFF or PAUSED is expected") from None

    def begin() -> Started:
        one = find.machine(call, vdc, appliance, machine)
        return start(call, one, power(one, wanted, graceful=graceful))

    return _accepted(call, begin)


@route(
    "PUT",
    MACHINE,
    CUSTOMISE,
    produces=ACCEPTED,
    consumes=("virtualmachine", "virtualmachineflat"),
    root="virtualMachine",
    locked=False,
)
def put_machine(call: Call, vdc: str, appliance: str, machine: str) -> Reply:
    """Of a machine that is not deployed at once, of another one as a task."""

    def begin() -> Started | None:
        one = find.machine(call, vdc, appliance, machine)
        require_reconfigurable(one, call.view.traits)
        hardware = _hardware(call, one)
        if one.kept is VmState.NOT_ALLOCATED:
            hardware.apply(one)
            return None
        held = review.is_on(call.state, one.org)
        return start(call, one, reconfigure(one, hardware, call.view.traits, held=held))

    return _accepted(call, begin)


@route("DELETE", MACHINE, MANAGE_VAPP, produces=ACCEPTED, locked=False)
def delete_machine(call: Call, vdc: str, appliance: str, machine: str) -> Reply:
    """One that is deployed is undeployed first, which may be held."""

    def begin() -> Started | None:
        one = find.machine(call, vdc, appliance, machine)
        if one.busy is not None:
            raise Conflict("VM-8", "The virtual machine is locked by another task")
        if not is_deployed(one):
            call.inventory.remove_machine(one)
            return None
        held = review.is_on(call.state, one.org)
        return start(call, one, undeploy(one, call.view.traits, held=held, remove=call.inventory.remove_machine))

    return _accepted(call, begin)


@route("POST", APPLIANCE + "/action/deploy", DEPLOY, produces=ACCEPTED, locked=False)
def deploy_appliance(call: Call, vdc: str, appliance: str) -> Reply:
    return _all_machines(call, vdc, appliance, deploys=True)


@route("POST", APPLIANCE + "/action/undeploy", DEPLOY, produces=ACCEPTED, locked=False)
def undeploy_appliance(call: Call, vdc: str, appliance: str) -> Reply:
    return _all_machines(call, vdc, appliance, deploys=False)


def _all_machines(call: Call, vdc: str, appliance: str, *, deploys: bool) -> Reply:
    """A task for each machine that needs work, all or none of them."""
    options(call)
    with call.world.lock:
        one = find.appliance(call, vdc, appliance)
        wanted = batch(one, call.view.traits, deploys=deploys, held=review.is_on(call.state, one.org))
        started = review.submit(call.dialect, call.state, call.caller.user, wanted, one)
    return Reply(202, accepted_all(call.view, started.announce()), "acceptedrequest")


def start(call: Call, machine: VirtualMachine, action: Action) -> Started:
    """The caller holds the lock."""
    started = review.submit(call.dialect, call.state, call.caller.user, [(machine, action)], None)
    call.concerns(started.records[0].id)
    return started


def options(call: Call) -> None:
    """The optional body of deploy and undeploy: it forces what nothing here forbids, so it only has to be well-formed.

    Clients send anything with these requests, so only a body that says that it is one is read.
    """
    [first, *_] = negotiation.parse(call.content_type)
    if first.kind == "virtualmachinetask" and call.content.strip() not in (b"", b"null"):
        sent = body.read(call.content, first.format, "virtualmachinetask")
        for name in ("forceVdcLimits", "forceEnterpriseSoftLimits", "forceUndeploy"):
            sent.boolean(name)


def _accepted(call: Call, begin: Callable[[], Started | None]) -> Reply:
    with call.world.lock:
        started = begin()
    if started is None:
        return Reply(204)
    [record] = started.announce()
    return Reply(202, accepted(call.view, record), "acceptedrequest")


def _hardware(call: Call, machine: VirtualMachine) -> Hardware:
    """What the body asks for. Raises ApiError."""
    sent = call.body
    return Hardware(
        label=sent.required("label") if "label" in sent else None,
        description=sent.text("description", machine.description),
        cpu=cpu_of(call, machine),
        ram=ram_of(call, machine),
        disks=_disks(call, sent, machine),
    )


def _disks(call: Call, sent: Body, machine: VirtualMachine) -> tuple[Disk, ...] | None:
    """The disks that the links `disk0`, `disk1` and so on leave; None where the body has no such links."""
    known = {disk.id: disk for disk in machine.disks}
    kept: list[Disk] = []
    for number in range(len(known) + 1):
        rel = f"disk{number}"
        href = sent.href(rel)
        if href is None:
            continue
        disk = known.get(href.rstrip("/").rpartition("/")[2])
        if disk is None or disk in kept:
            raise invalid("links", f"the link {rel} leads to no disk of this virtual machine")
        kept.append(disk)
    return tuple(kept) if kept else None
