"""The privileges, and which of the default roles hold them (reference, section 3.1)."""

from __future__ import annotations

from typing import Final

_BOTH = frozenset({"ENTERPRISE_ADMIN", "CLOUD_ADMIN"})
_ALL = _BOTH | {"USER"}
_CLOUD = frozenset({"CLOUD_ADMIN"})

WORKFLOW_OVERRIDE: Final = "WORKFLOW_OVERRIDE"
DEPLOY: Final = "VAPP_DEPLOY_UNDEPLOY"
CUSTOMISE: Final = "VAPP_CUSTOMISE_SETTINGS"
PERFORM: Final = "VAPP_PERFORM_ACTIONS"
MANAGE_VAPP: Final = "VDC_MANAGE_VAPP"
ENUMERATE_VDCS: Final = "VDC_ENUMERATE"
MANAGE_VDC: Final = "VDC_MANAGE"
CREATE_INSTANCE: Final = "VAPP_CREATE_INSTANCE"

HOLDERS: Final[dict[str, frozenset[str]]] = {
    WORKFLOW_OVERRIDE: _BOTH,
    DEPLOY: _ALL,
    CUSTOMISE: _ALL,
    PERFORM: _ALL,
    CREATE_INSTANCE: _ALL,
    ENUMERATE_VDCS: _ALL,
    MANAGE_VAPP: _ALL,
    MANAGE_VDC: _BOTH,
    "ENTERPRISE_ENUMERATE": _CLOUD,
    "ENTERPRISE_ADMINISTER_ALL": _CLOUD,
    "USERS_VIEW": _BOTH,
    "USERS_MANAGE_USERS": _BOTH,
    "USERS_MANAGE_ENTERPRISE": _CLOUD,
    "USERS_MANAGE_OTHER_ENTERPRISES": _CLOUD,
    "USERS_VIEW_PRIVILEGES": _CLOUD,
    "USERS_MANAGE_ROLES": _CLOUD,
    "USERS_MANAGE_SCOPES": _CLOUD,
    "SYSCONFIG_VIEW": _CLOUD,
    "SYSCONFIG_ALLOW_MODIFY": _CLOUD,
    "EVENTLOG_VIEW_ENTERPRISE": _ALL,
    "EVENTLOG_VIEW_ALL": _CLOUD,
    "SCALING_GROUP_MANAGE_WORKFLOW": _CLOUD,
}

VM_READERS: Final = (MANAGE_VAPP, CUSTOMISE, PERFORM, DEPLOY)
"""Any one of these lets a user see virtual machines."""

TASK_READERS: Final = (*VM_READERS, CREATE_INSTANCE)

OTHER_ENTERPRISES: Final = ("ENTERPRISE_ENUMERATE", "ENTERPRISE_ADMINISTER_ALL", "USERS_MANAGE_OTHER_ENTERPRISES")
"""Any one of these lets a user see beyond the own enterprise, as far as the role's scope reaches."""

OF_THE_CONNECTOR: Final = frozenset(
    {
        *(WORKFLOW_OVERRIDE, CUSTOMISE, MANAGE_VAPP, ENUMERATE_VDCS, PERFORM),
        *(
            "USERS_VIEW",
            "ENTERPRISE_ENUMERATE",
            "USERS_VIEW_PRIVILEGES",
            "EVENTLOG_VIEW_ALL",
            "EVENTLOG_VIEW_ENTERPRISE",
        ),
    }
)
"""What a connector's own user needs: to decide, and to read whom and what it decides about."""
