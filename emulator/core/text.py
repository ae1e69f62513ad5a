"""Which texts every dialect can carry."""

from __future__ import annotations

import re

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def is_text(value: str) -> bool:
    """Whether XML 1.0 can hold this text at all (its section 2.2): JSON can carry more."""
    return _ILLEGAL.search(value) is None
