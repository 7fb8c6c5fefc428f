"""The table of socket options: to add one, add a row, and the code that obeys it.

Values live in a dict by option number, copied when an endpoint is bound or connected:
most options act from the next bind or connect on (see libzmq's zmq_setsockopt).
"""

from __future__ import annotations

from errno import EINVAL
from typing import Any, NamedTuple, Union

from .backend.abc import HubOption
from .constants import SecurityMechanism, SocketOption, SocketType
from .error import ZMQError

INT_MAX = 2**31 - 1
INT64_MAX = 2**63 - 1


class Option(NamedTuple):
    """One row.  Integers are within `low`..`high`, bytes have that many octets."""

    default: Any
    low: int = 0
    high: int = INT_MAX
    live: Union[HubOption, None] = None  # acts at once, in the data plane
    readable: bool = True
    writable: bool = True
    types: Union[frozenset[SocketType], None] = None  # None: every type


def _bool(default: int = 0) -> Option:
    return Option(default, 0, 1)


def _timeout(default: int = -1) -> Option:
    return Option(default, -1)


_O = SocketOption
_ROUTERS = frozenset({SocketType.ROUTER, SocketType.REP})
_ROUTER = frozenset({SocketType.ROUTER})
_STREAM = frozenset({SocketType.STREAM})
_NAMING = _ROUTER | _STREAM
_XPUB = frozenset({SocketType.XPUB})

OPTIONS: dict[int, Option] = {
    _O.AFFINITY: Option(0, 0, 0),  # I/O threads cannot be chosen
    _O.ROUTING_ID: Option(b"", 1, 255),
    _O.SNDBUF: Option(-1, -1),  # bytes, -1: the system's default
    _O.RCVBUF: Option(-1, -1),  # bytes
    _O.LINGER: _timeout(),  # ms
    _O.RECONNECT_IVL: Option(100, -1),  # ms; 0 and -1: never
    _O.RECONNECT_IVL_MAX: Option(0),  # ms; 0: no back-off
    _O.BACKLOG: Option(100),  # connections
    _O.MAXMSGSIZE: Option(-1, -INT64_MAX, INT64_MAX),  # bytes in a frame
    _O.SNDHWM: Option(1000, live=HubOption.SEND_HWM),  # messages, 0: no limit
    _O.RCVHWM: Option(1000, live=HubOption.RECV_HWM),
    _O.RCVTIMEO: _timeout(),  # ms
    _O.SNDTIMEO: _timeout(),
    _O.IPV6: _bool(),
    _O.IMMEDIATE: _bool(),
    _O.HANDSHAKE_IVL: Option(30000),  # ms, 0: no limit
    _O.ROUTER_MANDATORY: Option(
        0, live=HubOption.MANDATORY, readable=False, types=_ROUTERS
    ),
    _O.CONNECT_ROUTING_ID: Option(b"", 1, 255, readable=False, types=_NAMING),
    _O.ROUTER_HANDOVER: Option(0, readable=False, types=_ROUTER),
    _O.ROUTER_RAW: Option(0, readable=False, types=_ROUTER),
    _O.STREAM_NOTIFY: Option(1, 0, 1, readable=False, types=_STREAM),
    _O.SOCKS_PROXY: Option(b"", 1),  # host:port
    _O.SOCKS_USERNAME: Option(b"", 0, 255),  # b"": do not log in
    _O.SOCKS_PASSWORD: Option(b"", 0, 255),
    _O.XPUB_VERBOSE: Option(0, live=HubOption.VERBOSE, readable=False, types=_XPUB),
    _O.MECHANISM: Option(int(SecurityMechanism.NULL), writable=False),
    _O.THREAD_SAFE: Option(0, writable=False),
    _O.LAST_ENDPOINT: Option(b"", writable=False),
}


def defaults() -> dict[int, Any]:
    """A new socket's values."""
    return {number: option.default for number, option in OPTIONS.items()}


def find(number: int) -> Option:
    """The row of an option.  ZMQError(EINVAL) for one that does not exist or is not
    built."""
    option = OPTIONS.get(number)
    if option is None:
        raise ZMQError(EINVAL, f"socket option {_name(number)} is not supported")
    return option


def check(number: int, option: Option, value: Any, socket_type: int) -> None:
    """Refuse a value: TypeError, or ZMQError(EINVAL) as libzmq would."""
    require_type(number, value, type(option.default))
    if isinstance(value, int) and abs(value) > max(option.high, INT_MAX):
        raise OverflowError(f"socket option {_name(number)}: {value} is too large")
    size = len(value) if isinstance(value, bytes) else value
    applies = option.types is None or socket_type in option.types
    if not (option.writable and applies and option.low <= size <= option.high):
        raise ZMQError(EINVAL)


def require_type(number: int, value: Any, wanted: type) -> None:
    """TypeError unless a value has exactly the type that an option takes."""
    if not isinstance(value, wanted):
        raise TypeError(
            f"socket option {_name(number)} takes {wanted.__name__}, "
            f"not {type(value).__name__}: {value!r}"
        )


def _name(number: int) -> str:
    try:
        return SocketOption(number).name
    except ValueError:
        return str(number)
