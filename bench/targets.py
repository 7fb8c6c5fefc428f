"""The table of targets, and what a run says of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Iterator, Mapping, NamedTuple, Optional

from .figures import Spread, ratios, slope, spread
from .measures import MEASURES
from .rows import WORKLOADS, ZMQ, Row, table

Results = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Target:
    """`peer` by `versus` in each of `rows`, at least or at most `bound`.

    Without `versus` the value itself counts; `measure` is the row's own unless given.
    `versus_row` replaces a part of the row's name where another row is compared with:
    (old, new).  A ratio is always of values: of times, the smaller the better.

    `floor` is a peer that adds nothing to the system's calls: what it would reach in
    the place of `peer` says whether the bound can be met.
    """

    group: str
    rows: tuple[str, ...]
    bound: float
    at_least: bool = True
    peer: str = "pymq"
    versus: str = "pyzmq"
    measure: str = ""
    versus_row: tuple[str, str] = ("", "")
    floor: str = ""

    def other(self, row: str) -> str:
        """The row that `row` is compared with."""
        return row.replace(*self.versus_row) if self.versus_row[0] else row

    def of_floor(self, row: str) -> Target:
        """The same, asked of the floor: by itself, if it is in the other row, too."""
        own = self.versus == self.peer and self.floor in ROWS[self.other(row)].peers
        versus = self.floor if own else self.versus
        return replace(self, peer=self.floor, versus=versus)


class Check(NamedTuple):
    """One target in one row.  `found` is None if it was not measured: `reason`."""

    target: Target
    row: str
    found: Optional[Spread]
    reason: str = ""
    floor: Optional[Spread] = None  # where that was measured

    @property
    def met(self) -> Optional[bool]:
        """Whether the median is within the bound; None if it was not measured."""
        if self.found is None:
            return None
        middle, bound = self.found.median, self.target.bound
        return middle >= bound if self.target.at_least else middle <= bound


NETWORK = ("tcp", "ipc")


def streams(sizes: tuple[str, ...], how: str) -> tuple[str, ...]:
    """The rows of throughput between processes."""
    return tuple(f"throughput/{t}/{size}/{how}" for t in NETWORK for size in sizes)


SMALL, MIDDLE, HUGE = ("8", "64"), ("1K", "8K", "64K"), ("1M", "64M")
SAME = ("same-thread/8", "same-thread/64", "same-thread/1K")
ONE = streams(SMALL, "copy/one")
MANY = streams(SMALL, "copy/many")
COPY = streams(HUGE, "copy/one")
NO_COPY = streams(HUGE, "nocopy/one")
PROXIES = ("proxy/stream/64", "proxy/requests/64")
INPROC = ("throughput/inproc/*/copy/one",)
ONE_CORE = ("roundtrip/*/one-core/at-once",)
TWO_CORES = ("roundtrip/*/two-cores/at-once",)
SEALED = ("curve/throughput/*",)
SEALED_TRIPS = ("curve/roundtrip/*",)
RESTED = ("roundtrip/tcp/*/after-10ms",)
NEWER = ("python3.12+/*",)
PYPY = ("pypy/*",)
M = 1_000_000
PLAIN, NEW = "raw-python", "raw-python-new"

TARGETS = (
    Target("throughput up to 64 B, one call per message, tcp and ipc", ONE, 2.0),
    Target(
        "throughput up to 64 B, send_many and recv_many", MANY, 1.0, versus="libzmq"
    ),
    Target("throughput up to 64 B, send_many and recv_many", MANY, 4.0),
    Target(
        "throughput of 1 KiB to 64 KiB", streams(MIDDLE, "copy/one"), 1.5, floor="raw-c"
    ),
    Target("throughput of 1 MiB and up", COPY, 1.5, floor=NEW),
    Target("throughput of 1 MiB and up", COPY, 0.9, versus="raw-c", floor=NEW),
    Target("throughput of 1 MiB and up, no copy", NO_COPY, 1.0, floor="raw-c"),
    Target("throughput of 1 MiB and up, no copy", NO_COPY, 0.9, versus="raw-c"),
    Target("inproc, two threads", INPROC, 2.0),
    Target("inproc, same thread: time", SAME, 0.6, False, measure="seconds_each"),
    Target("round trip, one core", ONE_CORE, 0.5, False, floor=PLAIN),
    Target("round trip, one core", ONE_CORE, 2.0, False, versus=PLAIN),
    Target("round trip, two cores", TWO_CORES, 0.85, False, floor=PLAIN),
    Target("round trip, two cores", TWO_CORES, 1.2, False, versus=PLAIN),
    Target(
        "round trip after 10 ms idle, by back to back",
        RESTED,
        1.5,
        False,
        versus="pymq",
        versus_row=("after-10ms", "at-once"),
        floor=PLAIN,
    ),
    Target("CURVE: throughput", SEALED, 1.5, floor="raw-sealed"),
    Target("CURVE: round trip", SEALED_TRIPS, 1 / 1.5, False, floor="raw-sealed"),
    Target(
        "CURVE: throughput of 64 KiB, by that of NULL",
        ("curve/throughput/tcp/64K/copy/one",),
        0.5,
        versus="pymq",
        versus_row=("curve/", ""),
        floor="raw-sealed",
    ),
    Target("send beside a busy Python thread: time", ("busy",), 1 / 20, False),
    Target("fan-out, 100 subscribers", ("fanout/100",), 2.0),
    Target("64 B through a proxy", PROXIES, 1.0),
    Target(
        "1 M subscriptions: bytes each",
        ("subscriptions/1M",),
        100,
        False,
        versus="",
        measure="bytes_each",
    ),
    Target(
        "1 M subscriptions: matching",
        ("subscriptions/1M",),
        M,
        versus="",
        measure="match_rate",
    ),
    Target("asyncio, one call per message", ("asyncio/throughput/*",), 8.0),
    Target("asyncio, round trip", ("asyncio/roundtrip/*",), 0.6, False),
    Target("connection rate", ("connections/rate",), 1.5, floor=PLAIN),
    Target("idle connection: memory", ("connections/1000",), 0.5, False),
    Target(
        "every row that pyomq finishes",
        NEWER,
        1.2,
        peer="pymq@python3.12+",
        versus="pyomq@python3.12+",
        measure="speed",
    ),
    Target(
        "pure backend, CPython, 64 B over tcp",
        ("throughput/tcp/64/copy/one",),
        150_000,
        peer="pymq-pure",
        versus="",
    ),
    Target(
        "pure backend, PyPy, 64 B over tcp",
        ("pypy/throughput/tcp/64/copy/one",),
        M,
        peer="pymq-pure@pypy",
        versus="",
    ),
    Target(
        "PyPy, native",
        PYPY,
        2.0,
        peer="pymq@pypy",
        versus="pyzmq@pypy",
        measure="speed",
    ),
)


class Growth(NamedTuple):
    """How a value grows over rows whose names end in how many."""

    group: str
    rows: str
    measure: str

    def fits(self, name: str) -> bool:
        """Whether it is over that row."""
        return name.startswith(self.rows) and ROWS[name].count > 0


GROWTH = (
    Growth("time by messages", "growth/messages/", "seconds"),
    Growth("time by connections", "connections/", "seconds"),
    Growth("time by subscriptions", "subscriptions/", "subscribe_s"),
)
#: A slope above this is not linear.
LINEAR = 1.15


def value(values: Mapping[str, float], measure: str, row: str) -> float:
    """One round's value; two are made from others.

    ``speed`` is the row's own measure, so that more is always better, and
    ``seconds_each`` the time for one message.
    """
    if measure == "seconds_each":
        return 1 / values["rate"]
    if measure == "speed":
        own = own_measure(row)
        return values[own] if MEASURES[own].higher else 1 / values[own]
    return values[measure or own_measure(row)]


def own_measure(row: str) -> str:
    """What a row is about."""
    return WORKLOADS[ROWS[row].workload].measure


ROWS: dict[str, Row] = {row.name: row for row in table()}


def rounds(results: Results, row: str, peer: str, measure: str) -> list[float]:
    """The values of a peer in a row.  KeyError if there are none, with the reason."""
    outcome = results.get(row, {}).get("peers", {}).get(peer)
    if outcome is None:
        raise KeyError("not measured")
    if outcome["status"] != "ok":
        raise KeyError(f"{peer} {outcome['status']}: {outcome['reason']}")
    return [value(values, measure, row) for values in outcome["rounds"]]


def check(target: Target, results: Results, row: str) -> Check:
    """One target in one row."""
    found = _check(target, results, row)
    if not target.floor:
        return found
    return found._replace(floor=_check(target.of_floor(row), results, row).found)


def _check(target: Target, results: Results, row: str) -> Check:
    try:
        ours = rounds(results, row, target.peer, target.measure)
        if not target.versus:
            return Check(target, row, spread(ours))
        theirs = rounds(results, target.other(row), target.versus, target.measure)
    except KeyError as error:
        return Check(target, row, None, str(error.args[0]))
    return Check(target, row, ratios(ours, theirs))


def wanted(target: Target) -> list[str]:
    """The rows that a target looks at."""
    return [
        name
        for name, row in ROWS.items()
        if target.peer in row.peers
        and any(fnmatchcase(name, pattern) for pattern in target.rows)
    ]


def checks(results: Results) -> Iterator[Check]:
    """Every target in every row of its own."""
    for target in TARGETS:
        for row in wanted(target):
            yield check(target, results, row)


def slopes(results: Results) -> Iterator[tuple[Growth, str, float]]:
    """Growth, peer and exponent, wherever two sizes or more were measured."""
    for growth in GROWTH:
        for peer in ZMQ:
            points = list(grown(growth, results, peer))
            if len(points) > 1:
                yield growth, peer, slope(points)


def grown(growth: Growth, results: Results, peer: str) -> Iterator[tuple[float, float]]:
    """How many, and the median."""
    for name, row in ROWS.items():
        if not growth.fits(name):
            continue
        try:
            found = rounds(results, name, peer, growth.measure)
        except KeyError:
            continue
        yield row.count, spread(found).median
