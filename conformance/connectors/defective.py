"""Runs a reference connector with one defect: python -m gatepost.conformance.connectors.defective NAME [ARGUMENTS]."""

from __future__ import annotations

import sys
from importlib import import_module

from gatepost.conformance.connectors import defects


def main() -> None:
    name, *arguments = sys.argv[1:] or [""]
    found = next((one for one in defects.every() if one.name == name), None)
    if found is None:
        raise SystemExit(f"there is no defect {name!r}; gatepost selftest --list shows them")
    found.patch()
    import_module(f"gatepost.conformance.connectors.{found.dialect}_reference").main(arguments)


if __name__ == "__main__":
    main()
