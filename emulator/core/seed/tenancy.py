"""What names mean in one organization of an inventory file."""

from __future__ import annotations

from gatepost.core.seed import plan as plans


class Tenancy:
    """The names that an organization knows. The plans are furnished."""

    def __init__(self, org: plans.Organization, cloud: plans.VcloudPlan) -> None:
        self.org = org
        self.providers = {one.name for one in cloud.provider_vdcs}
        self.users = {user.name for user in org.users or ()}
        self.administrators = {f"{one.name}@System" for one in cloud.administrators}
        self.vdcs = {vdc.name: vdc for vdc in org.vdcs or ()}
        self.networks = {network.name for network in org.networks or ()}
        self.catalogs = {catalog.name: catalog for catalog in org.catalogs or ()}
        self.vapp_names: set[tuple[str | None, str]] = set()

    def vdc(self, name: str | None) -> plans.Vdc | None:
        """The one of that name, the first without a name."""
        return next(iter(self.vdcs.values()), None) if name is None else self.vdcs.get(name)

    def has_user(self, name: str) -> bool:
        return name in self.users or name in self.administrators
