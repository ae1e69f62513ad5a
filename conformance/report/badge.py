"""The report as a badge: an SVG picture, or the JSON that shields.io's endpoint badge reads."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

from gatepost.conformance.report.model import Report
from gatepost.conformance.report.words import state

COLOURS = {"brightgreen": "#2f7d32", "yellow": "#946200", "red": "#b3261e", "lightgrey": "#5f6368"}
LETTER = 7.0
"""Pixels of a letter, on the wide side: the picture says no font's width."""


def endpoint(report: Report) -> str:
    shown = {"schemaVersion": 1, "label": _label(report), "message": state(report), "color": _colour(report)}
    return json.dumps(shown, indent=2) + "\n"


def svg(report: Report) -> str:
    label, message = _label(report), state(report)
    left, right = round(LETTER * len(label)) + 12, round(LETTER * len(message)) + 12
    words = "".join(
        f'<text x="{at}" y="14" textLength="{length}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
        for at, length, text in ((6, left - 12, label), (left + 6, right - 12, message))
    )
    title = escape(f"{label}: {message}", {'"': "&quot;"})
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{title}">'
        f'<title>{title}</title><clipPath id="r"><rect width="{left + right}" height="20" rx="3"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#444"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{COLOURS[_colour(report)]}"/></g>'
        f'<g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">{words}</g></svg>\n'
    )


def _label(report: Report) -> str:
    return f"gatepost {report.dialect}"


def _colour(report: Report) -> str:
    if report.problem is not None:
        return "lightgrey"
    if not report.succeeded:
        return "red" if report.exit_code == 1 else "lightgrey"
    return "brightgreen" if report.conformant and report.whole else "yellow"
