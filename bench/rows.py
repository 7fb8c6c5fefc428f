"""The table of what is measured.

A row is a workload with parameters; its name is what ``--rows`` and the targets match.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Dict, Iterable, Iterator, Mapping, Tuple, Union

Keys = Dict[str, Union[str, int]]
Peers = Tuple[str, ...]


@dataclass(frozen=True)
class Workload:
    """What the sides do.

    The first of `sides` binds; `reports` is the one whose clock counts, and `measure`
    the value of it that the row is about.  `start` is the `count` of the first
    warm-up, `least` the smallest of all.  `extra` is what a measurement takes beyond
    its seconds, roughly; `patience` multiplies the time limit.  `calls` names the
    workload that the workers know a side of, where it is another one.
    """

    sides: tuple[str, ...]
    reports: str
    measure: str = "rate"
    start: int = 20000
    least: int = 4
    extra: float = 0.4
    patience: float = 1.0
    calls: Mapping[str, str] = field(default_factory=dict)


WORKLOADS: dict[str, Workload] = {
    "throughput": Workload(("receiver", "sender"), "receiver"),
    "inproc": Workload(("both",), "both", calls={"both": "throughput"}),
    "same": Workload(("both",), "both"),
    "roundtrip": Workload(("server", "client"), "client", "p50_us", 500, 30),
    "fanout": Workload(("publisher", "subscriber"), "subscriber"),
    "subscriptions": Workload(
        ("publisher", "subscriber"), "publisher", "subscribe_s", extra=2, patience=4
    ),
    "connect": Workload(("server", "client"), "client", "rate", 50, 20),
    "idle": Workload(("server", "client"), "client", "bytes_each", extra=1.5),
    "busy": Workload(
        ("receiver", "sender"),
        "sender",
        "send_mean_ns",
        2000,
        500,
    ),
    "proxy": Workload(("proxy", "ends"), "ends"),
    "startup": Workload(("both",), "both", "start_ms", extra=1),
    "asyncio-throughput": Workload(("receiver", "sender"), "receiver"),
    "asyncio-roundtrip": Workload(("server", "client"), "client", "p50_us", 500, 30),
}


@dataclass(frozen=True)
class Row:
    """One line of the report.

    `peers` are those it is measured with; `sides` are keys of one side only; `count`
    is 0 where it is found in the warm-up; `rounds` is a limit; `longer` multiplies
    the seconds of a measurement.
    """

    name: str
    workload: str
    keys: Keys
    peers: tuple[str, ...]
    sides: Mapping[str, Keys] = field(default_factory=dict)
    count: int = 0
    rounds: int = 99
    quick: bool = False
    longer: int = 1

    def only(self, peers: Iterable[str]) -> Row:
        """The same row with fewer peers."""
        return replace(self, peers=tuple(one for one in self.peers if one in peers))


SIZES = {
    "8": 8,
    "64": 64,
    "1K": 1 << 10,
    "8K": 8 << 10,
    "64K": 64 << 10,
    "1M": 1 << 20,
    "64M": 64 << 20,
}
QUICK = {"tcp": ("64", "8K", "1M"), "ipc": ("64",), "inproc": ("64",)}
ENDPOINTS = {
    "tcp": "tcp://127.0.0.1:*",
    "ipc": "ipc://FOLDER/socket",
    "inproc": "inproc://bench",
}

ZMQ = ("pymq", "pymq-pure", "pyzmq")
LIBRARIES = (*ZMQ, "pynng", "libzmq")
FLOOR = ("raw-python", "raw-c")
EVERYONE = (*LIBRARIES, *FLOOR)

#: What may be under way in the queues of a row of large messages, in bytes.
IN_FLIGHT = 64 << 20
LARGE = 1 << 20


#: Ahead of the timed ones of such a row, in bytes: memory that a process has not
#: used before costs more than the message.
WARM_BYTES = 256 << 20


#: A mark that nobody reaches.  0 would say so, but not to pyomq, which then drops.
UNMARKED = 10_000_000


def hwm(size: int) -> int:
    """The mark of both sides: the default, unless that would be a lot of memory."""
    return max(4, min(1000, IN_FLIGHT // size))


def without(peers: Peers, *names: str) -> Peers:
    """The others."""
    return tuple(peer for peer in peers if peer not in names)


def streams(transport: str) -> Iterator[Row]:
    """PUSH to PULL: every size, one by one, in batches, and without a copy."""
    workload = "inproc" if transport == "inproc" else "throughput"
    for name, size in SIZES.items():
        keys: Keys = {"endpoint": ENDPOINTS[transport], "size": size, "hwm": hwm(size)}
        if size >= LARGE:
            keys["warm"] = WARM_BYTES // size
        one, many, shared = stream_peers(transport, size)
        start, quick = f"throughput/{transport}/{name}", name in QUICK[transport]
        yield Row(f"{start}/copy/one", workload, keys, one, quick=quick)
        quick = quick and name == "64"
        more = {**keys, "many": 1}
        yield Row(f"{start}/copy/many", workload, more, many, quick=quick)
        more = {**keys, "copy": 0}
        yield Row(f"{start}/nocopy/one", workload, more, shared)


def stream_peers(transport: str, size: int) -> tuple[Peers, Peers, Peers]:
    """Who is measured one by one, in batches, and without a copy."""
    pair: Peers = ("pymq", "pyzmq")
    few = size > SIZES["1K"]
    if transport == "inproc":
        one = without(LIBRARIES, "pynng")
        return one, pair if few else one, pair
    one = EVERYONE if transport == "tcp" else without(EVERYONE, "pynng")
    if size >= LARGE:
        one = (*one, "raw-python-new")
    many = pair if few else without(EVERYONE, "pynng")
    return one, many, (*pair, "raw-c") if size >= LARGE else pair


def curve() -> Iterator[Row]:
    """Rows of others, sealed; their names end alike."""
    for name in ("64", "1K", "64K"):
        size = SIZES[name]
        keys: Keys = {"endpoint": ENDPOINTS["tcp"], "size": size, "hwm": hwm(size)}
        keys["curve"] = 1
        peers = ZMQ if name == "64" else (*ZMQ, "raw-sealed")
        title, quick = f"curve/throughput/tcp/{name}/copy/one", name != "1K"
        yield Row(title, "throughput", keys, peers, quick=quick)
    keys = {"endpoint": ENDPOINTS["tcp"], "size": 64, "curve": 1}
    for cores, sides in CORES.items():
        title = f"curve/roundtrip/tcp/reqrep/{cores}/at-once"
        yield Row(title, "roundtrip", keys, (*ZMQ, "raw-sealed"), sides)


def same() -> Iterator[Row]:
    """inproc within one thread."""
    for name in ("8", "64", "1K", "64K"):
        keys: Keys = {"endpoint": ENDPOINTS["inproc"], "size": SIZES[name]}
        peers = without(LIBRARIES, "pynng")
        yield Row(f"same-thread/{name}", "same", keys, peers, quick=name == "64")


def multipart() -> Iterator[Row]:
    """Messages of several frames of 64 bytes."""
    for parts in (2, 10):
        keys: Keys = {"endpoint": ENDPOINTS["tcp"], "size": 64, "parts": parts}
        yield Row(f"multipart/{parts}", "throughput", keys, ZMQ, quick=parts == 2)


CORES: Mapping[str, Mapping[str, Keys]] = {
    "one-core": {"server": {"cpu": 0}, "client": {"cpu": 0}},
    "two-cores": {"server": {"cpu": 1}, "client": {"cpu": 0}},
}
PACES = {"at-once": 0, "after-10ms": 10}


def roundtrips() -> Iterator[Row]:
    """REQ to REP and DEALER to ROUTER, on one core and on two."""
    for transport in ("tcp", "ipc"):
        for pattern in ("reqrep", "dealerrouter"):
            peers = EVERYONE if pattern == "reqrep" else without(EVERYONE, "pynng")
            for pace, gap in PACES.items():
                if transport == "ipc" and (gap or pattern != "reqrep"):
                    continue
                if gap:
                    peers = (*ZMQ, "raw-python")
                keys: Keys = {"endpoint": ENDPOINTS[transport], "size": 64}
                more: Keys = {**keys, "pattern": pattern, "gap_ms": gap}
                quick = transport == "tcp" and pattern == "reqrep"
                for cores, sides in CORES.items():
                    name = f"roundtrip/{transport}/{pattern}/{cores}/{pace}"
                    yield Row(name, "roundtrip", more, peers, sides, quick=quick)


def fanout() -> Iterator[Row]:
    """PUB to many SUB.  No marks, so nothing is dropped."""
    for subscribers in (1, 10, 100, 1000):
        keys: Keys = {"endpoint": ENDPOINTS["tcp"], "size": 64, "hwm": UNMARKED}
        more: Keys = {**keys, "subscribers": subscribers}
        peers, quick = without(LIBRARIES, "pynng"), subscribers == 100
        yield Row(f"fanout/{subscribers}", "fanout", more, peers, quick=quick)


def subscriptions() -> Iterator[Row]:
    """How long so many take, what they cost, and matching against them."""
    keys: Keys = {"endpoint": ENDPOINTS["tcp"], "hwm": UNMARKED}
    for name, count in {"10K": 10**4, "100K": 10**5, "1M": 10**6}.items():
        peers = ("pymq", "pyzmq") if count > 10**5 else ZMQ
        name, quick = f"subscriptions/{name}", name == "100K"
        yield Row(name, "subscriptions", keys, peers, {}, count, 3, quick)


def connections() -> Iterator[Row]:
    """Coming and going; staying, idle."""
    keys: Keys = {"endpoint": ENDPOINTS["tcp"]}
    peers = (*ZMQ, "raw-python")
    yield Row("connections/rate", "connect", keys, peers, quick=True)
    for count in (250, 1000, 2500, 5000):
        name, quick = f"connections/{count}", count == 1000
        yield Row(name, "idle", keys, ZMQ, {}, count, 3, quick)


def threads() -> Iterator[Row]:
    """Senders in one process, each with a thread and a socket, to one receiver."""
    for count in (1, 2, 4, 8):
        keys: Keys = {"endpoint": ENDPOINTS["tcp"], "size": 64}
        sides: dict[str, Keys] = {"sender": {"threads": count}}
        yield Row(f"threads/{count}", "throughput", keys, ZMQ, sides, quick=count == 4)


def busy() -> Iterator[Row]:
    """`send` beside a thread that computes.  No mark: it must never wait."""
    keys: Keys = {"endpoint": ENDPOINTS["tcp"], "size": 64, "hwm": UNMARKED}
    yield Row("busy", "busy", keys, ZMQ, quick=True)


def proxies() -> Iterator[Row]:
    """PULL to PUSH; ROUTER to DEALER and back."""
    for pattern, sizes in {"stream": ("64", "8K", "1M"), "requests": ("64",)}.items():
        for name in sizes:
            keys: Keys = {"endpoint": ENDPOINTS["tcp"], "size": SIZES[name]}
            more: Keys = {**keys, "pattern": pattern, "hwm": hwm(SIZES[name])}
            quick, title = name == "64", f"proxy/{pattern}/{name}"
            yield Row(title, "proxy", more, ZMQ, quick=quick)


def startup() -> Iterator[Row]:
    """A new interpreter."""
    for what in ("import", "socket"):
        keys: Keys = {"what": what}
        name, quick = f"startup/{what}", what == "import"
        yield Row(name, "startup", keys, ZMQ, {}, 5, 5, quick)


def asyncios() -> Iterator[Row]:
    """Each side in an event loop of asyncio."""
    for name in ("64", "1K"):
        keys: Keys = {"endpoint": ENDPOINTS["tcp"], "size": SIZES[name]}
        title, quick = f"asyncio/throughput/{name}", name == "64"
        yield Row(title, "asyncio-throughput", keys, ZMQ, quick=quick)
    for cores, sides in CORES.items():
        keys = {"endpoint": ENDPOINTS["tcp"], "size": 64}
        title = f"asyncio/roundtrip/{cores}"
        yield Row(title, "asyncio-roundtrip", keys, ZMQ, sides, quick=True)


def growth() -> Iterator[Row]:
    """Ever more messages: the time of each must not change."""
    for name, count in {"10K": 10**4, "100K": 10**5, "1M": 10**6}.items():
        keys: Keys = {"endpoint": ENDPOINTS["tcp"], "size": 64}
        peers = ("pymq", "pyzmq")
        yield Row(f"growth/messages/{name}", "throughput", keys, peers, {}, count, 3)


#: Rows that are measured on other interpreters too, and with whom there.
ELSEWHERE: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "python3.12+": (
        ("pymq", "pyzmq", "pyomq"),
        ("throughput/*/copy/one", "roundtrip/tcp/*/at-once", "multipart/*", "fanout/*")
        + ("asyncio/*",),
    ),
    "pypy": (
        ZMQ,
        (
            "throughput/tcp/64/copy/*",
            "throughput/tcp/1K/copy/one",
            "throughput/tcp/64K/copy/one",
            "roundtrip/tcp/reqrep/*/at-once",
            "same-thread/64",
        ),
    ),
}


def elsewhere(rows: list[Row]) -> Iterator[Row]:
    """Copies of some rows for the peers of another interpreter."""
    for place, (peers, names) in ELSEWHERE.items():
        there = tuple(f"{peer}@{place}" for peer in peers)
        for row in rows:
            if not any(fnmatchcase(row.name, name) for name in names):
                continue
            name, quick = f"{place}/{row.name}", row.name in ELSEWHERE_QUICK
            longer = LONGER.get(place, 1)
            yield replace(row, name=name, peers=there, quick=quick, longer=longer)


#: A compiler that works while the program runs needs a while to be done.
LONGER = {"pypy": 5}
ELSEWHERE_QUICK = (
    "throughput/tcp/64/copy/one",
    "roundtrip/tcp/reqrep/one-core/at-once",
    "asyncio/throughput/64",
)


def table() -> list[Row]:
    """All rows, in the order of the report."""
    rows = [row for name in ENDPOINTS for row in streams(name)]
    for more in MORE:
        rows += more()
    return [*rows, *elsewhere(rows)]


MORE = (
    same,
    multipart,
    roundtrips,
    curve,
    fanout,
    subscriptions,
    connections,
    threads,
    busy,
    proxies,
    startup,
    asyncios,
    growth,
)
