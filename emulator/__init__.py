"""Gatepost: a cloud that asks permission, for everybody who writes connectors.

`from gatepost import Gatepost` gives a whole emulated cloud in this process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gatepost.facade import Gatepost

__all__ = ["Gatepost", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Loaded at first use: the engine can be imported without the web server, and `gatepost --help` stays quick.
    if name == "Gatepost":
        from gatepost.facade import Gatepost

        return Gatepost
    raise AttributeError(f"module 'gatepost' has no attribute {name!r}")
