"""The coverage table of the vCloud dialect: every request that the API's documents name, and whether it is served.

    python -m tools.coverage            prints docs/vcloud-coverage.md
    python -m tools.coverage --write    writes it

What is served is read from the application's own URL map, so the table cannot claim a route that is not there; what is
not served must say why. Sections are numbered from 1 (sessions) to 9 (queries) as everywhere in this project.
"""

from __future__ import annotations

import ast
import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from werkzeug.exceptions import HTTPException

from gatepost.app import create_app
from gatepost.vcloud.names import BLOCKABLE
from tools.vcloud_requests import ABSENT_OPERATIONS, REQUESTS

HERE = Path(__file__).resolve().parents[1]
PAGE = HERE / "docs" / "vcloud-coverage.md"
SOURCES = (HERE / "emulator" / "vcloud" / "routes", HERE / "emulator" / "core" / "workflows")

OURS = ("/api/", "/cloudapi/", "/transfer/")
_SECTION = re.compile(r"sections?\s+(\d[\d.]*\d|\d)")

ID = "0f0e0d0c-0b0a-4908-8706-050403020100"


class Row(NamedTuple):
    """One request of the documents: its section, method, path (`U` an id), and why it is not served, if it is not."""

    section: str
    method: str
    path: str
    excuse: str = ""

    @property
    def served(self) -> bool:
        """Whether the application has a route for it, for each of the alternatives in braces."""
        return all(_has_route(self.method, path) for path in alternatives(self.path))


def rows() -> list[Row]:
    return [Row(section, *request) for section, requests in REQUESTS.items() for request in requests]


def alternatives(path: str) -> Iterator[str]:
    """`/a/{b,c}` as `/a/b` and `/a/c`."""
    parts = [part.split(",") for part in re.split(r"[{}]", path)]
    return ("".join(chosen) for chosen in itertools.product(*parts))


def others() -> list[tuple[str, str]]:
    """Routes of the dialect that the documents do not name, with the section that their module is about."""
    app = create_app()
    listed = {_rule(row.method, path) for row in rows() for path in alternatives(row.path)}
    found = []
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD"}:
            if rule.rule.startswith(OURS) and (method, rule.rule) not in listed:
                module = sys.modules[app.view_functions[rule.endpoint].__module__]
                section = _SECTION.search(module.__doc__ or "")
                found.append((section[1] if section else "", f"{method} {rule.rule.replace('<id>', 'U')}"))
    return sorted(found)


def operations() -> dict[str, str]:
    """By name of a blockable operation: what it is caused by, or why nothing causes it."""
    named = {
        node.value
        for folder in SOURCES
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {name: "blocks" if name in named else ABSENT_OPERATIONS.get(name, "") for name in BLOCKABLE}


def page() -> str:
    lines = [
        "# Coverage of the vCloud dialect",
        "",
        "Made from the code by `python -m tools.coverage --write`; a test holds it to the code. `U` is an id,",
        "braces hold alternatives.",
        "",
        "| section | request | state |",
        "|---|---|---|",
    ]
    lines += [
        f"| {row.section} | `{row.method} {row.path}` | {'served' if row.served else 'not served: ' + row.excuse} |"
        for row in rows()
    ]
    lines += [
        "",
        "## Also served",
        "",
        "What clients were seen to ask for, and what the links of other documents lead to.",
        "",
        "| section | request |",
        "|---|---|",
    ]
    lines += [f"| {section} | `{request}` |" for section, request in others()]
    lines += [
        "",
        "## Operations that can be enabled as blocking tasks",
        "",
        "Each name can be enabled. *blocks*: a request of this cloud causes it, and then waits.",
        "",
        "| operation | category | state |",
        "|---|---|---|",
    ]
    lines += [f"| `{name}` | {BLOCKABLE[name]} | {state} |" for name, state in operations().items()]
    return "\n".join(lines) + "\n"


def _has_route(method: str, path: str) -> bool:
    return _rule(method, path) is not None


def _rule(method: str, path: str) -> tuple[str, str] | None:
    adapter = create_app().url_map.bind("localhost")
    concrete = re.sub(r"\bU\b", ID, path.partition("?")[0]).rstrip("/")
    try:
        rule, _ = adapter.match(concrete, method=method, return_rule=True)
    except HTTPException:
        return None
    return method, rule.rule


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page())
    else:
        sys.stdout.write(page())
