"""The catalogue of requirements, to read: as a table, as JSON and as a page of the documentation."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gatepost.conformance import catalogue
from gatepost.conformance.catalogue import Requirement
from gatepost.conformance.connectors import defects
from gatepost.conformance.report.summary import plain

DIALECTS = {"vcloud": "vCloud blocking tasks", "abiquo": "Abiquo workflow"}


def as_json(chosen: Sequence[Requirement]) -> str:
    listed = [
        {
            "id": one.id,
            "dialect": one.dialect,
            "family": one.family,
            "level": one.level.value,
            "needs": list(one.needs),
            "title": one.title,
            "text": one.text,
            "source": one.source,
            "defects": bitten_by(one.id),
        }
        for one in chosen
    ]
    return json.dumps({"set": catalogue.SET, "requirements": listed}, indent=2, ensure_ascii=False) + "\n"


def as_markdown(chosen: Sequence[Requirement]) -> str:
    lines = [
        "# Requirements",
        "",
        f"What `gatepost check` judges a connector by: set {catalogue.SET}, {len(chosen)} requirements. A **must** "
        "that is broken makes a connector not conformant, a *should* is shown as weak. Where a requirement needs a "
        "claim, it is only judged when the profile makes that claim. How verdicts are made stands in "
        "[conformance.md](conformance.md).",
        "",
        "This page is made from the scenarios in `features/` by `python -m tools.pages --write`.",
    ]
    for dialect, of_dialect in _grouped(chosen, "dialect").items():
        lines += ["", f"## {DIALECTS.get(dialect, dialect)}"]
        for family, rules in _grouped(of_dialect, "family").items():
            lines += ["", f"### {plain(family)}"]
            for one in rules:
                level = f"**{one.level}**" if one.level == "must" else f"*{one.level}*"
                needs = f", for the claim {' and '.join(f'`{claim}`' for claim in one.needs)}" if one.needs else ""
                lines += ["", f"**{one.id}** {plain(one.title)} ({level}{needs})", ""]
                lines += [f"{plain(one.text)} Source: {plain(one.source)}."]
    return "\n".join(lines) + "\n"


def show(chosen: Sequence[Requirement], console: Console, *, whole: bool) -> None:
    """A table; with `whole`, each with its text, its source and the defects that prove it."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("id", "level", "claims"):
        table.add_column(name, no_wrap=name != "claims")
    table.add_column("rule", ratio=1)
    for one in chosen:
        text = escape(one.title)
        if whole:
            text += f"\n{escape(one.text)}\n[dim]Source: {escape(one.source)}[/]"
            names = ", ".join(bitten_by(one.id))
            text += f"\n[dim]Broken by: {escape(names or 'no defect')}[/]\n"
        table.add_row(one.id, one.level, ", ".join(one.needs), text)
    console.print(table, highlight=False)
    if not whole:
        console.print(f"[dim]set {catalogue.SET}: {len(chosen)} requirements; gatepost requirements ID tells more[/]")


def bitten_by(id: str) -> list[str]:
    """The defective connectors that break it."""
    return [defect.name for defect in defects.every() if id in defect.breaks]


def _grouped(rules: Sequence[Requirement], by: str) -> dict[str, list[Requirement]]:
    found: dict[str, list[Requirement]] = {}
    for one in rules:
        found.setdefault(getattr(one, by), []).append(one)
    return found
