"""Localization bundles: registered, uploaded and forgotten again. What is in them nobody here reads."""

from __future__ import annotations

from uuid import uuid4

from gatepost.core.errors import InvalidValue

MOST_BUNDLES = 200


class Bundles:
    """The bundles of one world: the namespace of the service that each is for. The caller holds the lock."""

    def __init__(self) -> None:
        self._namespaces: dict[str, str] = {}

    def open(self, namespace: str) -> str:
        """The id of an upload, which nobody can guess: who has it may send the bundle. Raises InvalidValue."""
        if len(self._namespaces) >= MOST_BUNDLES:
            raise InvalidValue(f"A cloud has at most {MOST_BUNDLES} localization bundles; clear the unused ones.")
        id = str(uuid4())
        self._namespaces[id] = namespace
        return id

    def __contains__(self, id: str) -> bool:
        return id in self._namespaces

    def clear_unused(self, namespaces: set[str]) -> None:
        """Forget those for services that are not registered any more; `namespaces` are those that are."""
        self._namespaces = {id: one for id, one in self._namespaces.items() if one in namespaces}
