"""Identifiers that the same seed gives again. Session tokens never come from here."""

from __future__ import annotations

import random
import re
from uuid import UUID

UUID_PATTERN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Ids:
    """Lower-case version 4 UUIDs, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._random = random.Random(seed)

    def uuid(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))


def is_uuid(text: str) -> bool:
    return UUID_PATTERN.fullmatch(text) is not None
