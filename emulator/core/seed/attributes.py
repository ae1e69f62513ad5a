"""What several kinds of objects have: metadata, shares, product sections."""

from __future__ import annotations

from collections.abc import Sequence

from gatepost.core.inventory import AccessLevel, MetadataKey, Metadatum, ProductProperty, ProductSection, Sharing
from gatepost.core.seed import machines
from gatepost.core.seed.places import Places


def metadata(entries: Sequence[machines.Metadatum]) -> dict[MetadataKey, Metadatum]:
    return {(one.domain, one.key): Metadatum(one.value, one.type, one.visibility) for one in entries}


def sharing(places: Places, plan: machines.Sharing) -> Sharing:
    everyone = None if plan.everyone is None else AccessLevel(plan.everyone)
    return Sharing(everyone, tuple((places.user(one.user), AccessLevel(one.access)) for one in plan.users))


def products(sections: Sequence[machines.Product]) -> tuple[ProductSection, ...]:
    return tuple(map(_product, sections))


def _product(plan: machines.Product) -> ProductSection:
    properties = tuple(ProductProperty(**one.model_dump()) for one in plan.properties)
    return ProductSection(plan.info, plan.product, plan.vendor, plan.version, plan.full_version, properties)
