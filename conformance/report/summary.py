"""The report in Markdown, as GitHub shows it below a job."""

from __future__ import annotations

import re
from collections import Counter

from gatepost.conformance.report.model import Report, Result
from gatepost.conformance.report.words import GLYPHS, families, summary, troubled

MOST = 40
"""Failures that are told one by one: GitHub takes a megabyte."""


def markdown(report: Report) -> str:
    sign = "✅" if report.succeeded else "❌"
    lines = [
        f"## {sign} {plain(report.connector)}: {plain(report.headline)}",
        "",
        f"Requirements {report.set} of {report.dialect}, seed {report.seed}, {report.seconds:g} s, "
        f"Gatepost {report.gatepost}.",
        "",
        "| family | judged | |",
        "|---|---|---|",
    ]
    for name, results in families(report.results).items():
        glyphs = "".join(GLYPHS[result.verdict] for result in results)
        lines.append(f"| {plain(name)} | {glyphs} | {summary(Counter(one.verdict for one in results))} |")
    if report.problem is not None:
        lines += ["", "The run broke off:", "", *_block(report.problem)]
    if report.baseline:
        lines += ["", "The list of known failures is no longer true:", ""]
        lines += [f"- {plain(text)}" for text in report.baseline]
    found = troubled(report)
    for result in found[:MOST]:
        lines += _told(result)
    if len(found) > MOST:
        lines += ["", f"{len(found) - MOST} more are in the other reports."]
    return "\n".join(lines) + "\n"


def _told(result: Result) -> list[str]:
    known = "" if result.known is None else f" (known until {result.known.expires}: {plain(result.known.reason)})"
    lines = ["", f"### {GLYPHS[result.verdict]} {result.id} {plain(result.title)}: {result.verdict}{known}", ""]
    lines += [f"{plain(result.text)} *({result.level}; {plain(result.source)})*", ""]
    if (failure := result.failure) is not None:
        lines += [f"- expected: {plain(failure.expected)}", f"- seen: {plain(failure.seen[:1_000])}"]
        near = [one for one in failure.timeline if one.near] or failure.timeline[-5:]
        told = [f"{one.at:8.3f}  {one.lane:<9}  {one.text}{'  (injected)' if one.injected else ''}" for one in near]
        lines += ["", *_block("\n".join(told)), ""] if told else [""]
        lines += ["Again:", "", *_block(failure.replay)]
    return lines


def _block(text: str) -> list[str]:
    """A code block that nothing within it can end."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return [fence, text, fence]


def plain(text: str) -> str:
    """The text on one line, so that Markdown shows it and does nothing else."""
    flat = " ".join(text.split())
    flat = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # `@` would call a person, `://` become a link.
    return re.sub(r"([\\`*_{}\[\]()#|~!])", r"\\\1", flat).replace("@", "&#64;").replace("://", ":&#47;&#47;")
