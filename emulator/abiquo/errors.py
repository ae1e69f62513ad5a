"""The error document's codes, and which refusal of the engine becomes which (reference, sections 1.5 and 3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gatepost.core.errors import CloudError, Forbidden, HoldClosed, IllegalState, NotFound, TaskEnded

_UNKNOWN = {
    "enterprise": ("EN-0", "The requested enterprise does not exist"),
    "user": ("USER-3", "The requested user does not exist"),
    "role": ("ROLE-0", "The requested role does not exist"),
    "scope": ("SCOPE-1", "The requested scope does not exist"),
    "virtualdatacenter": ("VDC-0", "The requested virtual datacenter does not exist"),
    "virtualappliance": ("VAPP-0", "The requested virtual appliance does not exist"),
    "virtualmachine": ("VM-1", "The requested virtual machine does not exist"),
    "systemproperty": ("SYSPROP-0", "The requested system property does not exist"),
    "task": ("TASK-1", "The requested task does not exist"),
}


class ApiError(Exception):
    """A request that ends in an error document. `headers` go out with it."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or MappingProxyType({})


def bad_request(message: str) -> ApiError:
    """The body cannot be read at all."""
    return ApiError(400, "400-BAD-REQUEST", message)


def missing(field: str) -> ApiError:
    return ApiError(400, "GEN-2", f"The field '{field}' is required")


def invalid(field: str, why: str) -> ApiError:
    return ApiError(400, "GEN-3", f"The field '{field}' is not valid: {why}")


def bad_query(name: str, why: str) -> ApiError:
    return ApiError(400, "GEN-22", f"The query parameter '{name}' is not valid: {why}")


def unknown(kind: str) -> ApiError:
    code, message = _UNKNOWN.get(kind, ("404-NOT-FOUND", "The requested resource does not exist"))
    return ApiError(404, code, message)


def denied() -> ApiError:
    """A privilege or a scope is missing, as seen from inside a resource."""
    return ApiError(403, "GEN-4", "The user does not have enough permissions to perform the requested operation")


def wrong_state() -> ApiError:
    return ApiError(409, "TASK-2", "The task is not in the appropriate state")


class Conflict(CloudError):
    """A state that does not allow the request, with the dialect's code for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def from_cloud(error: CloudError) -> ApiError:
    """The engine's refusal in this dialect."""
    if isinstance(error, NotFound):
        return unknown(error.kind)
    if isinstance(error, Forbidden):
        return denied()
    if isinstance(error, Conflict):
        return ApiError(409, error.code, str(error))
    if isinstance(error, HoldClosed | TaskEnded):
        return wrong_state()
    if isinstance(error, IllegalState):
        return ApiError(409, "409-CONFLICT", str(error))
    return ApiError(400, "GEN-3", str(error))
