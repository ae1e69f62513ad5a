"""Rights and the roles that hold them: a few of the cloud's own, and those that extension services bring along."""

from __future__ import annotations

from dataclasses import dataclass

from gatepost.core.errors import DuplicateName, InvalidValue, NotFound
from gatepost.core.ids import Ids
from gatepost.core.inventory import Role

MOST_RIGHTS = 1_000

_EVERYBODY = frozenset(Role)
_ADMINISTRATORS = _EVERYBODY - {Role.VAPP_USER}
_PREDEFINED = (
    ("Organization: View", "Organization", _EVERYBODY),
    ("Organization: Edit Properties", "Organization", _ADMINISTRATORS),
    ("Organization vDC: View", "Organization vDC", _EVERYBODY),
    ("Organization Network: View", "Organization Network", _EVERYBODY),
    ("Catalog: View Private and Shared Catalogs", "Catalog", _EVERYBODY),
    ("Catalog: Create / Delete a Catalog", "Catalog", _ADMINISTRATORS),
    ("vApp Template / Media: View", "vApp Template / Media", _EVERYBODY),
    ("vApp Template / Media: Edit", "vApp Template / Media", _ADMINISTRATORS),
    ("vApp: Create / Reconfigure", "vApp", _EVERYBODY),
    ("vApp: Delete", "vApp", _EVERYBODY),
    ("vApp: Edit VM Properties", "vApp", _EVERYBODY),
    ("vApp: Start / Stop / Suspend / Reset", "vApp", _EVERYBODY),
    ("General: Administrator View", "General", _ADMINISTRATORS),
    ("General: Administrator Control", "General", _ADMINISTRATORS),
)


@dataclass(slots=True, eq=False)
class Right:
    """`namespace` is that of the service that brought it, empty for the cloud's own."""

    id: str
    name: str
    category: str
    description: str = ""
    bundle_key: str = ""
    namespace: str = ""


class Rights:
    """The rights of one world. The caller holds the lock."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self.by_id: dict[str, Right] = {}
        self._held: dict[Role, frozenset[str]] = dict.fromkeys(Role, frozenset())
        for name, category, roles in _PREDEFINED:
            right = self._add(Right(ids.uuid(), name, category))
            for role in roles:
                self._held[role] |= {right.id}

    def of(self, role: Role) -> list[Right]:
        """What a role may do. System administrators may do everything, whatever comes along."""
        everything = role is Role.SYSTEM_ADMINISTRATOR
        return [right for right in self.by_id.values() if everything or right.id in self._held[role]]

    def holds(self, role: Role, id: str) -> bool:
        return id in self.by_id and (role is Role.SYSTEM_ADMINISTRATOR or id in self._held[role])

    def grant(self, role: Role, ids: frozenset[str]) -> None:
        """Give a role these rights and no others. Raises NotFound."""
        for id in ids:
            if id not in self.by_id:
                raise NotFound("right", id)
        self._held[role] = ids

    def of_service(self, namespace: str) -> list[Right]:
        return [right for right in self.by_id.values() if right.namespace == namespace]

    def register(self, right: Right) -> Right:
        """Add the right of a service; the namespace comes before its name. Raises DuplicateName and InvalidValue."""
        right.name = full_name(right.namespace, right.name)
        if any(other.name == right.name for other in self.by_id.values()):
            raise DuplicateName(f'Right with name "{right.name}" already exists.')
        if len(self.by_id) >= MOST_RIGHTS:
            raise InvalidValue(f"A cloud has at most {MOST_RIGHTS} rights; clear the unused ones.")
        right.id = self._ids.uuid()
        return self._add(right)

    def remove(self, right: Right) -> None:
        self.by_id.pop(right.id, None)
        for role in Role:
            self._held[role] -= {right.id}

    def clear_unused(self, namespaces: set[str]) -> None:
        """Forget the rights of services that are not registered any more; `namespaces` are those that are."""
        for right in list(self.by_id.values()):
            if right.namespace and right.namespace not in namespaces:
                self.remove(right)

    def _add(self, right: Right) -> Right:
        self.by_id[right.id] = right
        return right


def full_name(namespace: str, name: str) -> str:
    """The name of a service's right, as everybody sees it."""
    prefix = f"{{{namespace}}}:"
    return name if name.startswith(prefix) else prefix + name
