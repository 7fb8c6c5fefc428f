"""ZAP 1.0 (RFC 27): the frames that ask whether a peer may connect.

They include the delimiter that a REQ puts in front.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..constants import Event
from . import metadata
from .error import ProtocolError

ENDPOINT = "zeromq.zap.01"  # behind inproc://

USER_ID = "User-Id"

OK = 200
LATER = 300  # the peer is not told, and may try again
_STATUS = (b"200", b"300", b"400", b"500")
_VERSION = b"1.0"
_REQUEST = b"1"  # as libzmq's: each request has its own connection
_REPLY = 7  # frames


class Verdict(NamedTuple):
    """What the handler says of a peer."""

    status: int  # 200, 300, 400 or 500
    text: str
    properties: dict[str, bytes]  # User-Id, and others


def request(
    domain: bytes,
    address: bytes,
    routing_id: bytes,
    mechanism: bytes,
    credentials: Sequence[bytes],
) -> list[bytes]:
    """Make the frames of a request.  `routing_id` is our own, as in libzmq."""
    head = [b"", _VERSION, _REQUEST, domain, address, routing_id, mechanism]
    return head + list(credentials)


def parse(frames: Sequence[bytes]) -> Verdict:
    """Read a reply.  ProtocolError with a PROTOCOL_ERROR_ZAP_* code if it is
    malformed."""
    if len(frames) != _REPLY:
        raise _bad(f"{len(frames)} frames", Event.PROTOCOL_ERROR_ZAP_MALFORMED_REPLY)
    delimiter, version, number, status, text, user, more = map(bytes, frames)
    if delimiter:
        raise _bad("no delimiter", Event.PROTOCOL_ERROR_ZAP_UNSPECIFIED)
    if version != _VERSION:
        raise _bad(f"version {version!r}", Event.PROTOCOL_ERROR_ZAP_BAD_VERSION)
    if number != _REQUEST:
        raise _bad(f"request id {number!r}", Event.PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID)
    if status not in _STATUS:
        code = Event.PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE
        raise _bad(f"status {status!r}", code)
    try:
        properties = metadata.parse(more)
    except ProtocolError as error:
        code = Event.PROTOCOL_ERROR_ZAP_INVALID_METADATA
        raise _bad(error.reason, code) from None
    properties[USER_ID] = user
    return Verdict(int(status), text.decode("utf-8", "replace"), properties)


def _bad(reason: str, code: int) -> ProtocolError:
    # This is not the peer's fault, but libzmq does not try again either.
    return ProtocolError(f"bad ZAP reply: {reason}", code)
