"""The files that are made from the harness: python -m tools.pages --write."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner

from gatepost.cli import main as command
from gatepost.conformance import catalogue
from gatepost.conformance.report.listing import as_markdown
from gatepost.conformance.report.writing import schema_text

ROOT = Path(__file__).parents[1]
COMMANDS = ("check", "init", "requirements", "selftest")


def helps() -> str:
    """What `--help` of the harness's commands says."""
    shown = []
    for name in COMMANDS:
        told = CliRunner().invoke(command, [name, "--help"], prog_name="gatepost", terminal_width=100)
        shown.append(f"$ gatepost {name} --help\n{told.output}")
    return "\n".join(shown)


PAGES: dict[str, Callable[[], str]] = {
    "docs/requirements.md": lambda: as_markdown(catalogue.requirements()),
    "docs/report.schema.json": schema_text,
    "tests/docs/help.txt": helps,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the files; without it, only say which are stale")
    write = parser.parse_args().write
    for name, make in PAGES.items():
        path, text = ROOT / name, make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{'wrote' if write else 'stale'} {name}")
            if write:
                path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
