"""Metadata: entries that users and providers leave at objects (vCloud API reference, section 3.2).

The operations have tasks, and never ask anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from gatepost.core.entities import Entity
from gatepost.core.errors import InvalidValue, NotFound
from gatepost.core.inventory import MetadataKey, Metadatum
from gatepost.core.operations import WORK, Operation, Steps, Workflow

MOST_ENTRIES = 500
"""Of one object."""

_EVENT_WORDS = {"vapptemplate": "vappTemplate", "catalogitem": "catalogItem"}


class Annotated(Entity, Protocol):
    """Something that has metadata."""

    @property
    def kind(self) -> str: ...

    @property
    def metadata(self) -> dict[MetadataKey, Metadatum]: ...


def set_metadata(entity: Annotated, entries: Mapping[MetadataKey, Metadatum]) -> Workflow:
    """Add entries, in place of those that have their keys."""

    def workflow(op: Operation) -> Steps:
        op.acts_on(entity)
        if len(entity.metadata.keys() | entries.keys()) > MOST_ENTRIES:
            raise InvalidValue(f"An object can have {MOST_ENTRIES} metadata entries. Delete some first.")
        op.on_end(_modified(entity), entity)
        yield WORK
        entity.metadata.update(entries)

    return workflow


def delete_metadatum(entity: Annotated, key: MetadataKey) -> Workflow:
    """Raises NotFound."""

    def workflow(op: Operation) -> Steps:
        op.acts_on(entity)
        if key not in entity.metadata:
            raise NotFound("metadata", key[1])
        op.on_end(_modified(entity), entity)
        yield WORK
        del entity.metadata[key]

    return workflow


def _modified(entity: Annotated) -> str:
    return f"{_EVENT_WORDS.get(entity.kind, entity.kind)}/modify"
