"""The Error element, and which refusal of the engine becomes which (reference, sections 0.6 and 0.7)."""

from __future__ import annotations

import re

from gatepost.core.errors import (
    BusyEntity,
    CloudError,
    DuplicateName,
    Forbidden,
    NotFound,
)
from gatepost.vcloud.names import USER_VIEW, V
from gatepost.vcloud.versions import Traits
from gatepost.vcloud.xmlio import Element, root

_CAPITAL = re.compile("[A-Z]")


class ApiError(Exception):
    """A request that ends in an Error body. `minor` is the minorErrorCode, `headers` go out with it."""

    def __init__(self, status: int, minor: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.minor = minor
        self.message = message
        self.headers = headers or {}


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BAD_REQUEST", message)


def no_access(kind: str, id: str) -> ApiError:
    """What does not exist and what may not be seen look the same."""
    return ApiError(
        403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN", f'No access to entity "com.vmware.vcloud.entity.{kind}:{id}".'
    )


def denied() -> ApiError:
    return ApiError(403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN", "This operation is denied.")


def bad_id() -> ApiError:
    return bad_request("validation error on field 'id': String value has invalid format or length")


def wrong_collection(kind: str) -> ApiError:
    return bad_request(
        f"validation error : EntityRef has incorrect type, expected type is com.vmware.vcloud.entity.{kind}."
    )


def from_cloud(error: CloudError, traits: Traits) -> ApiError:
    """The engine's refusal in this dialect."""
    if isinstance(error, NotFound):
        return no_access(error.kind, error.id)
    if isinstance(error, Forbidden):
        return denied()
    if isinstance(error, BusyEntity):
        return ApiError(400, "BUSY_ENTITY", _busy(error) if traits.busy_names_task else str(error))
    minor = "DUPLICATE_NAME" if isinstance(error, DuplicateName) else "BAD_REQUEST"
    return ApiError(400, minor, str(error))


def _busy(error: BusyEntity) -> str:
    """As newer servers say it, which spell the operation as their own constant."""
    operation = _CAPITAL.sub(r"_\g<0>", error.task.name).upper()
    entity, task = (f"com.vmware.vcloud.entity.{ref.kind}:{ref.id}" for ref in (error.entity, error.task))
    return f"The entity Ref: {entity} is busy completing an operation {operation}. {operation}({task})"


def error_element(status: int, minor: str, message: str) -> Element:
    return root(V + "Error", USER_VIEW, minorErrorCode=minor, message=message, majorErrorCode=status)
