"""Texts with wildcards, as rules and waiting checks match them."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import Annotated

from pydantic import Field

Pattern = Annotated[str, Field(min_length=1, max_length=1_000)]
"""A text in which `*` stands for any characters, also for a slash, and `?` for one."""


def compiled(pattern: str) -> re.Pattern[str]:
    """To be used with `fullmatch`; however many stars it has, it takes time in proportion to the text."""
    # Brackets mean themselves here; to fnmatch they are sets of characters.
    return re.compile(translate(pattern.replace("[", "[[]")))
