"""What a program is, and strategies that make them up."""

from __future__ import annotations

from typing import Any, NamedTuple, Union

from hypothesis import strategies as st

#: A pattern and how often it is repeated, or the number of a routing id that the
#: socket has seen.
Body = Union[tuple[bytes, int], int]
#: A method of the interpreter, the number of a socket, and arguments.
Operation = tuple[Any, ...]

KINDS = (
    ("PAIR", "PAIR"),
    ("PUSH", "PULL"),
    ("PUB", "SUB"),
    ("PUB", "XSUB"),
    ("XPUB", "SUB"),
    ("XPUB", "XSUB"),
    ("REQ", "REP"),
    ("REQ", "ROUTER"),
    ("DEALER", "REP"),
    ("DEALER", "ROUTER"),
    ("DEALER", "DEALER"),
    ("ROUTER", "ROUTER"),
)
ALL = sorted({kind for pair in KINDS for kind in pair})


class Program(NamedTuple):
    """Sockets of these types, and what is done with them."""

    kinds: tuple[str, ...]
    operations: tuple[Operation, ...]
    #: "inproc"; "network": what arrives is received at once; "lazy": when asked for.
    place: str = "inproc"


NAMES = ("inproc://a", "inproc://b")
BAD = (
    "",
    "inproc",
    "inproc:",
    "inproc://",
    "inproc:/a",
    "://a",
    "tcp://",
    "tcp://127.0.0.1",
    "tcp://127.0.0.1:",
    "tcp://127.0.0.1:port",
    "tcp://:5555",
    "ipc://",
    "foo://a",
    "pgm://127.0.0.1;224.0.0.1:5555",
    "udp://127.0.0.1:5555",
    "INPROC://a",
    " inproc://a",
)
SIZES = (0, 1, 255, 256, 8192, 100_000)
WORDS = (b"", b"A", b"B", b"AB", b"\0", b"\1", b"\1A", b"\0A", b"\1AB", b"\2A")
TOPICS = (b"", b"A", b"B", b"AB", b"x" * 255, b"x" * 256)


def weighted(
    *choices: tuple[int, st.SearchStrategy[Any]],
) -> st.SearchStrategy[Any]:
    """One of some strategies, in proportion; `one_of` counts none of them twice."""
    table = [strategy for weight, strategy in choices for _ in range(weight)]
    return st.integers(0, len(table) - 1).flatmap(table.__getitem__)


words = st.sampled_from(WORDS).map(lambda word: (word, 1))
sizes = st.sampled_from(SIZES).map(lambda size: (b"x", size))
names = st.integers(0, 2)
bodies = weighted((2, words), (1, names), (1, sizes))
messages = st.one_of(
    st.lists(bodies, min_size=1, max_size=3),
    st.tuples(names, words).map(list),
    st.tuples(names, st.just((b"", 1)), words).map(list),
    st.tuples(st.just((b"", 1)), words).map(list),
)

#: Options that change what is done with messages, and values worth trying.
SWITCHES = (
    "ROUTER_MANDATORY",
    "ROUTER_HANDOVER",
    "PROBE_ROUTER",
    "REQ_CORRELATE",
    "REQ_RELAXED",
    "XPUB_VERBOSE",
    "XPUB_VERBOSER",
    "XPUB_MANUAL",
    "XPUB_NODROP",
    "INVERT_MATCHING",
    "IMMEDIATE",
)
switches = st.tuples(st.sampled_from(SWITCHES), st.sampled_from((1, 1, 0, -1, 2)))
marks = st.tuples(st.sampled_from(("SNDHWM", "RCVHWM")), st.integers(-1, 3))
routing_ids = st.tuples(
    st.sampled_from(("ROUTING_ID", "CONNECT_ROUTING_ID")),
    st.sampled_from((b"A", b"B", b"AB", b"", b"x" * 255, b"x" * 256)),
)
topics = st.tuples(
    st.sampled_from(("SUBSCRIBE", "SUBSCRIBE", "UNSUBSCRIBE")), st.sampled_from(TOPICS)
)
welcomes = st.tuples(
    st.just("XPUB_WELCOME_MSG"), st.sampled_from((b"", b"A", b"welcome"))
)
lingers = st.tuples(st.just("LINGER"), st.sampled_from((-2, -1, 0, 1000)))
settings = weighted(
    (1, switches),
    (2, marks),
    (1, routing_ids),
    (2, topics),
    (1, welcomes),
    (1, lingers),
)
RECEIVES = ("recv", "recv_multipart", "recv_frame", "drain")
READABLE = ("RCVMORE", "TYPE", "LAST_ENDPOINT", "ROUTING_ID", "TOPICS_COUNT")


def on(
    name: str, count: int, *arguments: st.SearchStrategy[Any]
) -> st.SearchStrategy[Operation]:
    """Calls of one method, on any of `count` sockets."""
    return st.tuples(st.just(name), st.integers(0, count - 1), *arguments)


def _settings(count: int) -> st.SearchStrategy[Operation]:
    return on("set", count, settings).map(lambda made: (*made[:2], *made[2]))


def _addressing(count: int) -> st.SearchStrategy[Operation]:
    endpoints = st.sampled_from(NAMES[:1] * 3 + NAMES[1:])
    calls = ("bind", "connect", "connect", "disconnect", "unbind")
    good = st.one_of([on(name, count, endpoints) for name in calls])
    bad = st.one_of([on(name, count, st.sampled_from(BAD)) for name in calls[1:]])
    return weighted((3, good), (1, bad))


def _traffic(count: int) -> st.SearchStrategy[Operation]:
    sends = on("send_multipart", count, messages)
    frames = on("send", count, bodies, st.booleans())
    fills = on("fill", count, words)
    receives = [on(name, count) for name in RECEIVES]
    receive = st.one_of(receives)
    return weighted((3, sends), (2, frames), (1, fills), (5, receive))


def _looks(count: int) -> st.SearchStrategy[Operation]:
    return st.one_of(
        on("get", count, st.sampled_from(READABLE)),
        on("events", count),
        on("poll", count, st.integers(0, 3)),
    )


def _operations(count: int) -> st.SearchStrategy[Operation]:
    """One operation on one of `count` sockets."""
    ends = st.one_of(on("close", count), on("reopen", count, st.sampled_from(ALL)))
    return weighted(
        (6, _traffic(count)),
        (2, _settings(count)),
        (1, _addressing(count)),
        (1, _looks(count)),
        (1, ends),
    )


@st.composite
def programs(draw: Any, most: int = 30) -> Program:
    """A few sockets, mostly of types that go together, and up to `most` operations.

    Most begin connected, bound first or last: else few would get as far.
    """
    kinds = list(draw(st.sampled_from(KINDS)))
    if draw(st.integers(0, 9)) == 0:
        kinds = draw(st.lists(st.sampled_from(ALL), min_size=2, max_size=2))
    if draw(st.booleans()):
        kinds.reverse()
    kinds += draw(st.lists(st.sampled_from(kinds * 3 + ALL), max_size=1))
    operations: list[Operation] = draw(st.lists(_settings(len(kinds)), max_size=3))
    if draw(st.integers(0, 4)):
        connects = [("connect", n, NAMES[0]) for n in range(1, len(kinds))]
        operations += draw(st.permutations([("bind", 0, NAMES[0]), *connects]))
    operations += draw(st.lists(_operations(len(kinds)), max_size=most))
    return Program(tuple(kinds), tuple(operations))


#: Every option but those of the security mechanisms; FD and USE_FD, which are another
#: thing in each process; and drafts, which releases of libzmq do not have.
OPTIONS = (
    "AFFINITY",
    "ROUTING_ID",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "RATE",
    "RECOVERY_IVL",
    "SNDBUF",
    "RCVBUF",
    "RCVMORE",
    "TYPE",
    "LINGER",
    "RECONNECT_IVL",
    "BACKLOG",
    "RECONNECT_IVL_MAX",
    "MAXMSGSIZE",
    "SNDHWM",
    "RCVHWM",
    "MULTICAST_HOPS",
    "RCVTIMEO",
    "SNDTIMEO",
    "IPV4ONLY",
    "LAST_ENDPOINT",
    "ROUTER_MANDATORY",
    "TCP_KEEPALIVE",
    "TCP_KEEPALIVE_CNT",
    "TCP_KEEPALIVE_IDLE",
    "TCP_KEEPALIVE_INTVL",
    "TCP_ACCEPT_FILTER",
    "IMMEDIATE",
    "XPUB_VERBOSE",
    "ROUTER_RAW",
    "IPV6",
    "PROBE_ROUTER",
    "REQ_CORRELATE",
    "REQ_RELAXED",
    "CONFLATE",
    "ROUTER_HANDOVER",
    "TOS",
    "IPC_FILTER_PID",
    "IPC_FILTER_UID",
    "IPC_FILTER_GID",
    "CONNECT_ROUTING_ID",
    "HANDSHAKE_IVL",
    "SOCKS_PROXY",
    "XPUB_NODROP",
    "XPUB_MANUAL",
    "XPUB_WELCOME_MSG",
    "STREAM_NOTIFY",
    "INVERT_MATCHING",
    "HEARTBEAT_IVL",
    "HEARTBEAT_TTL",
    "HEARTBEAT_TIMEOUT",
    "XPUB_VERBOSER",
    "CONNECT_TIMEOUT",
    "TCP_MAXRT",
    "THREAD_SAFE",
    "MULTICAST_MAXTPDU",
    "BINDTODEVICE",
    "TOPICS_COUNT",
    "MULTICAST_LOOP",
    "RECONNECT_STOP",
    "LOOPBACK_FASTPATH",
)
BORDERS = (-1, 0, 1, 2, 100, 255, 256, 6553599, 6553600)
LIMITS = (2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63 - 1, 2**63, -(2**63))
TEXTS = (b"", b"x", b"x" * 15, b"x" * 16, b"x" * 255, b"x" * 256)
NETWORKS = (b"127.0.0.1", b"10.0.0.0/8", b"10.0.0.0/33", b"::1/128", b"/8")
WRONG = (None, 1.5, "text", True, ())
values = st.one_of(
    st.sampled_from(BORDERS),
    st.sampled_from(LIMITS),
    st.integers(-(2**32), 2**32),
    st.sampled_from(TEXTS + NETWORKS),
    st.sampled_from(WRONG),
)


@st.composite
def option_programs(draw: Any, most: int = 30) -> Program:
    """One socket that no traffic reaches, and its options."""
    kind = draw(st.sampled_from([*ALL, "STREAM"]))
    options = st.sampled_from(OPTIONS)
    calls = st.one_of(on("set", 1, options, values), on("get", 1, options))
    operations = []
    for call in draw(st.lists(calls, max_size=most)):
        operations.append(call)
        if call[0] == "set":
            operations.append(("get", 0, call[2]))
    return Program((kind,), tuple(operations))
