"""The table of socket options.  To add one, add a row, and the code that obeys it.

Getters, setters, attributes, checks, errors, tests and ``docs/options.md`` are made
from it.  A socket's values are a dict by option number.  It is copied when an endpoint
is bound or connected, so most options act on later binds and connects (see libzmq's
zmq_setsockopt).
"""

from __future__ import annotations

from errno import EINVAL
from typing import Any

from .backend.abc import HubOption
from .constants import SocketOption, SocketType, _OptType
from .error import error_for
from .option import INT64_MAX, INT64_MIN, INT_MAX, Option
from .option import admitted as _admitted
from .option import boolean as _bool
from .option import state as _state
from .option import switch as _switch
from .option import timeout as _timeout
from .option import truth as _truth
from .security_options import SECURITY

_O = SocketOption
_SUBSCRIBERS = frozenset({SocketType.SUB})
_ROUTERS = frozenset({SocketType.ROUTER, SocketType.REP})
_STREAM = frozenset({SocketType.STREAM})
_NAMING = _ROUTERS | _STREAM
_PROBERS = _ROUTERS | {SocketType.DEALER, SocketType.REQ}
_REQ = frozenset({SocketType.REQ})
_PUBS = frozenset({SocketType.PUB, SocketType.XPUB})
_TOPICAL = _PUBS | {SocketType.SUB, SocketType.XSUB}

OPTIONS: dict[int, Option] = {
    _O.AFFINITY: Option(
        0,
        INT64_MIN,
        INT64_MAX,
        unit="bits",
        text="I/O threads that may serve new connections: bit n for thread n; "
        "0: any. EMTHREAD from bind and connect if there is none of them",
    ),
    _O.ROUTING_ID: Option(
        b"", 1, 255, unit="bytes", text="the name under which a ROUTER knows us"
    ),
    _O.SUBSCRIBE: Option(
        b"",
        readable=False,
        types=_SUBSCRIBERS,
        text="receive what begins with this; the same once more counts twice. XPUB "
        "with XPUB_MANUAL: give it to the peer whose subscription came last",
        at_once=True,
    ),
    _O.UNSUBSCRIBE: Option(
        b"",
        readable=False,
        types=_SUBSCRIBERS,
        text="take one SUBSCRIBE back",
        at_once=True,
    ),
    _O.RATE: Option(100, 1, unit="kbit/s", text="of multicast; kept, has no effect"),
    _O.RECOVERY_IVL: Option(10000, unit="ms", text="of multicast; kept, has no effect"),
    _O.SNDBUF: Option(
        -1, -1, unit="bytes", text="SO_SNDBUF, of tcp; -1: the system's choice"
    ),
    _O.RCVBUF: Option(
        -1, -1, unit="bytes", text="SO_RCVBUF, of tcp; -1: the system's choice"
    ),
    _O.RCVMORE: _state(0, "whether more frames of the message last received follow"),
    _O.FD: _state(-1, "a descriptor that turns readable when EVENTS may have changed"),
    _O.EVENTS: _state(0, "POLLIN and POLLOUT, as they are now"),
    _O.TYPE: _state(0, "the socket type"),
    _O.LINGER: _timeout(
        text="how long what was sent may take to leave after close or disconnect; "
        "-1: for ever. 0 in SUB and XSUB, and if BLOCKY is 0 in the context"
    ),
    _O.RECONNECT_IVL: Option(
        100,
        -1,
        unit="ms",
        text="wait before the next attempt to connect; -1 and 0: there is none",
    ),
    _O.BACKLOG: Option(
        100, unit="connections", text="how many may wait to be accepted"
    ),
    _O.RECONNECT_IVL_MAX: Option(
        0,
        unit="ms",
        text="each wait is twice the last one, up to this; 0: they do not grow",
    ),
    _O.MAXMSGSIZE: Option(
        -1,
        INT64_MIN,
        INT64_MAX,
        unit="bytes",
        text="the longest frame that may arrive: for a longer one the connection ends, "
        "and is not made again; negative: no limit. The handshake has its own",
    ),
    _O.SNDHWM: Option(
        1000,
        live=HubOption.SEND_HWM,
        unit="messages",
        text="that may wait for one peer; 0: no limit",
    ),
    _O.RCVHWM: Option(
        1000,
        live=HubOption.RECV_HWM,
        unit="messages",
        text="from one peer that may wait to be received; 0: no limit",
    ),
    _O.MULTICAST_HOPS: Option(
        1, 1, unit="hops", text="of multicast; kept, has no effect"
    ),
    _O.RCVTIMEO: _timeout(text="how long a receive waits; -1: for ever"),
    _O.SNDTIMEO: _timeout(text="how long a send waits; -1: for ever"),
    _O.IPV4ONLY: _bool(1, "old name of the opposite of IPV6"),
    _O.LAST_ENDPOINT: _state(b"", "what was last bound or connected"),
    _O.ROUTER_MANDATORY: _switch(
        live=HubOption.MANDATORY,
        types=_ROUTERS,
        text="EHOSTUNREACH for an unknown peer, and waiting for a full one, instead "
        "of dropping the message",
    ),
    _O.TCP_KEEPALIVE: Option(
        -1, -1, 1, text="SO_KEEPALIVE; -1: the system's, and the next three unused"
    ),
    _O.TCP_KEEPALIVE_CNT: Option(
        -1, -1, unit="probes", text="TCP_KEEPCNT; -1: the system's choice"
    ),
    _O.TCP_KEEPALIVE_IDLE: Option(
        -1, -1, unit="s", text="TCP_KEEPIDLE; -1: the system's choice"
    ),
    _O.TCP_KEEPALIVE_INTVL: Option(
        -1, -1, unit="s", text="TCP_KEEPINTVL; -1: the system's choice"
    ),
    _O.TCP_ACCEPT_FILTER: Option(
        (),
        1,
        255,
        readable=False,
        unit="address/bits",
        text="one more network whose addresses may connect; before the first: all",
    ),
    _O.IMMEDIATE: _bool(text="queue only for peers that are connected now"),
    _O.IPV6: _bool(text="IPv6 beside IPv4; the context's IPV6 is the default"),
    _O.ROUTER_HANDOVER: _switch(
        types=_ROUTERS,
        text="a new peer takes a name over from the one that has it",
        at_once=True,
    ),
    _O.XPUB_VERBOSE: _switch(
        live=HubOption.VERBOSE,
        types=_PUBS,
        text="receive repeated subscriptions too",
    ),
    _O.ROUTER_RAW: _switch(
        types=_ROUTERS,
        text="old way to what STREAM does",
    ),
    _O.PROBE_ROUTER: _switch(
        types=_PROBERS,
        text="send an empty message on every new connection, so that a ROUTER "
        "learns our name",
        at_once=True,
    ),
    _O.REQ_CORRELATE: _switch(
        live=HubOption.CORRELATE,
        types=_REQ,
        text="number requests, and take only the reply with that number",
    ),
    _O.REQ_RELAXED: _switch(
        live=HubOption.RELAXED,
        types=_REQ,
        text="a new request may be sent before the reply to the last one",
    ),
    _O.XPUB_VERBOSER: _switch(
        live=HubOption.VERBOSER,
        types=_PUBS,
        text="receive repeated subscriptions, and repeated unsubscriptions",
    ),
    _O.XPUB_MANUAL: _switch(
        live=HubOption.MANUAL,
        types=_PUBS,
        text="subscriptions that are received count only once SUBSCRIBE was set",
    ),
    _O.XPUB_MANUAL_LAST_VALUE: _switch(
        live=HubOption.LAST_VALUE,
        types=_PUBS,
        sets=lambda value: {_O.XPUB_MANUAL: value},
        text="XPUB_MANUAL, and the first message after a subscription was received "
        "goes to that peer alone",
    ),
    _O.ONLY_FIRST_SUBSCRIBE: _switch(
        live=HubOption.ONLY_FIRST,
        types=_PUBS | {SocketType.XSUB},
        text="a frame that begins with 0 or 1 is no subscription in a message that "
        "does not begin with one",
    ),
    _O.XPUB_NODROP: _switch(
        live=HubOption.NO_DROP,
        types=_PUBS,
        text="a send waits for full subscribers instead of passing them over",
    ),
    _O.XPUB_WELCOME_MSG: Option(
        b"",
        readable=False,
        types=_PUBS,
        unit="bytes",
        text='sent to every new subscriber; b"": nothing',
    ),
    _O.INVERT_MATCHING: Option(
        0,
        ~INT_MAX,
        live=HubOption.INVERT,
        unit="0 or not",
        text="send to, and receive as, whoever did not subscribe",
    ),
    _O.TOPICS_COUNT: Option(
        0,
        writable=False,
        types=_TOPICAL,
        unit="topics",
        text="subscribed to, or by peers",
        at_once=True,
    ),
    _O.CONFLATE: _bool(
        text="keep only the last message of each connection; ignored by other types "
        "than PUSH, PULL, PUB, SUB and DEALER"
    ),
    _O.TOS: Option(0, text="IP_TOS and IPV6_TCLASS, of tcp; 0: the system's choice"),
    _O.IPC_FILTER_PID: _admitted("one more process that may connect over ipc"),
    _O.IPC_FILTER_UID: _admitted("one more user that may connect over ipc"),
    _O.IPC_FILTER_GID: _admitted("one more group whose members may connect over ipc"),
    _O.CONNECT_ROUTING_ID: Option(
        b"",
        1,
        255,
        readable=False,
        types=_NAMING,
        unit="bytes",
        text="the name of the peer that is connected to next",
    ),
    _O.STREAM_NOTIFY: Option(
        1,
        0,
        1,
        readable=False,
        types=_STREAM,
        unit="0 or 1",
        text="receive an empty message when a connection begins and ends",
    ),
    _O.SOCKS_PROXY: Option(
        b"", 1, unit="host:port", text="SOCKS5 proxy through which tcp connects"
    ),
    _O.SOCKS_USERNAME: Option(
        b"", 0, 255, unit="bytes", text='for the proxy; b"": no login'
    ),
    _O.SOCKS_PASSWORD: Option(b"", 0, 255, unit="bytes", text="for the proxy"),
    _O.HANDSHAKE_IVL: Option(
        30000, unit="ms", text="how long a handshake may take; 0: no limit"
    ),
    _O.HEARTBEAT_IVL: Option(
        0,
        unit="ms",
        text="between the PINGs that ask a peer for a sign of life; 0: none",
    ),
    _O.HEARTBEAT_TTL: Option(
        0,
        0,
        6553599,
        unit="ms",
        text="after which the peer may give us up, kept in steps of 100; 0: never",
    ),
    _O.HEARTBEAT_TIMEOUT: Option(
        -1,
        unit="ms",
        text="without any after a PING, the connection ends; 0: never; -1, at first: "
        "HEARTBEAT_IVL",
    ),
    _O.CONNECT_TIMEOUT: Option(
        0, unit="ms", text="how long tcp may take to connect; 0: the system's choice"
    ),
    _O.TCP_MAXRT: Option(
        0,
        unit="ms",
        text="TCP_USER_TIMEOUT: how long what was sent may lack an acknowledgement; "
        "0: the system's choice",
    ),
    _O.THREAD_SAFE: _state(0, "0, as in libzmq, although every socket here is"),
    _O.MULTICAST_MAXTPDU: Option(
        1500, 1, unit="bytes", text="of multicast; kept, has no effect"
    ),
    _O.USE_FD: Option(
        -1,
        -1,
        unit="descriptor",
        text="that listens already, for the next bind over tcp or ipc, which closes "
        "it at the end; the address that bind is given does not count. -1: none",
    ),
    _O.BINDTODEVICE: Option(
        b"", 1, 16, unit="bytes", text="the only network interface that tcp uses"
    ),
    _O.LOOPBACK_FASTPATH: _truth(0, "of Windows; kept, has no effect"),
    _O.METADATA: Option(
        (),
        4,
        readable=False,
        unit="X-name:value",
        text="one more property of messages, for peers to get; of a name that comes "
        "again, the first value",
    ),
    _O.MULTICAST_LOOP: _truth(1, "of multicast; kept, has no effect"),
    _O.RECONNECT_STOP: Option(
        0,
        -INT_MAX - 1,
        unit="bits",
        text="do not connect again after 1: a refused connection, 2: a failed "
        "handshake; 4 has no effect: what was disconnected stays so",
    ),
    _O.PRIORITY: Option(0, text="SO_PRIORITY, of tcp; 0: the system's choice"),
    **SECURITY,
}

#: Why an option has no row, by the beginning of its name.
ABSENT = (
    ("VMCI_", "VMCI, of VMware, is not built"),
    ("NORM_", "NORM is not built"),
    ("WSS_", "WebSockets are not built"),
    *(
        (name, "a draft, which releases of libzmq do not have")
        for name in (
            "BUSY_POLL",
            "DISCONNECT_MSG",
            "HELLO_MSG",
            "HICCUP_MSG",
            "IN_BATCH_SIZE",
            "OUT_BATCH_SIZE",
            "ROUTER_NOTIFY",
            "XSUB_VERBOSE_UNSUBSCRIBE",
        )
    ),
    ("HWM", "zmq.h has none of this name any more; see SNDHWM and RCVHWM"),
    ("BLOCKY", "it is the context's"),
)


def why_absent(name: str) -> str:
    """Return why an option has no row, "" if there is nothing to say."""
    return next((why for start, why in ABSENT if name.startswith(start)), "")


#: The type of each option's values, and the largest integer.
_KINDS: dict[int, tuple[type, int]] = {
    option: {
        _OptType.bytes: (bytes, 0),
        _OptType.int64: (int, INT64_MAX),
    }.get(option._opt_type, (int, INT_MAX))
    for option in SocketOption
}

_DEFAULTS = {number: option.default for number, option in OPTIONS.items()}


def defaults() -> dict[int, Any]:
    """Return a new socket's values."""
    return _DEFAULTS.copy()


def find(number: int) -> Option:
    """Return the row of an option.  ZMQError(EINVAL) if there is none."""
    option = OPTIONS.get(number)
    if option is None:
        name = _name(number)
        why = why_absent(name)
        text = f"socket option {name} is not supported"
        raise error_for(EINVAL, f"{text}: {why}" if why else text)
    return option


def check(number: int, option: Option, value: Any, socket_type: int) -> None:
    """Refuse a bad value, as libzmq would: TypeError, OverflowError or
    ZMQError(EINVAL)."""
    plain = value.__class__ is int and _KINDS[number][0] is int
    if not (plain and option.low <= value <= option.high):
        check_type(number, value)
    size = len(value) if isinstance(value, bytes) else value
    applies = option.types is None or socket_type in option.types
    if not (option.writable and applies and option.low <= size <= option.high):
        raise error_for(EINVAL, _fault(number, option, value, applies))


def _fault(number: int, option: Option, value: Any, applies: bool) -> str:
    """Return what is wrong with a value, in words."""
    name = f"socket option {_name(number)}"
    if not option.writable:
        return f"{name} can only be read"
    if not applies:
        return f"{name} is not of this socket type"
    span = f"{option.low} to {option.high}"
    if isinstance(value, bytes):
        return f"{name} takes {span} bytes, not {len(value)}"
    return f"{name} takes {span}, not {value}"


def check_type(number: int, value: Any) -> None:
    """Raise TypeError, or OverflowError for an integer that does not fit its C type.

    As in pyzmq, an option that does not exist is an int.
    """
    wanted, most = _KINDS.get(number, (int, INT_MAX))
    require_type(number, value, wanted)
    if wanted is int and not ~most <= value <= most:
        raise OverflowError(f"socket option {_name(number)}: {value} is too large")


def require_type(number: int, value: Any, wanted: type) -> None:
    """Raise TypeError unless a value has exactly the type that an option takes."""
    if not isinstance(value, wanted):
        shown = f": {value!r}" if wanted is int else ""  # it may be a password
        raise TypeError(
            f"socket option {_name(number)} takes {wanted.__name__}, "
            f"not {type(value).__name__}{shown}"
        )


def _name(number: int) -> str:
    try:
        return SocketOption(number).name
    except ValueError:
        return str(number)
