"""System properties; two of them are the platform's workflow switch (reference, section 3.8)."""

from __future__ import annotations

from gatepost.abiquo import paths
from gatepost.abiquo.body import Body
from gatepost.abiquo.document import Collection
from gatepost.abiquo.errors import ApiError
from gatepost.abiquo.http import Call, Reply, route
from gatepost.abiquo.represent.config import prop
from gatepost.abiquo.seed import WORKFLOW_PROPERTIES

MODIFY = "SYSCONFIG_ALLOW_MODIFY"
MOST_PROPERTIES = 1_000

_DUPLICATE = "There is a system property with that name already"


@route("GET", "/config/properties", produces=("systemproperties",))
def properties(call: Call) -> Reply:
    return Reply(200, _listed(call))


@route("GET", "/config/properties/<id>", "SYSCONFIG_VIEW", produces=("systemproperty",))
def get_property(call: Call, id: str) -> Reply:
    return Reply(200, prop(call.view, call.inventory.property(id)))


@route(
    "POST",
    "/config/properties",
    MODIFY,
    produces=("systemproperty",),
    consumes=("systemproperty",),
    root="property",
)
def add_property(call: Call) -> Reply:
    name, value, description = _values(call.body)
    known = call.inventory.property_names.get(name)
    if known is not None:
        if name not in WORKFLOW_PROPERTIES or call.dialect.settings.abiquo_sysprop_post == "strict":
            raise ApiError(400, "SYSPROP-1", _DUPLICATE)
        known.value, known.description = value, description or known.description
    elif len(call.inventory.properties) >= MOST_PROPERTIES:
        raise ApiError(409, "409-CONFLICT", f"There are at most {MOST_PROPERTIES} system properties")
    else:
        known = call.inventory.set_property(name, value, description)
    return Reply(201, prop(call.view, known), headers={"Location": call.href(paths.prop(known))})


@route(
    "PUT",
    "/config/properties/<id>",
    MODIFY,
    produces=("systemproperty",),
    consumes=("systemproperty",),
    root="property",
)
def put_property(call: Call, id: str) -> Reply:
    one = call.inventory.property(id)
    name, value, description = _values(call.body)
    if name != one.name:
        if name in call.inventory.property_names:
            raise ApiError(409, "SYSPROP-1", _DUPLICATE)
        del call.inventory.property_names[one.name]
        call.inventory.property_names[name] = one
    one.name, one.value, one.description = name, value, description
    return Reply(200, prop(call.view, one))


@route(
    "PUT",
    "/config/properties",
    MODIFY,
    produces=("systemproperties",),
    consumes=("systemproperties",),
    root="properties",
)
def put_properties(call: Call) -> Reply:
    """Replaces all of them, or all of a component: what is left out is deleted."""
    component = call.query("component")
    wanted = {name: (value, description) for name, value, description in map(_values, call.body.items())}
    if len(wanted) > MOST_PROPERTIES:
        raise ApiError(400, "GEN-3", f"There are at most {MOST_PROPERTIES} system properties")
    if component and not all(name.startswith(component + ".") for name in wanted):
        raise ApiError(400, "GEN-3", f"The field 'name' is not valid: names must begin with {component}.")
    inventory = call.inventory
    for one in list(inventory.properties.values()):
        if one.name not in wanted and (not component or one.name.startswith(component + ".")):
            inventory.remove_property(one)
    for name, (value, description) in wanted.items():
        known = inventory.property_names.get(name)
        if known is None:
            inventory.set_property(name, value, description)
        else:
            known.value, known.description = value, description
    return Reply(200, _listed(call))


@route("DELETE", "/config/properties/<id>", MODIFY)
def delete_property(call: Call, id: str) -> Reply:
    call.inventory.remove_property(call.inventory.property(id))
    return Reply(204)


def _listed(call: Call) -> Collection:
    """All, or those of `name`, or those of `component`."""
    found = sorted(call.inventory.properties.values(), key=lambda one: one.name)
    if name := call.query("name"):
        found = [one for one in found if one.name == name]
    elif component := call.query("component"):
        found = [one for one in found if one.name.startswith(component + ".")]
    return Collection("properties", [prop(call.view, one) for one in found])


def _values(body: Body) -> tuple[str, str, str]:
    return body.required("name"), body.text("value"), body.text("description")
