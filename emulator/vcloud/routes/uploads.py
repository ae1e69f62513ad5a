"""Where clients transfer files to: counted while they pass, and let go of (reference, sections 0.6 and 3.1).

The URLs stand in the `Files` of a template or media file that waits for its content. Clients send no API version here.
"""

from __future__ import annotations

import re

from gatepost.core.errors import NotFound
from gatepost.core.inventory import Upload, UploadFile, VAppTemplate
from gatepost.core.inventory.uploads import UNKNOWN
from gatepost.vcloud import ovf
from gatepost.vcloud.errors import ApiError, bad_request
from gatepost.vcloud.http import BODY_LIMIT, Call, Reply, checked_id, route
from gatepost.vcloud.routes import find

_RANGE = re.compile(r"\s*bytes[ =](\d{1,18})-(\d{1,18})/(\d{1,18}|\*)\s*", re.ASCII)
_PIECE = 1 << 16

MOST_FILES = 1_000
"""Files of one upload."""


@route("PUT", "/transfer/<id>/files/<path:name>", negotiated=False)
def receive(call: Call, id: str, name: str) -> Reply:
    with call.world.lock:
        upload = _upload(call, id)
        file = _file(upload, name)
        start, end = _range(call, file)
    if name == ovf.DESCRIPTOR and isinstance(upload.target, VAppTemplate) and not upload.target.described:
        return _describe(call, upload, file)
    count = _count(call)
    with call.world.lock:
        if call.world.inventory.uploads.get(upload.id) is not upload:
            raise NotFound("upload", upload.id)
        _add(file, start, end, count)
        _go_on(upload)
    return Reply(200)


@route("GET", "/transfer/<id>/files/<path:name>", negotiated=False)
def download(call: Call, id: str, name: str) -> Reply:
    """Where the link `download:default` of a template leads to. Of its files nothing but the descriptor was kept."""
    with call.world.lock:
        template = find.template(call, "vappTemplate-" + id)
        if name != ovf.DESCRIPTOR:
            raise ApiError(404, "NOT_FOUND", "Only the descriptor can be downloaded.")
        if not template.downloadable:
            raise bad_request("The download is not enabled. Enable it, then try again.")
        return Reply(200, ovf.envelope(template.name, template.vms, template.networks), "text/xml")


def _describe(call: Call, upload: Upload, file: UploadFile) -> Reply:
    """The descriptor is small, and read: it names the files that are still to come."""
    if call.environ["gatepost.too_large"]:
        raise ApiError(413, "REQUEST_ENTITY_TOO_LARGE", f"The descriptor is larger than {BODY_LIMIT} bytes.")
    contents = ovf.read(call.document(), MOST_FILES)
    size = len(call.environ["gatepost.body"])
    with call.world.lock:
        template = upload.target
        if call.world.inventory.uploads.get(upload.id) is not upload or not isinstance(template, VAppTemplate):
            raise NotFound("upload", upload.id)
        if template.described:
            raise bad_request("The descriptor has been transferred already. Transfer the files that it names.")
        file.size = file.transferred = size
        upload.files += [UploadFile(name, size) for name, size in contents.files]
        ovf.fill(call.world, template, contents)
        template.described = True
        _go_on(upload)
    return Reply(200)


def _upload(call: Call, text: str) -> Upload:
    id = checked_id(text)
    upload = call.world.inventory.uploads.get(id)
    if upload is None or not call.user.sees(upload.org):
        raise NotFound("upload", id)
    return upload


def _file(upload: Upload, name: str) -> UploadFile:
    for file in upload.files:
        if file.name == name:
            return file
    raise ApiError(404, "NOT_FOUND", "The upload has no such file. Use the URLs that its object shows.")


def _range(call: Call, file: UploadFile) -> tuple[int, int | None]:
    """First and last byte that the request says it carries. Raises ApiError (416) for what does not fit the file."""
    text = call.header("CONTENT_RANGE")
    if text is None:
        return 0, None
    match = _RANGE.fullmatch(text)
    if match is None:
        raise _bad_range(file)
    start, end = int(match[1]), int(match[2])
    total = file.size if match[3] == "*" else int(match[3])
    known = file.size != UNKNOWN
    if start > end or start > file.transferred or end >= total or (known and total != file.size):
        raise _bad_range(file)
    return start, end


def _bad_range(file: UploadFile) -> ApiError:
    size = "*" if file.size == UNKNOWN else file.size
    text = f"The range does not follow what was transferred: {file.transferred} bytes of {size}."
    return ApiError(416, "BAD_REQUEST", text, {"Content-Range": f"bytes */{size}"})


def _count(call: Call) -> int:
    """The bytes of the body, which pass by. Raises ApiError when it does not arrive whole."""
    count = len(call.environ["gatepost.body"])
    if call.environ["gatepost.too_large"]:
        try:
            while piece := call.environ["wsgi.input"].read(_PIECE):
                count += len(piece)
        except ConnectionError as error:
            raise bad_request("The body did not arrive whole. Transfer it again.") from error
    return count


def _add(file: UploadFile, start: int, end: int | None, count: int) -> None:
    if end is not None and count != end - start + 1:
        raise bad_request(f"The body has {count} bytes, not those that Content-Range says.")
    if file.size == UNKNOWN:
        file.size = count if end is None else max(start + count, file.transferred)
    if start > file.transferred or start + count > file.size:
        raise _bad_range(file)
    file.transferred = max(file.transferred, start + count)


def _go_on(upload: Upload) -> None:
    if upload.target.busy is not None:
        upload.target.busy.progress = min(upload.percent, 99)
    if upload.is_whole:
        upload.complete()
