"""Commands of ZMTP 3.x (RFC 37): the size of the name (1 octet), the name, data.

Functions here make and read *bodies*; ``frame.encode(body, frame.COMMAND)`` makes them
ready for the wire.
"""

from __future__ import annotations

from typing import NamedTuple

from ..constants import Event
from .error import ProtocolError

READY = b"READY"
ERROR = b"ERROR"
HELLO = b"HELLO"
WELCOME = b"WELCOME"
INITIATE = b"INITIATE"
SUBSCRIBE = b"SUBSCRIBE"
CANCEL = b"CANCEL"
PING = b"PING"
PONG = b"PONG"

MAX_CONTEXT = 16  # octets of a PING that a PONG repeats
MAX_TTL = 65535  # tenths of a second

_ZAP_STATUS = ("300", "400", "500")

# How a PLAIN server of libzmq 4.3 begins ERROR, since "\x05E" is one octet in C.  The
# name would have 94 octets.
_MISSPELT = b"^RROR"


class Command(NamedTuple):
    """A command: its name, which is case-sensitive, and its data."""

    name: bytes
    data: bytes

    def __repr__(self) -> str:
        # No data: that of PLAIN's HELLO is a password.
        return f"<Command {self.name!r}, {len(self.data)} octets>"


class Ping(NamedTuple):
    """A PING: `ttl` in tenths of a second (0: none), and a `context` to send back."""

    ttl: int
    context: bytes


def encode(name: bytes, data: bytes = b"") -> bytes:
    """Make the body of a command.  `name` has 1 to 255 octets."""
    if not name:
        raise ValueError("a command has a name")
    return bytes((len(name),)) + name + data


NOTHING = Command(b"", b"")  # an empty command, of GSSAPI only


def parse(body: bytes) -> Command:
    """Take a command's body apart.

    ProtocolError if the name is empty or longer than the body.  Its code is that of an
    unexpected command, because libzmq does not tell the two apart.
    """
    size = body[0] if body else 0
    if not 0 < size < len(body):
        if body.startswith(_MISSPELT):
            return Command(ERROR, body[len(_MISSPELT) :])
        raise ProtocolError(
            "command name is empty or runs past the end",
            Event.PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND,
        )
    return Command(body[1 : 1 + size], body[1 + size :])


def error(reason: str) -> bytes:
    """Make an ERROR.  `reason` is ASCII, at most 255 octets; ZAP's are three digits."""
    text = reason.encode("ascii", "replace")[:255]
    return encode(ERROR, bytes((len(text),)) + text)


def parse_error(data: bytes) -> str:
    """Return the reason in the data of an ERROR, ASCII or escaped.

    ProtocolError if it is longer than the data.  Data behind the reason is ignored, as
    in libzmq.
    """
    if not data or data[0] >= len(data):
        raise ProtocolError(
            "reason in ERROR runs past the end",
            Event.PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR,
        )
    return data[1 : 1 + data[0]].decode("ascii", "backslashreplace")


def refusal(data: bytes) -> ProtocolError:
    """Make the exception for an ERROR with this `data`: the peer refuses us for
    good."""
    reason = parse_error(data)
    status = int(reason) if reason in _ZAP_STATUS else 0
    return ProtocolError(f"peer refused: {reason!r}", code=0, status=status)


def subscribe(topic: bytes) -> bytes:
    """Make a SUBSCRIBE (3.1): messages that begin with `topic` are wanted."""
    return encode(SUBSCRIBE, topic)


def cancel(topic: bytes) -> bytes:
    """Make a CANCEL (3.1), which takes back one SUBSCRIBE of the same topic."""
    return encode(CANCEL, topic)


def ping(ttl: int = 0, context: bytes = b"") -> bytes:
    """Make a PING.  `ttl` is in tenths of a second, 0 to 65535; `context` has 0-16
    octets."""
    if not 0 <= ttl <= MAX_TTL or len(context) > MAX_CONTEXT:
        raise ValueError("ttl is 0-65535 tenths of a second, context 0-16 octets")
    return encode(PING, ttl.to_bytes(2, "big") + context)


def parse_ping(data: bytes) -> Ping:
    """Read the data of a PING.  A context of more than 16 octets is cut.

    ProtocolError if the TTL is incomplete.
    """
    if len(data) < 2:
        raise ProtocolError("PING without a time to live")
    return Ping(int.from_bytes(data[:2], "big"), data[2 : 2 + MAX_CONTEXT])


def pong(context: bytes = b"") -> bytes:
    """Make a PONG, the answer to a PING, with its context."""
    return encode(PONG, context)
