"""The report as one HTML file: it opens offline, loads nothing, and its own policy lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from gatepost.conformance.connectors import defects
from gatepost.conformance.redaction import readable
from gatepost.conformance.report.model import Report
from gatepost.conformance.report.words import GLYPHS, LEVELS, MEANINGS, WORST_FIRST, families, summary, troubled
from gatepost.conformance.timeline import LANES
from gatepost.conformance.verdict import Verdict

OPEN = 4
"""Failures whose timeline is open from the start."""

_UUID = re.compile(r"([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def html(report: Report) -> str:
    style, script = _source("report.css.j2"), _source("report.js.j2")
    page = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_shown, trim_blocks=True, lstrip_blocks=True
    )
    page.filters["short"] = _short
    return page.from_string(_source("report.html.j2")).render(
        report=report,
        families={
            name: (results, Counter(one.verdict for one in results))
            for name, results in families(report.results).items()
        },
        troubled=troubled(report),
        defects=_defects(report.dialect),
        glyphs=GLYPHS,
        levels=LEVELS,
        meanings=MEANINGS,
        order=list(reversed(WORST_FIRST)),
        summary=summary,
        lanes=LANES,
        open=OPEN,
        Verdict=Verdict,
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def _shown(value: object) -> object:
    return readable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _source(name: str) -> str:
    return files("gatepost.conformance.report").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _short(text: str) -> str:
    """Identifiers by their first digits: the whole text stands in what opens."""
    return _UUID.sub("\\1…", text)


def _defects(dialect: str) -> dict[str, list[str]]:
    """By requirement, what the defective connectors do that prove that it can fail."""
    found: dict[str, list[str]] = {}
    for defect in defects.every():
        if defect.dialect == dialect:
            for id in defect.breaks:
                found.setdefault(id, []).append(defect.sentence)
    return found
