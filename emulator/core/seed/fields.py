"""What the fields of an inventory file may hold."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gatepost.core.text import is_text

PASSWORD = "gatepost"
"""Of every account whose password nobody has chosen. It is public."""


class Part(BaseModel):
    """A part of an inventory file: every key is known, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def carried(text: str) -> str:
    """The text, if every dialect can carry it. Raises ValueError."""
    if not is_text(text):
        raise ValueError("it holds a character that XML does not allow")
    return text


def _address(text: str) -> str:
    if not text:
        return text
    if "%" in text:
        raise ValueError("an IP address is expected")
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError("an IP address is expected") from None


Text = Annotated[str, Field(max_length=32_768), AfterValidator(carried)]
Name = Annotated[str, Field(max_length=128, pattern=r"\S"), AfterValidator(carried)]
Reference = Annotated[str, Field(max_length=300)]
"""The name of something else in the file."""

Address = Annotated[str, Field(max_length=64), AfterValidator(_address)]
"""An IP address, or nothing."""

Password = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(carried)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
Bound = Annotated[int, Field(ge=0, le=2**40)]
"""A limit, 0 without bound."""
