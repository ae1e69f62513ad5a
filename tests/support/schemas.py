"""The vendor's published XSD set, as a check of any XML document that a test sees.

The set is not part of the project: the environment variable GATEPOST_SCHEMAS names the folder that holds it, with
`vcloud/1.5/schemas/…` (the API), `vcloud/schemas/versioning/versions.xsd` and `vcloud/schemas/external/…` (what the
others import) below it. Unset, nothing is checked.

The set describes one recent version of the API. Where another version differs, `_DIFFERENCES` says so: a document of
that version is held against the schema after the difference, itself checked, was rewritten into what the schema knows.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final, NoReturn

from lxml import etree

if TYPE_CHECKING:
    from lxml.etree._docloader import _InputDocument

VARIABLE: Final = "GATEPOST_SCHEMAS"

VCLOUD: Final = "http://www.vmware.com/vcloud/v1.5"
VMEXT: Final = "http://www.vmware.com/vcloud/extension/v1.5"
OVF: Final = "http://schemas.dmtf.org/ovf/envelope/1"
RASD: Final = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
VERSIONS: Final = "http://www.vmware.com/vcloud/versions"

# One file covers both API namespaces; master.xsd, which ought to, imports in a circle that lxml does not follow.
_API: Final = "vcloud/1.5/schemas/extension/vmwextensions.xsd"
_SCHEMA_FILES: Final = {VCLOUD: _API, VMEXT: _API, OVF: _API, VERSIONS: "vcloud/schemas/versioning/versions.xsd"}
_EXTERNAL: Final = "vcloud/schemas/external"

_EXCERPT_LENGTH: Final = 4_000  # characters

# An lxml schema keeps the errors of its last document, so one thread at a time may load or use one.
_lock: Final = Lock()


def available() -> bool:
    """Whether documents can be checked, that is, whether GATEPOST_SCHEMAS is set.

    Raises RuntimeError if it is set to a folder without the set: a mistyped path must not turn the check off.
    """
    folder = os.environ.get(VARIABLE)
    if not folder:
        return False
    if not Path(folder, _API).is_file():
        raise RuntimeError(
            f"{VARIABLE} is {folder!r}, where no {_API} is. Set it to the folder that holds vcloud/, "
            "or unset it to run the tests without the schemas."
        )
    return True


def check(document: bytes, *, api_version: str) -> None:
    """Hold a whole XML document against the published schemas, as a server of `api_version` ("5.5") sends it.

    Raises AssertionError, with the errors and an excerpt, if it is not well-formed, carries a document type
    declaration, has a root of no known namespace, or is not valid. Needs `available()`.
    """
    root = parse(document)
    name = etree.QName(root)
    if name.namespace is None or name.namespace not in _SCHEMA_FILES:
        _refuse(document, [f"line {root.sourceline}: no published schema has a root element {name.text}"])
    errors = [
        f"line {element.sourceline}: {problem} ({difference.reason})"
        for difference in _DIFFERENCES
        if difference.holds_for(version_key(api_version))
        for element in list(root.iter(difference.element))
        for problem in difference.rewrite(element)
    ]
    with _lock:
        schema = _load(Path(os.environ[VARIABLE], _SCHEMA_FILES[name.namespace]))
        if not schema.validate(root):
            errors += [f"line {entry.line}: {entry.message} (at {entry.path})" for entry in schema.error_log]
    if errors:
        _refuse(document, [f"invalid as a document of API version {api_version}", *errors])


def parse(document: bytes) -> etree._Element:
    """The root of a document from the wire; no entity is expanded and nothing is fetched.

    Raises AssertionError, with an excerpt, if it is not well-formed or carries a document type declaration.
    """
    # A parser of its own for each document, since lxml lets threads wait for each other at a shared one.
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        _refuse(document, [f"not well-formed: {error}"])
    if root.getroottree().docinfo.doctype:
        _refuse(document, ["a document type declaration, which this API never sends"])
    return root


@lru_cache
def version_key(api_version: str) -> tuple[int, ...]:
    """Orders API versions ("5.5", "31.0", "37.0.0-alpha") by number; an alpha counts as its release."""
    return tuple(int(part) for part in api_version.partition("-")[0].split("."))


def _refuse(document: bytes, errors: list[str]) -> NoReturn:
    text = document.decode("utf-8", errors="replace")
    if len(text) > _EXCERPT_LENGTH:
        text = f"{text[:_EXCERPT_LENGTH]} … ({len(text)} characters)"
    raise AssertionError("\n".join([*errors, "in:", text]))


# Loading takes about 0.1 s, a document some 0.03 ms.
@lru_cache
def _load(file: Path) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Imports(Path(os.environ[VARIABLE], _EXTERNAL)))
    return etree.XMLSchema(etree.parse(file, parser))


class _Imports(etree.Resolver):
    """Finds what the set imports by URL among its own files."""

    def __init__(self, external: Path) -> None:
        self._external = external

    def resolve(self, system_url: str | None, public_id: str | None, context: object, /) -> "_InputDocument | None":
        if system_url is None or not system_url.startswith(("http://", "https://")):
            return None
        name = system_url.rsplit("/", 1)[-1]
        file = self._external / name if name == "xml.xsd" else self._external / "ovf1.1" / name
        return self.resolve_filename(str(file), context)


@dataclass(frozen=True)
class _Difference:
    """How some versions write an element that the schema writes otherwise.

    `rewrite` turns the element into what the schema knows and yields what is wrong with it, by the rules of those
    versions. Whatever it leaves alone, the schema still judges.
    """

    element: str
    reason: str
    rewrite: Callable[[etree._Element], Iterable[str]]
    since: tuple[int, ...] = (0,)
    before: tuple[int, ...] = (1_000,)

    def holds_for(self, version: tuple[int, ...]) -> bool:
        return self.since <= version < self.before


def _session_without_locations(session: etree._Element) -> Iterable[str]:
    locations = f"{{{VCLOUD}}}AuthorizedLocations"
    if session.find(locations) is not None:
        yield "Session has AuthorizedLocations"
    else:
        etree.SubElement(session, locations)


def _ldap_without_kerberos(settings: etree._Element) -> Iterable[str]:
    kerberos = f"{{{VMEXT}}}UseExternalKerberos"
    if settings.find(kerberos) is not None:
        yield "LdapSettings has UseExternalKerberos"
    else:
        etree.SubElement(settings, kerberos).text = "false"


def _operations_with_category(operations: etree._Element) -> Iterable[str]:
    name, typed, category = (f"{{{VCLOUD}}}{tag}" for tag in ("Operation", "TaskOperationType", "Category"))
    for child in operations:
        if child.tag == name:
            yield f"Operation {child.text!r} stands directly in BlockingTaskOperations"
        elif child.tag == typed:
            if [grandchild.tag for grandchild in child] != [category, name] or child.attrib:
                yield "TaskOperationType is not Category, Operation and nothing else"
            operation = child.findtext(name)
            child.clear()
            child.tag, child.text = name, operation


# What the published types of still newer versions add and nothing here sends (Link/@model, Task/VcTaskList) has no row:
# the schema refuses it, as a client of an older version may.
_DIFFERENCES: Final = (
    _Difference(
        f"{{{VCLOUD}}}Session",
        "AuthorizedLocations came with 31.0; the schema, being newer, requires it",
        _session_without_locations,
        before=(31, 0),
    ),
    _Difference(
        f"{{{VMEXT}}}LdapSettings",
        "UseExternalKerberos came with 5.1; the schema, being newer, requires it",
        _ldap_without_kerberos,
        before=(5, 1),
    ),
    _Difference(
        f"{{{VMEXT}}}BlockingTaskOperations",
        "from 33.0 each operation stands with its category in a TaskOperationType, which the schema does not know",
        _operations_with_category,
        since=(33, 0),
    ),
)
