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
        self._cards = 0

    def uuid(self) -> str:
        return spell(self._random.getrandbits(128))

    def mac(self) -> str:
        """The hardware address of the next network card, from the block that vCloud takes them from."""
        self._cards += 1
        number = 0x10000 + self._cards % 0x3F0000
        return f"00:50:56:{number >> 16:02x}:{number >> 8 & 0xFF:02x}:{number & 0xFF:02x}"


def spell(bits: int) -> str:
    """128 bits as a UUID of version 4, which the module `uuid` does in four times the time."""
    text = f"{bits & _RANDOM_BITS | _VERSION_4:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_uuid(text: str) -> bool:
    return UUID_PATTERN.fullmatch(text) is not None
