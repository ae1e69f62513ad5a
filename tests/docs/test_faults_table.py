"""The table of effects in docs/faults.md is the one in the code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from gatepost.core.effects import EFFECTS
from gatepost.core.faults import Match, parse_rule

DOCS = Path(__file__).parents[2] / "docs" / "faults.md"


def fields(effect: type[BaseModel]) -> str:
    """The fields with their choices and defaults, as the table shows them."""
    shown = []
    for name, field in effect.model_fields.items():
        if name == "kind":
            continue
        choices = get_args(field.annotation)
        default = "" if field.is_required() else f" = {json.dumps(field.default)}"
        words = [str(choice) for choice in choices if isinstance(choice, str | int)]
        shown.append(f"`{name}`{default}" + (f" ({', '.join(words)})" if words else ""))
    return ", ".join(shown)


def rows() -> list[str]:
    """What the table should hold; copy these lines into the docs when they differ."""
    return [
        f"| `{effect.model_fields['kind'].default}` | {fields(effect)} | {' '.join((effect.__doc__ or '').split())} |"
        for effect in EFFECTS
    ]


def test_every_effect_stands_in_the_docs_with_its_fields() -> None:
    section = DOCS.read_text().partition("## Effects")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `.*\|$", section, re.MULTILINE) == rows()


def test_every_field_of_a_match_stands_in_the_docs() -> None:
    section = DOCS.read_text().partition("## What a rule matches")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)`", section, re.MULTILINE) == list(Match.model_fields)


def test_every_rule_in_the_docs_is_one() -> None:
    rules = re.findall(r'^ *(\{"effect": .*\})$', DOCS.read_text(), re.MULTILINE)
    assert len(rules) >= 3
    for rule in rules:
        parse_rule(json.loads(rule))
