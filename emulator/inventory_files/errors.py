"""What is wrong with an inventory file, and where."""

from __future__ import annotations

from collections.abc import Sequence


class InvalidInventory(ValueError):
    """A file that is no inventory. `lines` are its faults in the order of the file, one a line; the text begins with
    the first.
    """

    def __init__(self, name: str, faults: Sequence[str]) -> None:
        self.lines = [_printable(f"{name}: {fault}") for fault in faults]
        more = f" (and {len(faults) - 1} more; `gatepost inventory FILE` lists them all)" if len(faults) > 1 else ""
        super().__init__(self.lines[0] + more)


def _printable(text: str) -> str:
    """What a file holds can be anything, and this is shown on terminals."""
    line = " ".join(text.split())
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)
