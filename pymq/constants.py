"""Every constant of ZeroMQ, as enums and as globals that are their members.

Names and numbers are those of zmq.h, its draft part included, and of pyzmq.  Each
member is a global too; where that would clash, its name has a prefix there:
``EVENT_``, ``NORM_``, ``NOTIFY_``, ``RECONNECT_STOP_``.  What is looked at for every
connection is looked at as a global: before Python 3.12 members of enums take 150 ns.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from enum import Enum, IntEnum, IntFlag

_HAUSNUMERO = 156384712  # where zmq.h begins to number errors that a system lacks

# On Windows zmq.h uses the C runtime's numbers, Python's errno those of Winsock.
_WINDOWS = {
    "ENOTSUP": 129,
    "EPROTONOSUPPORT": 135,
    "ENOBUFS": 119,
    "ENETDOWN": 116,
    "EADDRINUSE": 100,
    "EADDRNOTAVAIL": 101,
    "ECONNREFUSED": 107,
    "EINPROGRESS": 112,
    "ENOTSOCK": 128,
    "EMSGSIZE": 115,
    "EAFNOSUPPORT": 102,
    "ENETUNREACH": 118,
    "ECONNABORTED": 106,
    "ECONNRESET": 108,
    "ENOTCONN": 126,
    "ETIMEDOUT": 138,
    "EHOSTUNREACH": 110,
    "ENETRESET": 117,
}


def _system(name: str, spare: int) -> int:
    """This system's number of an error, or one that zmq.h made up."""
    if sys.platform == "win32":
        return _WINDOWS[name]
    return getattr(errno, name, _HAUSNUMERO + spare)


def _bits(count: int) -> Iterator[int]:
    return (1 << bit for bit in range(count))


# Where a line below assigns several names, the right side is no tuple on purpose:
# PyPy stores the parts of a tuple last to first, and the order of members counts.


class Errno(IntEnum):
    """Error numbers: the system's, and ZeroMQ's own."""

    EAGAIN = errno.EAGAIN
    EFAULT = errno.EFAULT
    EINVAL = errno.EINVAL
    ENOTSUP = _system("ENOTSUP", 1)
    EPROTONOSUPPORT = _system("EPROTONOSUPPORT", 2)
    ENOBUFS = _system("ENOBUFS", 3)
    ENETDOWN = _system("ENETDOWN", 4)
    EADDRINUSE = _system("EADDRINUSE", 5)
    EADDRNOTAVAIL = _system("EADDRNOTAVAIL", 6)
    ECONNREFUSED = _system("ECONNREFUSED", 7)
    EINPROGRESS = _system("EINPROGRESS", 8)
    ENOTSOCK = _system("ENOTSOCK", 9)
    EMSGSIZE = _system("EMSGSIZE", 10)
    EAFNOSUPPORT = _system("EAFNOSUPPORT", 11)
    ENETUNREACH = _system("ENETUNREACH", 12)
    ECONNABORTED = _system("ECONNABORTED", 13)
    ECONNRESET = _system("ECONNRESET", 14)
    ENOTCONN = _system("ENOTCONN", 15)
    ETIMEDOUT = _system("ETIMEDOUT", 16)
    EHOSTUNREACH = _system("EHOSTUNREACH", 17)
    ENETRESET = _system("ENETRESET", 18)
    EFSM = _HAUSNUMERO + 51
    ENOCOMPATPROTO = _HAUSNUMERO + 52
    ETERM = _HAUSNUMERO + 53
    EMTHREAD = _HAUSNUMERO + 54


class ContextOption(IntEnum):
    """Options of a context."""

    IO_THREADS, MAX_SOCKETS, SOCKET_LIMIT = range(1, 4)
    THREAD_PRIORITY = SOCKET_LIMIT
    THREAD_SCHED_POLICY, MAX_MSGSZ, MSG_T_SIZE = range(4, 7)
    THREAD_AFFINITY_CPU_ADD = 7
    THREAD_AFFINITY_CPU_REMOVE = 8
    THREAD_NAME_PREFIX = 9


class SocketType(IntEnum):
    """Socket types; from SERVER on they are drafts."""

    PAIR, PUB, SUB, REQ, REP, DEALER, ROUTER, PULL, PUSH, XPUB, XSUB, STREAM = range(12)
    XREQ = DEALER
    XREP = ROUTER
    SERVER, CLIENT, RADIO, DISH, GATHER, SCATTER, DGRAM, PEER, CHANNEL = range(12, 21)


class _OptType(Enum):
    """The type of a socket option's value."""

    int = "int"
    int64 = "int64"
    bytes = "bytes"
    fd = "fd"


class SocketOption(IntEnum):
    """Options of a socket; an ``int`` where nothing else is said."""

    _opt_type: _OptType

    def __new__(cls, value: int, opt_type: _OptType = _OptType.int) -> SocketOption:
        option = int.__new__(cls, value)
        option._value_ = value
        option._opt_type = opt_type
        return option

    HWM = 1
    AFFINITY = 4, _OptType.int64
    ROUTING_ID = 5, _OptType.bytes
    IDENTITY = 5, _OptType.bytes
    SUBSCRIBE = 6, _OptType.bytes
    UNSUBSCRIBE = 7, _OptType.bytes
    RATE = 8
    RECOVERY_IVL = 9
    SNDBUF = 11
    RCVBUF = 12
    RCVMORE = 13
    FD = 14, _OptType.fd
    EVENTS = 15
    TYPE = 16
    LINGER = 17
    RECONNECT_IVL = 18
    BACKLOG = 19
    RECONNECT_IVL_MAX = 21
    MAXMSGSIZE = 22, _OptType.int64
    SNDHWM = 23
    RCVHWM = 24
    MULTICAST_HOPS = 25
    RCVTIMEO = 27
    SNDTIMEO = 28
    IPV4ONLY = 31
    LAST_ENDPOINT = 32, _OptType.bytes
    ROUTER_MANDATORY = 33
    FAIL_UNROUTABLE = 33
    ROUTER_BEHAVIOR = 33
    TCP_KEEPALIVE = 34
    TCP_KEEPALIVE_CNT = 35
    TCP_KEEPALIVE_IDLE = 36
    TCP_KEEPALIVE_INTVL = 37
    TCP_ACCEPT_FILTER = 38, _OptType.bytes
    IMMEDIATE = 39
    DELAY_ATTACH_ON_CONNECT = 39
    XPUB_VERBOSE = 40
    ROUTER_RAW = 41
    IPV6 = 42
    MECHANISM = 43
    PLAIN_SERVER = 44
    PLAIN_USERNAME = 45, _OptType.bytes
    PLAIN_PASSWORD = 46, _OptType.bytes
    CURVE_SERVER = 47
    CURVE_PUBLICKEY = 48, _OptType.bytes
    CURVE_SECRETKEY = 49, _OptType.bytes
    CURVE_SERVERKEY = 50, _OptType.bytes
    PROBE_ROUTER = 51
    REQ_CORRELATE = 52
    REQ_RELAXED = 53
    CONFLATE = 54
    ZAP_DOMAIN = 55, _OptType.bytes
    ROUTER_HANDOVER = 56
    TOS = 57
    IPC_FILTER_PID = 58
    IPC_FILTER_UID = 59
    IPC_FILTER_GID = 60
    CONNECT_ROUTING_ID = 61, _OptType.bytes
    CONNECT_RID = 61, _OptType.bytes
    GSSAPI_SERVER = 62
    GSSAPI_PRINCIPAL = 63, _OptType.bytes
    GSSAPI_SERVICE_PRINCIPAL = 64, _OptType.bytes
    GSSAPI_PLAINTEXT = 65
    HANDSHAKE_IVL = 66
    SOCKS_PROXY = 68, _OptType.bytes
    XPUB_NODROP = 69
    BLOCKY = 70
    XPUB_MANUAL = 71
    XPUB_WELCOME_MSG = 72, _OptType.bytes
    STREAM_NOTIFY = 73
    INVERT_MATCHING = 74
    HEARTBEAT_IVL = 75
    HEARTBEAT_TTL = 76
    HEARTBEAT_TIMEOUT = 77
    XPUB_VERBOSER = 78
    CONNECT_TIMEOUT = 79
    TCP_MAXRT = 80
    THREAD_SAFE = 81
    MULTICAST_MAXTPDU = 84
    VMCI_BUFFER_SIZE = 85, _OptType.int64
    VMCI_BUFFER_MIN_SIZE = 86, _OptType.int64
    VMCI_BUFFER_MAX_SIZE = 87, _OptType.int64
    VMCI_CONNECT_TIMEOUT = 88
    USE_FD = 89
    GSSAPI_PRINCIPAL_NAMETYPE = 90
    GSSAPI_SERVICE_PRINCIPAL_NAMETYPE = 91
    BINDTODEVICE = 92, _OptType.bytes
    ZAP_ENFORCE_DOMAIN = 93
    LOOPBACK_FASTPATH = 94
    METADATA = 95, _OptType.bytes
    MULTICAST_LOOP = 96
    ROUTER_NOTIFY = 97
    XPUB_MANUAL_LAST_VALUE = 98
    SOCKS_USERNAME = 99, _OptType.bytes
    SOCKS_PASSWORD = 100, _OptType.bytes
    IN_BATCH_SIZE = 101
    OUT_BATCH_SIZE = 102
    WSS_KEY_PEM = 103, _OptType.bytes
    WSS_CERT_PEM = 104, _OptType.bytes
    WSS_TRUST_PEM = 105, _OptType.bytes
    WSS_HOSTNAME = 106, _OptType.bytes
    WSS_TRUST_SYSTEM = 107
    ONLY_FIRST_SUBSCRIBE = 108
    RECONNECT_STOP = 109
    HELLO_MSG = 110, _OptType.bytes
    DISCONNECT_MSG = 111, _OptType.bytes
    PRIORITY = 112
    BUSY_POLL = 113
    HICCUP_MSG = 114, _OptType.bytes
    XSUB_VERBOSE_UNSUBSCRIBE = 115
    TOPICS_COUNT = 116
    NORM_MODE = 117
    NORM_UNICAST_NACK = 118
    NORM_BUFFER_SIZE = 119
    NORM_SEGMENT_SIZE = 120
    NORM_BLOCK_SIZE = 121
    NORM_NUM_PARITY = 122
    NORM_NUM_AUTOPARITY = 123
    NORM_PUSH = 124


class MessageOption(IntEnum):
    """What a frame can be asked with ``Frame.get``."""

    MORE, SRCFD, SHARED = range(1, 4)


class Flag(IntFlag):
    """Flags of send and recv."""

    DONTWAIT = 1
    SNDMORE = 2
    NOBLOCK = DONTWAIT


class RouterNotify(IntEnum):
    """Values of ROUTER_NOTIFY (draft)."""

    CONNECT, DISCONNECT = range(1, 3)


class NormMode(IntEnum):
    """Values of NORM_MODE (draft)."""

    FIXED, CC, CCL, CCE, CCE_ECNONLY = range(5)


class SecurityMechanism(IntEnum):
    """Values of MECHANISM."""

    NULL, PLAIN, CURVE, GSSAPI = range(4)


class ReconnectStop(IntEnum):
    """Values of RECONNECT_STOP (draft)."""

    CONN_REFUSED, HANDSHAKE_FAILED, AFTER_DISCONNECT = _bits(3)


class PollEvent(IntFlag):
    """What to poll for, and what was found."""

    POLLIN, POLLOUT, POLLERR, POLLPRI = _bits(4)


class DeviceType(IntEnum):
    """Kinds of device."""

    STREAMER, FORWARDER, QUEUE = range(1, 4)


class Event(IntFlag):
    """Events of a socket monitor, and the values that come with some of them."""

    PROTOCOL_ERROR_WS_UNSPECIFIED = 0x30000000
    PROTOCOL_ERROR_ZMTP_UNSPECIFIED = 0x10000000
    PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND = 0x10000001
    PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE = 0x10000002
    PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE = 0x10000003
    PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED = 0x10000011
    PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE = 0x10000012
    PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO = 0x10000013
    PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE = 0x10000014
    PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR = 0x10000015
    PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY = 0x10000016
    PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME = 0x10000017
    PROTOCOL_ERROR_ZMTP_INVALID_METADATA = 0x10000018
    PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC = 0x11000001
    PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH = 0x11000002
    PROTOCOL_ERROR_ZAP_UNSPECIFIED = 0x20000000
    PROTOCOL_ERROR_ZAP_MALFORMED_REPLY = 0x20000001
    PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID = 0x20000002
    PROTOCOL_ERROR_ZAP_BAD_VERSION = 0x20000003
    PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE = 0x20000004
    PROTOCOL_ERROR_ZAP_INVALID_METADATA = 0x20000005
    (
        CONNECTED,
        CONNECT_DELAYED,
        CONNECT_RETRIED,
        LISTENING,
        BIND_FAILED,
        ACCEPTED,
        ACCEPT_FAILED,
        CLOSED,
        CLOSE_FAILED,
        DISCONNECTED,
        MONITOR_STOPPED,
        HANDSHAKE_FAILED_NO_DETAIL,
        HANDSHAKE_SUCCEEDED,
        HANDSHAKE_FAILED_PROTOCOL,
        HANDSHAKE_FAILED_AUTH,
    ) = _bits(15)
    ALL_V1 = 0xFFFF
    ALL = ALL_V1
    PIPES_STATS = 0x10000
    ALL_V2 = 0x1FFFF


(
    EAGAIN,
    EFAULT,
    EINVAL,
    ENOTSUP,
    EPROTONOSUPPORT,
    ENOBUFS,
    ENETDOWN,
    EADDRINUSE,
    EADDRNOTAVAIL,
    ECONNREFUSED,
    EINPROGRESS,
    ENOTSOCK,
    EMSGSIZE,
    EAFNOSUPPORT,
    ENETUNREACH,
    ECONNABORTED,
    ECONNRESET,
    ENOTCONN,
    ETIMEDOUT,
    EHOSTUNREACH,
    ENETRESET,
    EFSM,
    ENOCOMPATPROTO,
    ETERM,
    EMTHREAD,
) = Errno.__members__.values()
(
    IO_THREADS,
    MAX_SOCKETS,
    SOCKET_LIMIT,
    THREAD_PRIORITY,
    THREAD_SCHED_POLICY,
    MAX_MSGSZ,
    MSG_T_SIZE,
    THREAD_AFFINITY_CPU_ADD,
    THREAD_AFFINITY_CPU_REMOVE,
    THREAD_NAME_PREFIX,
) = ContextOption.__members__.values()
(
    PAIR,
    PUB,
    SUB,
    REQ,
    REP,
    DEALER,
    ROUTER,
    PULL,
    PUSH,
    XPUB,
    XSUB,
    STREAM,
    XREQ,
    XREP,
    SERVER,
    CLIENT,
    RADIO,
    DISH,
    GATHER,
    SCATTER,
    DGRAM,
    PEER,
    CHANNEL,
) = SocketType.__members__.values()
(
    HWM,
    AFFINITY,
    ROUTING_ID,
    IDENTITY,
    SUBSCRIBE,
    UNSUBSCRIBE,
    RATE,
    RECOVERY_IVL,
    SNDBUF,
    RCVBUF,
    RCVMORE,
    FD,
    EVENTS,
    TYPE,
    LINGER,
    RECONNECT_IVL,
    BACKLOG,
    RECONNECT_IVL_MAX,
    MAXMSGSIZE,
    SNDHWM,
    RCVHWM,
    MULTICAST_HOPS,
    RCVTIMEO,
    SNDTIMEO,
    IPV4ONLY,
    LAST_ENDPOINT,
    ROUTER_MANDATORY,
    FAIL_UNROUTABLE,
    ROUTER_BEHAVIOR,
    TCP_KEEPALIVE,
    TCP_KEEPALIVE_CNT,
    TCP_KEEPALIVE_IDLE,
    TCP_KEEPALIVE_INTVL,
    TCP_ACCEPT_FILTER,
    IMMEDIATE,
    DELAY_ATTACH_ON_CONNECT,
    XPUB_VERBOSE,
    ROUTER_RAW,
    IPV6,
    MECHANISM,
    PLAIN_SERVER,
    PLAIN_USERNAME,
    PLAIN_PASSWORD,
    CURVE_SERVER,
    CURVE_PUBLICKEY,
    CURVE_SECRETKEY,
    CURVE_SERVERKEY,
    PROBE_ROUTER,
    REQ_CORRELATE,
    REQ_RELAXED,
    CONFLATE,
    ZAP_DOMAIN,
    ROUTER_HANDOVER,
    TOS,
    IPC_FILTER_PID,
    IPC_FILTER_UID,
    IPC_FILTER_GID,
    CONNECT_ROUTING_ID,
    CONNECT_RID,
    GSSAPI_SERVER,
    GSSAPI_PRINCIPAL,
    GSSAPI_SERVICE_PRINCIPAL,
    GSSAPI_PLAINTEXT,
    HANDSHAKE_IVL,
    SOCKS_PROXY,
    XPUB_NODROP,
    BLOCKY,
    XPUB_MANUAL,
    XPUB_WELCOME_MSG,
    STREAM_NOTIFY,
    INVERT_MATCHING,
    HEARTBEAT_IVL,
    HEARTBEAT_TTL,
    HEARTBEAT_TIMEOUT,
    XPUB_VERBOSER,
    CONNECT_TIMEOUT,
    TCP_MAXRT,
    THREAD_SAFE,
    MULTICAST_MAXTPDU,
    VMCI_BUFFER_SIZE,
    VMCI_BUFFER_MIN_SIZE,
    VMCI_BUFFER_MAX_SIZE,
    VMCI_CONNECT_TIMEOUT,
    USE_FD,
    GSSAPI_PRINCIPAL_NAMETYPE,
    GSSAPI_SERVICE_PRINCIPAL_NAMETYPE,
    BINDTODEVICE,
    ZAP_ENFORCE_DOMAIN,
    LOOPBACK_FASTPATH,
    METADATA,
    MULTICAST_LOOP,
    ROUTER_NOTIFY,
    XPUB_MANUAL_LAST_VALUE,
    SOCKS_USERNAME,
    SOCKS_PASSWORD,
    IN_BATCH_SIZE,
    OUT_BATCH_SIZE,
    WSS_KEY_PEM,
    WSS_CERT_PEM,
    WSS_TRUST_PEM,
    WSS_HOSTNAME,
    WSS_TRUST_SYSTEM,
    ONLY_FIRST_SUBSCRIBE,
    RECONNECT_STOP,
    HELLO_MSG,
    DISCONNECT_MSG,
    PRIORITY,
    BUSY_POLL,
    HICCUP_MSG,
    XSUB_VERBOSE_UNSUBSCRIBE,
    TOPICS_COUNT,
    NORM_MODE,
    NORM_UNICAST_NACK,
    NORM_BUFFER_SIZE,
    NORM_SEGMENT_SIZE,
    NORM_BLOCK_SIZE,
    NORM_NUM_PARITY,
    NORM_NUM_AUTOPARITY,
    NORM_PUSH,
) = SocketOption.__members__.values()
MORE, SRCFD, SHARED = MessageOption.__members__.values()
DONTWAIT, SNDMORE, NOBLOCK = Flag.__members__.values()
NOTIFY_CONNECT, NOTIFY_DISCONNECT = RouterNotify.__members__.values()
(
    NORM_FIXED,
    NORM_CC,
    NORM_CCL,
    NORM_CCE,
    NORM_CCE_ECNONLY,
) = NormMode.__members__.values()
NULL, PLAIN, CURVE, GSSAPI = SecurityMechanism.__members__.values()
(
    RECONNECT_STOP_CONN_REFUSED,
    RECONNECT_STOP_HANDSHAKE_FAILED,
    RECONNECT_STOP_AFTER_DISCONNECT,
) = ReconnectStop.__members__.values()
POLLIN, POLLOUT, POLLERR, POLLPRI = PollEvent.__members__.values()
STREAMER, FORWARDER, QUEUE = DeviceType.__members__.values()
(
    PROTOCOL_ERROR_WS_UNSPECIFIED,
    PROTOCOL_ERROR_ZMTP_UNSPECIFIED,
    PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND,
    PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE,
    PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE,
    PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED,
    PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE,
    PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO,
    PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE,
    PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR,
    PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY,
    PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME,
    PROTOCOL_ERROR_ZMTP_INVALID_METADATA,
    PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC,
    PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH,
    PROTOCOL_ERROR_ZAP_UNSPECIFIED,
    PROTOCOL_ERROR_ZAP_MALFORMED_REPLY,
    PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID,
    PROTOCOL_ERROR_ZAP_BAD_VERSION,
    PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE,
    PROTOCOL_ERROR_ZAP_INVALID_METADATA,
    EVENT_CONNECTED,
    EVENT_CONNECT_DELAYED,
    EVENT_CONNECT_RETRIED,
    EVENT_LISTENING,
    EVENT_BIND_FAILED,
    EVENT_ACCEPTED,
    EVENT_ACCEPT_FAILED,
    EVENT_CLOSED,
    EVENT_CLOSE_FAILED,
    EVENT_DISCONNECTED,
    EVENT_MONITOR_STOPPED,
    EVENT_HANDSHAKE_FAILED_NO_DETAIL,
    EVENT_HANDSHAKE_SUCCEEDED,
    EVENT_HANDSHAKE_FAILED_PROTOCOL,
    EVENT_HANDSHAKE_FAILED_AUTH,
    EVENT_ALL_V1,
    EVENT_ALL,
    EVENT_PIPES_STATS,
    EVENT_ALL_V2,
) = Event.__members__.values()

# The enum base classes are in here because pyzmq exports them too.
# Not written as an assignment: type checkers would take a computed list for an empty
# one, and see no names.
globals()["__all__"] = [
    name
    for name in globals()
    if name[0] != "_" and name not in ("Iterator", "annotations", "errno", "sys")
]
