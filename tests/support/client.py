"""The raw HTTP client of this project's vCloud tests.

It adds nothing to what a test sends but the session's token and the Accept header, and it holds everything that it
receives against the general rules of the wire (`_broken_rules`), so that no test needs to repeat them.
"""

import re
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, Self, TypeAlias, TypedDict, Unpack

import httpx
from lxml import etree

from tests.support import schemas
from tests.support.schemas import VCLOUD, VERSIONS, VMEXT, version_key

INSTANTIATE: Final = "application/vnd.vmware.vcloud.instantiateVAppTemplateParams+xml"
OPERATION_PARAMS: Final = "application/vnd.vmware.admin.blockingTaskOperationParams+xml"
# "Operation" is in this media type, though not in the name of its element.
UPDATE_PROGRESS_PARAMS: Final = "application/vnd.vmware.admin.blockingTaskUpdateProgressOperationParams+xml"

FINAL_STATES: Final = frozenset({"success", "error", "canceled", "aborted"})

_LINK: Final = f"{{{VCLOUD}}}Link"
_ERROR: Final = f"{{{VCLOUD}}}Error"
_ERROR_TYPE: Final = "application/vnd.vmware.vcloud.error+xml"
_SUPPORTED_VERSIONS: Final = f"{{{VERSIONS}}}SupportedVersions"
_DECLARATION: Final = re.compile(re.escape(b'<?xml version="1.0" encoding="UTF-8"?>'))
_ANY_DECLARATION: Final = re.compile(
    rb"""<\?xml\s+version=(["'])1\.0\1\s+encoding=(["'])utf-8\2(\s+standalone=(["'])yes\4)?\s*\?>""", re.IGNORECASE
)
_API: Final = re.compile(r"/(api|cloudapi)(/|$)")
_REQUEST_ID: Final = "x-vmware-vcloud-request-id"
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MEDIA_TYPE: Final = re.compile(r"(?P<media_type>[^;,\s]+);version=(?P<version>\d+(\.\d+)+(-alpha)?)")
_ACCEPTED_VERSION: Final = re.compile(r';\s*version\s*=\s*"?([^;,\s"]+)', re.IGNORECASE)
_MODERN: Final = (33, 0)  # from this version on, clients log in at /cloudapi
_POLL_SECONDS: Final = 0.01


def summary_line() -> str | None:
    """What a test run has to say about its schema checks; None when they are on."""
    if schemas.available():
        return None
    return (
        f"{schemas.VARIABLE} is unset: no XML document was held against the vendor's published schemas. "
        "Set it to the folder of that XSD set to have each one checked."
    )


# An iterable is sent chunked.
Body: TypeAlias = bytes | str | Iterable[bytes] | None


class _Options(TypedDict, total=False):
    headers: Mapping[str, str | bytes]  # win over everything else that would be sent
    accept: str  # instead of application/*+xml;version=<the session's>; "" sends no Accept header
    anonymous: bool  # sends no token
    expect_5xx: bool
    foreign: bool  # the response is an extension service's own, of which only the request id is the cloud's


@dataclass(frozen=True)
class Reply:
    """A response that kept the general rules."""

    request: str
    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def xml(self) -> etree._Element:
        """The root element, parsed anew each time; raises AssertionError if the body is no XML document."""
        return schemas.parse(self.body)

    def __str__(self) -> str:
        return f"{self.request} -> {self.status}\n{self.body.decode('utf-8', errors='replace')}"


class VcloudClient:
    """One user's view of one cloud.

    Requests take a path ("/api/org") or an href, and the options of `_Options`. Connections are kept alive; threads may
    share a client that is logged in. Of a cloud that is `varied`, documents may begin with any declaration of UTF-8.
    """

    def __init__(self, base_url: str, *, timeout: float = 60.0, varied: bool = False) -> None:
        self.version = "5.5"
        self._declaration = _ANY_DECLARATION if varied else _DECLARATION
        self._session: dict[str, str] = {}
        # Neither a proxy nor a .netrc of the machine may come between a test and its server, and the session is the
        # header's alone, never a cookie's.
        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        # To load the authorities that nobody asks takes 30 ms, many times what a test needs for its whole world.
        verify = base_url.startswith("https:")
        self._http = httpx.Client(
            base_url=base_url, timeout=timeout, trust_env=False, cookies=no_cookies, verify=verify
        )
        del self._http.headers["accept"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def login(self, user: str = "alice@acme", password: str = "gatepost", version: str = "5.5") -> Reply:
        """Log in as `user@org` the way that clients of this API version do, and use the session from now on.

        Raises AssertionError unless the cloud accepts; to see a refusal, use `login_request`.
        """
        reply = self.login_request(user, password, version)
        assert reply.status == 200, f"{user} could not log in: {reply}"
        self.version = version
        if version_key(version) >= _MODERN:
            self._session = {"Authorization": f"Bearer {reply.headers['x-vmware-vcloud-access-token']}"}
        else:
            self._session = {"x-vcloud-authorization": reply.headers["x-vcloud-authorization"]}
        return reply

    def login_request(self, user: str, password: str, version: str) -> Reply:
        """The bare login request, whatever its answer; this client's own session stays what it was."""
        path, accept = "/api/sessions", f"application/*+xml;version={version}"
        if version_key(version) >= _MODERN:
            provider = user.rpartition("@")[2].lower() == "system"
            path = "/cloudapi/1.0.0/sessions/provider" if provider else "/cloudapi/1.0.0/sessions"
            accept = f"application/json;version={version}"
        credentials = b64encode(f"{user}:{password}".encode()).decode()
        return self.post(path, accept=accept, headers={"Authorization": f"Basic {credentials}"}, anonymous=True)

    def get(self, path_or_href: str, **options: Unpack[_Options]) -> Reply:
        return self.request("GET", path_or_href, **options)

    def post(
        self,
        path_or_href: str,
        body: Body = None,
        content_type: str | None = None,
        **options: Unpack[_Options],
    ) -> Reply:
        return self.request("POST", path_or_href, body, content_type, **options)

    def put(
        self,
        path_or_href: str,
        body: Body = None,
        content_type: str | None = None,
        **options: Unpack[_Options],
    ) -> Reply:
        return self.request("PUT", path_or_href, body, content_type, **options)

    def delete(self, path_or_href: str, **options: Unpack[_Options]) -> Reply:
        return self.request("DELETE", path_or_href, **options)

    def request(
        self,
        method: str,
        path_or_href: str,
        body: Body = None,
        content_type: str | None = None,
        **options: Unpack[_Options],
    ) -> Reply:
        """Send one request. Raises AssertionError, naming every rule, if the response breaks one."""
        accept = options.get("accept", f"application/*+xml;version={self.version}")
        own = httpx.Headers({} if options.get("anonymous") else self._session)
        if accept:
            own["Accept"] = accept
        if content_type is not None:
            own["Content-Type"] = content_type
        given = options.get("headers", {}).items()
        own.update({name.encode(): value if isinstance(value, bytes) else value.encode() for name, value in given})
        response = self._http.request(method, path_or_href, content=body, headers=own)
        reply = Reply(f"{method} {response.url}", response.status_code, response.headers, response.content)
        if _API.search(response.url.path):
            if options.get("foreign", False):
                assert _UUID.fullmatch(reply.headers.get(_REQUEST_ID, "")), reply
                return reply
            expect_5xx = options.get("expect_5xx", False)
            broken = list(_broken_rules(response.request, reply, self._declaration, expect_5xx=expect_5xx))
            assert not broken, "\n".join([*broken, "in the response to:", str(reply)])
        return reply

    def instantiate(self, vdc_href: str, template_href: str, name: str, **attributes: str) -> Reply:
        """Ask for a vApp; `attributes` are further ones of the request's root, such as deploy="false"."""
        root = etree.Element(f"{{{VCLOUD}}}InstantiateVAppTemplateParams", nsmap={None: VCLOUD})
        root.attrib.update({"name": name, **attributes})
        etree.SubElement(root, f"{{{VCLOUD}}}Source", href=template_href)
        etree.SubElement(root, f"{{{VCLOUD}}}AllEULAsAccepted").text = "true"
        return self.post(f"{vdc_href}/action/instantiateVAppTemplate", etree.tostring(root), INSTANTIATE)

    def resume(self, blocking_task_href: str, message: str = "Approved") -> Reply:
        return self._decide(blocking_task_href, "resume", message)

    def abort(self, blocking_task_href: str, message: str = "Declined") -> Reply:
        return self._decide(blocking_task_href, "abort", message)

    def fail(self, blocking_task_href: str, message: str = "Could not be checked") -> Reply:
        return self._decide(blocking_task_href, "fail", message)

    def update_progress(
        self, blocking_task_href: str, message: str = "Still waiting", milliseconds: int | None = None
    ) -> Reply:
        """Show the user a message; `milliseconds` from now is the new time-out, None keeps the old one."""
        href = find_link(self.get(blocking_task_href).xml, "updateProgress", UPDATE_PROGRESS_PARAMS)
        return self.post(href, update_progress_params(message, milliseconds), UPDATE_PROGRESS_PARAMS)

    def _decide(self, blocking_task_href: str, rel: str, message: str) -> Reply:
        href = find_link(self.get(blocking_task_href).xml, rel, OPERATION_PARAMS)
        return self.post(href, operation_params(message), OPERATION_PARAMS)

    def wait_task(
        self, task_href: str, until: Collection[str] = frozenset({"success"}), timeout: float = 60.0
    ) -> etree._Element:
        """The task, once its status is one of `until`.

        Raises AssertionError as soon as it ends in another way, or after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            late = time.monotonic() >= deadline
            reply = self.get(task_href)
            assert reply.status == 200, f"waited for {sorted(until)}, got: {reply}"
            task = reply.xml
            if task.get("status") in until:
                return task
            assert task.get("status") not in FINAL_STATES, f"waited for {sorted(until)}, got: {reply}"
            assert not late, f"waited {timeout} s for {sorted(until)}, got: {reply}"
            time.sleep(_POLL_SECONDS)


def find_link(element: etree._Element, rel: str, media_type: str | None = None, name: str | None = None) -> str:
    """The href of the one link of the element with this rel and, where given, type (in any case) and name.

    Raises AssertionError, listing the links there are, if it has none or several.
    """
    links = element.findall(_LINK)
    found = [
        link.get("href", "")
        for link in links
        if link.get("rel") == rel
        and (media_type is None or link.get("type", "").lower() == media_type.lower())
        and (name is None or link.get("name") == name)
    ]
    listing = "\n".join(str(dict(link.attrib)) for link in links)
    assert len(found) == 1, f"{len(found)} links rel={rel!r} type={media_type!r} name={name!r} among:\n{listing}"
    return found[0]


def operation_params(message: str) -> bytes:
    """The body of resume, abort and fail."""
    return etree.tostring(_with_message("BlockingTaskOperationParams", message))


def update_progress_params(message: str, milliseconds: int | None = None) -> bytes:
    """The body of updateProgress."""
    root = _with_message("BlockingTaskUpdateProgressParams", message)
    if milliseconds is not None:
        etree.SubElement(root, f"{{{VMEXT}}}TimeoutValueInMilliseconds").text = str(milliseconds)
    return etree.tostring(root)


def _with_message(tag: str, message: str) -> etree._Element:
    root = etree.Element(f"{{{VMEXT}}}{tag}", nsmap={None: VMEXT})
    etree.SubElement(root, f"{{{VMEXT}}}Message").text = message
    return root


def _broken_rules(
    request: httpx.Request, reply: Reply, declaration: re.Pattern[bytes], *, expect_5xx: bool
) -> Iterator[str]:
    path, accept = request.url.path, request.headers.get("accept", "")
    if reply.status >= 500 and not expect_5xx:
        yield "a 5xx that the test did not ask for"
    if 300 <= reply.status < 400 and "/cloudapi/1.0.0/entity/" not in path:
        yield "a redirect, which only the cloudapi entity resolver gives"
    if not _UUID.fullmatch(reply.headers.get(_REQUEST_ID, "")):
        yield f"{_REQUEST_ID} is not a lower-case UUID"
    if request.method == "HEAD":
        return
    content_type = reply.headers.get("content-type", "")
    if ("xml" in content_type and reply.body) or reply.body.lstrip().startswith(b"<"):
        yield from _broken_document_rules(content_type, accept, reply, declaration)
    elif reply.body and reply.status >= 400 and "/cloudapi" not in path:
        yield "an error whose body is not XML"
    elif not reply.body and reply.status >= 400 and reply.status != 401:
        yield "an error without a body, which only a 401 may be"
    elif reply.status == 204:
        yield from _broken_type_rules(content_type, "application/*+xml", accept, reply.status)
        if reply.body:
            yield "a 204 with a body"


def _broken_document_rules(
    content_type: str, accept: str, reply: Reply, declaration: re.Pattern[bytes]
) -> Iterator[str]:
    if declaration.match(reply.body) is None:
        yield f"the document does not begin with {declaration.pattern.decode()}"
    try:
        reply.body.decode("utf-8")
        root = reply.xml
    except (AssertionError, UnicodeDecodeError) as error:
        yield str(error)
        return
    if root.tag == _SUPPORTED_VERSIONS:
        version = "1.5"  # of no weight: this document belongs to none
    else:
        expected = _ERROR_TYPE if root.tag == _ERROR else root.get("type", "").lower()
        yield from _broken_type_rules(content_type, expected, accept, reply.status)
        typed = _MEDIA_TYPE.fullmatch(content_type)
        version = typed["version"] if typed else "5.5"
    if schemas.available():
        try:
            schemas.check(reply.body, api_version=version)
        except AssertionError as error:
            yield str(error)
    if reply.status >= 400 and (root.tag != _ERROR or root.get("majorErrorCode") != str(reply.status)):
        yield f"the root is not an Error with majorErrorCode {reply.status}"
    if reply.status in {201, 202} and reply.headers.get("location") != root.get("href"):
        yield f"Location is {reply.headers.get('location')!r}, not the document's href {root.get('href')!r}"
    yield from _broken_link_rules(root)


def _broken_type_rules(content_type: str, media_type: str, accept: str, status: int) -> Iterator[str]:
    typed = _MEDIA_TYPE.fullmatch(content_type)
    if typed is None:
        yield f"Content-Type {content_type!r} is not <media type>;version=<version>"
        return
    if typed["media_type"] != (media_type or typed["media_type"].lower()):
        yield f"Content-Type {content_type!r} is not of the document's type in lower case, {media_type!r}"
    asked = _ACCEPTED_VERSION.findall(accept)
    # A 406 says that no version was agreed on.
    if asked and typed["version"] not in asked and status != 406:
        yield f"Content-Type {content_type!r} is not of a version that {accept!r} asked for"


def _broken_link_rules(root: etree._Element) -> Iterator[str]:
    for element in root.iter("*"):
        links = element.findall(_LINK)
        name = etree.QName(element).localname
        keys = Counter((link.get("rel"), link.get("type", "").lower(), link.get("name")) for link in links)
        for (rel, media_type, link_name), times in keys.items():
            if times > 1:
                yield f"{times} links rel={rel!r} type={media_type!r} name={link_name!r} in one {name}"
            if rel in {"up", "down"} and not media_type:
                yield f"a link rel={rel!r} without a type in {name}"
