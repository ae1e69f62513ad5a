"""System properties and events (reference, sections 3.8 and 8)."""

from __future__ import annotations

from gatepost.abiquo import paths
from gatepost.abiquo.document import Document, Link, Value
from gatepost.abiquo.events import Trace
from gatepost.abiquo.inventory import Property
from gatepost.abiquo.negotiation import VENDOR
from gatepost.abiquo.view import View
from gatepost.core.clock import iso

URI = "/api/"
"""How the paths of an event begin, whatever stands before the API in URLs."""


def prop(view: View, one: Property) -> Document:
    fields: dict[str, Value] = {
        "id": int(one.id),
        "name": one.name,
        "value": one.value,
        "description": one.description or None,
    }
    return Document("property", fields, [Link("edit", paths.prop(one), "systemproperty", one.name)])


def event(view: View, trace: Trace) -> Document:
    if view.traits.named_events:
        return Document("event", entity(trace))
    user_id, nick, _, _ = trace.user
    fields: dict[str, Value] = {
        "id": trace.number,
        "timestamp": iso(trace.at),
        "component": trace.entity,
        "actionPerformed": trace.action,
        "severity": trace.severity,
        "user": nick,
        "performedBy": nick,
        "idUser": int(user_id) if user_id.isdecimal() else None,
        "enterprise": trace.enterprise[1],
        "idEnterprise": int(trace.enterprise[0]),
    }
    if trace.kind == "virtualmachine":
        fields |= {"idVirtualMachine": int(trace.path.rpartition("/")[2]), "virtualMachine": trace.name}
    return Document("event", fields)


def entity(trace: Trace) -> dict[str, Value]:
    """The trace entity of 4.7 and later, as events and the outbound stream carry it."""
    user_id, nick, user_enterprise, full_name = trace.user
    code, message = trace.error or (None, None)
    whose, name = trace.enterprise
    return {
        "action": trace.action,
        "context": "api",
        "enterpriseName": name,
        "enterpriseURI": f"{URI}admin/enterprises/{whose}",
        "entity": trace.entity,
        "entityEnterpriseName": name,
        "entityEnterpriseURI": f"{URI}admin/enterprises/{whose}",
        "entityMediaType": f"{VENDOR}{trace.kind}+json",
        "entityName": trace.name,
        "entityURI": URI + trace.path,
        "errorCode": code,
        "errorMessage": message,
        "message": trace.message,
        "severity": trace.severity,
        "timestamp": iso(trace.at),
        "user": nick,
        "userName": full_name,
        "userURI": f"{URI}admin/enterprises/{user_enterprise}/users/{user_id}",
    }
