"""What a refusal must look like."""

from __future__ import annotations

from uuid import UUID

from lxml import etree

from tests.support.client import Reply
from tests.support.schemas import version_key

NOWHERE = str(UUID(int=4, version=4))
"""A well-formed id that nothing has."""

FORBIDDEN = "ACCESS_TO_RESOURCE_IS_FORBIDDEN"
DENIED = "This operation is denied."
BAD_ID = "validation error on field 'id': String value has invalid format or length"


def no_access(kind: str, id: str = NOWHERE) -> str:
    return f'No access to entity "com.vmware.vcloud.entity.{kind}:{id}".'


def wrong_collection(kind: str) -> str:
    return f"validation error : EntityRef has incorrect type, expected type is com.vmware.vcloud.entity.{kind}."


def refused(reply: Reply, status: int, minor: str = "BAD_REQUEST", text: str | None = None) -> str:
    """The message of the Error, without the request id that 5.6 and later put before it.

    Raises AssertionError unless the reply is this refusal, with this very `text` where one is given.
    """
    assert reply.status == status, reply
    error = reply.xml
    assert etree.QName(error).localname == "Error", reply
    assert error.get("minorErrorCode") == minor, reply
    message = error.get("message", "")
    prefix = f"[ {reply.headers['x-vmware-vcloud-request-id']} ] "
    version = reply.headers["content-type"].rpartition("version=")[2]
    prefixed = version_key(version) >= (5, 6) and minor != "NOT_ACCEPTABLE"
    assert message.startswith(prefix) is prefixed, reply
    message = message.removeprefix(prefix)
    assert text is None or message == text, reply
    return message
