"""Documents of the Abiquo dialect: links, and the jobs of tasks. In JSON and in XML the same chances fall.

Its reference (section 2) has no attribute invented, as a client refuses unknown ones: only the workflow message, which
no such client reads, gets any.
"""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

from lxml import etree

from gatepost.variation import objects
from gatepost.variation.chance import Chance
from gatepost.variation.kinds import Kind
from gatepost.variation.markup import Element, declaration, parsed, reorder, write
from gatepost.variation.order import shuffled

JOB_TYPES = ("UPDATE_RESOURCES", "REGISTER_VM", "REFRESH", "CONFIGURE")
"""Of further jobs; all are of the reference's list (section 4.4)."""

_RELATIONS = ("x-history", "x-help", "owner", "continue-later", "targets")
_ENVELOPE = ("link", "totalSize")
_TIMES = ("timestamp", "creationTimestamp")


def vary_json(body: bytes, base: str, chance: Chance, *, message: bool) -> bytes:
    """The document written in another way; `base` is where hrefs begin. What cannot be parsed stays as it is."""
    document = objects.read(body)
    if document is None:
        return body
    for one in list(_dicts(document)):
        if _is_task(one):
            _vary_jobs(one, chance)
            if message:
                _vary_message(one, chance)
    links, order = chance.of(Kind.LINKS), chance.of(Kind.ORDER)
    for one in _dicts(document):
        found = one.get("links")
        if not isinstance(found, list) or not found:
            continue
        # The links of a collection are listed one by one in the reference.
        if links is not None and "collection" not in one:
            for link in _unknown_links(base, "json", links):
                found.insert(links.randint(0, len(found)), link)
        if order is not None:
            one["links"] = shuffled(found, lambda link: link.get("rel"), order)
    return objects.write(document, chance)


def vary_xml(body: bytes, base: str, chance: Chance, *, message: bool) -> bytes:
    """As `vary_json`."""
    root = parsed(body)
    if root is None:
        return body
    for task in list(root.iter("task")):
        _vary_xml_jobs(task, chance)
        if message:
            _vary_xml_message(task, chance)
    links, order = chance.of(Kind.LINKS), chance.of(Kind.ORDER)
    for parent in list(root.iter("*")):
        found = parent.findall("link")
        if not found:
            continue
        if links is not None and any(not len(child) and child.tag not in _ENVELOPE for child in parent):
            for unknown in _unknown_links(base, "xml", links):
                links.choice(found).addprevious(etree.Element("link", unknown))
        if order is not None:
            found = parent.findall("link")
            reorder(parent, found, lambda link: link.get("rel"), order)
    return write(root, declaration(body), chance)


def _unknown_links(base: str, format: str, source: random.Random) -> list[dict[str, str]]:
    """Of unknown relations; all lead to a document that every user may read."""
    kind = f"application/vnd.abiquo.user+{format}"
    return [
        {"rel": relation, "href": f"{base}login", "type": kind, "title": "more"}
        for relation in source.sample(_RELATIONS, source.randint(1, 2))
    ]


def _vary_jobs(task: dict[str, Any], chance: Chance) -> None:
    jobs = task["jobs"]["collection"]
    about = chance.about(str(task.get("taskId")))
    if jobs and (source := about.of(Kind.JOBS)) is not None:
        for type_, id in _further(jobs[-1]["id"], source):
            jobs.append({**jobs[-1], "id": id, "type": type_, "description": "", "links": []})
    if (source := about.of(Kind.IDS)) is not None:
        bare = source.random() < 0.5
        for number, job in enumerate(jobs):
            job["id"] = _respelt(job["id"], number, bare=bare)


def _vary_xml_jobs(task: Element, chance: Chance) -> None:
    jobs = task.findall("jobs/job")
    about = chance.about(str(task.findtext("taskId")))
    if jobs and (source := about.of(Kind.JOBS)) is not None:
        for type_, id in _further(jobs[-1].findtext("id") or "", source):
            job = etree.fromstring(etree.tostring(jobs[-1]))
            for name, text in (("id", id), ("type", type_), ("description", "")):
                child = job.find(name)
                if child is not None:
                    child.text = text
            jobs[-1].addnext(job)
            jobs.append(job)
    if (source := about.of(Kind.IDS)) is not None:
        bare = source.random() < 0.5
        for number, element in enumerate(found for job in jobs for found in job.findall("id")):
            element.text = _respelt(element.text or "", number, bare=bare)


def _further(last: str, source: random.Random) -> list[tuple[str, str]]:
    """Types and ids of further jobs, which do as the last one does; `last` is its id."""
    before, dot, _ = last.rpartition(".")
    return [
        (type_, before + dot + str(UUID(int=source.getrandbits(128), version=4)))
        for type_ in source.sample(JOB_TYPES, source.randint(1, 2))
    ]


def _respelt(id: str, number: int, *, bare: bool) -> str:
    """The id of a job in another of its shapes (sections 4.3 and 5.4): a bare UUID, or a number behind the task's."""
    task, dot, own = id.rpartition(".")
    return own if bare and dot else f"{task or id}.{number + 11}"


def _vary_message(task: dict[str, Any], chance: Chance) -> None:
    if (source := chance.of(Kind.ELEMENTS)) is not None:
        for one in (task, *task["jobs"]["collection"]):
            objects.add_members(one, source)
    if chance.of(Kind.TIMESTAMPS) is not None:
        for one in (task, *task["jobs"]["collection"]):
            one.update({name: 0 for name in _TIMES if name in one})


def _vary_xml_message(task: Element, chance: Chance) -> None:
    if (source := chance.of(Kind.ELEMENTS)) is not None:
        for name in source.sample(objects.UNKNOWN_MEMBERS, 2):
            etree.SubElement(task, name).text = "42"
    if chance.of(Kind.TIMESTAMPS) is not None:
        for name in _TIMES:
            for element in task.iter(name):
                element.text = "0"


def _is_task(one: dict[str, Any]) -> bool:
    jobs = one.get("jobs")
    return isinstance(jobs, dict) and isinstance(jobs.get("collection"), list)


def _dicts(value: Any) -> list[dict[str, Any]]:
    """All objects in a document, the outer ones first."""
    if isinstance(value, list):
        return [found for item in value for found in _dicts(item)]
    if isinstance(value, dict):
        return [value, *(found for item in value.values() for found in _dicts(item))]
    return []
