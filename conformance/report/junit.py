"""The report as JUnit XML, which has no word for most verdicts: what neither passed nor failed is `skipped` there, and
says what it was."""

from __future__ import annotations

from lxml import etree

from gatepost.conformance.redaction import readable
from gatepost.conformance.report.model import Report, Result
from gatepost.conformance.report.words import families
from gatepost.conformance.verdict import Verdict


def junit(report: Report) -> str:
    root = etree.Element("testsuites", name="gatepost", time=f"{report.seconds:.3f}")
    for name, results in families(report.results).items():
        suite = etree.SubElement(root, "testsuite", name=readable(name), timestamp=report.started)
        for result in results:
            _case(suite, report, result)
    for number, text in enumerate(report.baseline, 1):
        suite = _own_suite(root, "baseline")
        case = etree.SubElement(suite, "testcase", classname="gatepost.baseline", name=f"entry {number}", time="0")
        _child(case, "failure", "baseline", text, text)
    if report.problem is not None:
        suite = _own_suite(root, "run")
        case = etree.SubElement(suite, "testcase", classname="gatepost.run", name="the whole run", time="0")
        _child(case, "error", "incomplete", report.problem.partition("\n")[0], report.problem)
    _count(root)
    return etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="UTF-8").decode()


def _own_suite(root: etree._Element, name: str) -> etree._Element:
    found = root.find(f"testsuite[@name='{name}']")
    return etree.SubElement(root, "testsuite", name=name) if found is None else found


def _case(suite: etree._Element, report: Report, result: Result) -> None:
    case = etree.SubElement(suite, "testcase", classname=f"{report.dialect}.{result.group}")
    case.set("name", f"{result.id} {readable(result.title)}")
    case.set("time", f"{result.seconds:.3f}")
    properties = etree.SubElement(case, "properties")
    for name, value in (("verdict", result.verdict), ("level", result.level), ("source", result.source)):
        etree.SubElement(properties, "property", name=name, value=readable(value))
    kind, first = _outcome(result)
    if kind is not None:
        _child(case, kind, str(result.verdict), first, _told(result))
    if result.failure is not None and result.failure.output:
        etree.SubElement(case, "system-out").text = readable(result.failure.output)


def _outcome(result: Result) -> tuple[str | None, str]:
    """The element of the verdict, and its message."""
    seen = "" if result.failure is None else f": {result.failure.seen}"
    if result.verdict is Verdict.PASS:
        return None, ""
    if result.verdict is Verdict.NOT_APPLICABLE:
        return "skipped", f"not-applicable: needs the claim {', '.join(result.needs)}"
    if result.known is not None:
        return "skipped", f"known until {result.known.expires} ({result.known.reason}): {result.verdict}{seen}"
    if result.verdict is Verdict.ERROR:
        return "error", f"the harness broke{seen}"
    if result.good:
        return "skipped", f"{result.verdict}, a {result.level.upper()} that does not count as a failure{seen}"
    return "failure", f"{result.verdict}{seen}"


def _told(result: Result) -> str:
    lines = [result.text, f"Source: {result.source}"]
    if (failure := result.failure) is not None:
        lines += [f"expected: {failure.expected}", f"seen: {failure.seen}"]
        lines += [
            f"{one.at:9.3f}  {one.lane:<9}  {one.text}{'  (injected)' if one.injected else ''}"
            for one in failure.timeline
        ]
        lines.append(f"again: {failure.replay}")
    return "\n".join(lines)


def _child(case: etree._Element, kind: str, type: str, message: str, text: str) -> None:
    attributes = {"message": readable(message.partition("\n")[0])[:500]}
    if kind != "skipped":
        attributes["type"] = type
    etree.SubElement(case, kind, attributes).text = readable(text)


def _count(root: etree._Element) -> None:
    for part in (root, *root):
        part.set("tests", str(len(list(part.iter("testcase")))))
        for name, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            part.set(name, str(len(list(part.iter(kind)))))
        part.set("time", f"{sum(float(case.get('time', '0')) for case in part.iter('testcase')):.3f}")
