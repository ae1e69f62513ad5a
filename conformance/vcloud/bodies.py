"""The bodies of a connector's actions, judged by the schema as the reference tells it (section 5.4)."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from gatepost.conformance.vcloud.asks import Call
from gatepost.conformance.verdict import Broken

VMEXT = "http://www.vmware.com/vcloud/extension/v1.5"
VCLOUD = "http://www.vmware.com/vcloud/v1.5"
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"

DECISION = "BlockingTaskOperationParams"
PROGRESS = "BlockingTaskUpdateProgressParams"
MEDIA_TYPES = {
    DECISION: "application/vnd.vmware.admin.blockingTaskOperationParams+xml",
    PROGRESS: "application/vnd.vmware.admin.blockingTaskUpdateProgressOperationParams+xml",
}

# What the base type, ResourceType, brings along.
_BASE = ("VCloudExtension", "Link")
_ATTRIBUTES = frozenset({"href", "type"})
_LONG = range(-(2**63), 2**63)


def is_valid(call: Call, name: str) -> None:
    """Its body is an element of this name, as the schema has it. Raises Broken."""
    root = parsed(call, name)
    problem = next(_problems(root, name), None)
    if problem is not None:
        raise Broken(f"a valid {name} in the body of {call.action}", problem, call.request)


def has_media_type(call: Call, name: str) -> None:
    """Its Content-Type is that of the element, in whatever letters and with whatever parameters. Raises Broken."""
    given = str(call.request.headers.get("content-type", ""))
    if given.partition(";")[0].strip().lower() != MEDIA_TYPES[name].lower():
        seen = given or "no Content-Type"
        raise Broken(f"{call.action} with the Content-Type {MEDIA_TYPES[name]}", seen, call.request)


def says_something(call: Call, name: str) -> None:
    """Its Message holds at least a word. Raises Broken."""
    text = child_text(parsed(call, name), "Message")
    if text is None or not any(letter.isalnum() for letter in text):
        seen = "no Message" if text is None else f"the Message {text!r}"
        raise Broken(f"a Message that says something in the body of {call.action}", seen, call.request)


def has_positive_timeout(call: Call) -> None:
    """Its TimeoutValueInMilliseconds is there and above zero: without it nothing is put off. Raises Broken."""
    text = child_text(parsed(call, PROGRESS), "TimeoutValueInMilliseconds")
    if text is None or not _is_long(text) or int(text) <= 0:
        seen = "none" if text is None else repr(text)
        raise Broken("a positive TimeoutValueInMilliseconds in the body of updateProgress", seen, call.request)


def parsed(call: Call, name: str) -> etree._Element:
    """Raises Broken for what is no XML."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(call.request.body, parser)
    except etree.XMLSyntaxError as error:
        seen = f"no XML: {error}" if call.request.body else "no body"
        raise Broken(f"a {name} in the body of {call.action}", seen, call.request) from None


def child_text(root: etree._Element, name: str) -> str | None:
    """None where there is no such child in the extension's namespace."""
    return root.findtext(f"{{{VMEXT}}}{name}")


def _problems(root: etree._Element, name: str) -> Iterator[str]:
    if root.tag != f"{{{VMEXT}}}{name}" and not (name == PROGRESS and _is_derived(root)):
        yield f"the root is {_told(root.tag)}"
    for attribute in root.attrib:
        known = attribute in _ATTRIBUTES or (str(attribute).startswith("{") and not _is_of(VMEXT, attribute))
        if not known:
            yield f"the root has an attribute {_told(attribute)}"
    wanted = ["Message"] if name == DECISION else ["Message", "TimeoutValueInMilliseconds"]
    children = [child for child in root if isinstance(child.tag, str)]
    while children and children[0].tag in [f"{{{VCLOUD}}}{base}" for base in _BASE]:
        children.pop(0)
    if not children or children[0].tag != f"{{{VMEXT}}}Message":
        yield "no Message in the extension's namespace" + (f", but {_told(children[0].tag)}" if children else "")
    for number, child in enumerate(children):
        if number >= len(wanted) or child.tag != f"{{{VMEXT}}}{wanted[number]}":
            yield f"{_told(child.tag)} as child {number + 1}"
        elif len(child):
            yield f"an element within {wanted[number]}"
    if len(children) > 1 and not _is_long(children[1].text or ""):
        yield f"TimeoutValueInMilliseconds is {children[1].text!r}"
    if any((text or "").strip() for text in (root.text, *(child.tail for child in root))):
        yield "text between the elements"


def _is_derived(root: etree._Element) -> bool:
    """One SDK sends the element of decisions, and says by xsi:type that it is more than that."""
    prefix, _, type = root.get(f"{{{SCHEMA_INSTANCE}}}type", "").rpartition(":")
    of_ours = root.nsmap.get(prefix or None) == VMEXT and type == f"{PROGRESS}Type"
    return of_ours and root.tag == f"{{{VMEXT}}}{DECISION}"


def _is_long(text: str) -> bool:
    digits = text.strip().removeprefix("-").removeprefix("+")
    return digits.isascii() and digits.isdecimal() and int(text) in _LONG


def _is_of(namespace: str, tag: object) -> bool:
    return str(tag).startswith(f"{{{namespace}}}")


def _told(tag: object) -> str:
    name = etree.QName(str(tag))
    return f"{name.localname} in the namespace {name.namespace}" if name.namespace else f"{name.localname} in none"
