"""All patterns under all faults, for as long as one likes, unattended:

    python tests/faults/soak.py --minutes 20

Native, pure and libzmq (where pyzmq is installed) have a process each, and meet in
every pair and both roles; the proxy is in this one.  At the end there is a table of
what was sent, what arrived and what became of the rest, and of the memory and
descriptors of each process.  Exits with 1 if a message has no explanation, something
hung or crashed, or memory or descriptors have grown.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import itertools
import multiprocessing
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any, Iterator

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "support"), str(HERE)]

from faultplans import schedule  # noqa: E402 - found with the paths above
from implementations import ORACLE, TAGS, load  # noqa: E402
from judging import Verdict  # noqa: E402
from lanes import PATTERNS, East, End, Lane, Pattern, West  # noqa: E402
from library import Library  # noqa: E402

LARGEST = 300_000  # bytes: more than any frame has, less than a changed length says
REACHES = (6_000, 6_000, 60_000, 300_000)  # octets of a connection that faults lie in
LANES = 2  # at a time
GROWTH = 4.0  # MiB that a process may grow by, from the second quarter to the last


class Process:
    """What runs in the process of one implementation."""

    def __init__(self) -> None:
        self._ends: dict[int, End] = {}
        self._numbers = itertools.count()

    def open(self, tag: str, west: bool, number: int, name: bytes) -> int:
        """Make one end of a lane of the pattern with that number; its handle."""
        pattern = PATTERNS[number]
        make, kind = (West, pattern.west) if west else (East, pattern.east)
        handle = next(self._numbers)
        library = Library(load(tag))
        self._ends[handle] = make(library, kind, pattern, name, maxmsgsize=LARGEST)
        return handle

    def call(self, handle: int, method: str, *arguments: Any) -> Any:
        """A method of that end."""
        return getattr(self._ends[handle], method)(*arguments)

    def close(self, handle: int) -> None:
        """Let go of that end."""
        self._ends.pop(handle).zmq.close()

    def measure(self) -> tuple[float, int]:
        """MiB of memory, and descriptors, while no end is open.  C's allocator first
        gives back what is free: how much it keeps is luck."""
        gc.collect()
        with contextlib.suppress(AttributeError):  # glibc has it
            ctypes.CDLL(None).malloc_trim(0)
        fields = Path("/proc/self/statm").read_text().split()
        return int(fields[1]) / 256, len(list(Path("/proc/self/fd").iterdir()))


class Manager(BaseManager):
    """Starts such a process, and calls it."""


Manager.register("Process", Process)


class Remote:
    """An `End` in another process."""

    def __init__(self, process: Any, tag: str, west: bool, number: int) -> None:
        self._process = process
        self._handle = process.open(tag, west, number, b"one")

    def __getattr__(self, method: str) -> Any:
        return lambda *given: self._process.call(self._handle, method, *given)

    def close(self) -> None:
        """Let go of it."""
        self._process.close(self._handle)


@dataclass
class Row:
    """What is known of one pattern."""

    lanes: int = 0
    sent: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, lane: Lane, verdict: Verdict) -> None:
        """Enter a lane that has come to its end."""
        self.lanes += 1
        self.sent += len(lane.west.account().sent)
        self.fates += verdict.fates
        for passage in lane.proxy.passages:
            kinds = {fault.kind for fault in passage.plan}
            self.faults.update(kind for kind in kinds if passage.faults(kind))


class Soak:
    """Lanes, a few at a time, until the time is over."""

    def __init__(self, tags: list[str], seed: int) -> None:
        self._tags = tags
        self._managers = {tag: Manager(ctx=_spawning()) for tag in tags}
        self._processes: dict[str, Any] = {}
        self.rows = {pattern.name: Row() for pattern in PATTERNS}
        self.wrong: list[str] = []
        self.measures: dict[str, list[tuple[float, int]]] = {tag: [] for tag in tags}
        self._lock = threading.Lock()
        self._chance = random.Random(seed)

    def run(self, seconds: float) -> None:
        """Rounds of every pattern with every pair, and a look at the processes after
        each; the last one may be cut short."""
        for tag, manager in self._managers.items():
            manager.start()
            self._processes[tag] = manager.Process()  # type: ignore[attr-defined]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            lanes = iter(self._round())
            workers = [
                threading.Thread(target=self._work, args=(lanes, end))
                for _ in range(LANES)
            ]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            for tag, process in self._processes.items():
                self.measures[tag].append(process.measure())
            print(self._progress(end - time.monotonic()), flush=True)
        for manager in self._managers.values():
            manager.shutdown()

    def _round(self) -> list[tuple[Pattern, str, str, int]]:
        lanes = [
            (pattern, west, east, self._chance.randrange(1 << 30))
            for pattern in PATTERNS
            for west in self._tags
            for east in self._tags
            if not _libzmqs_own(pattern, west, east)
        ]
        self._chance.shuffle(lanes)
        return lanes

    def _work(self, lanes: Iterator[tuple[Pattern, str, str, int]], end: float) -> None:
        while time.monotonic() < end:
            with self._lock:
                lane = next(lanes, None)
            if lane is None:
                return
            try:
                self._lane(*lane)
            except Exception as error:
                self._complain(lane, [f"{type(error).__name__}: {error}"])

    def _lane(self, pattern: Pattern, west: str, east: str, seed: int) -> None:
        number = PATTERNS.index(pattern)
        a = Remote(self._processes[west], west, True, number)
        b = Remote(self._processes[east], east, False, number)
        reach = random.Random(seed).choice(REACHES[:3] if pattern.asks else REACHES)
        plans = schedule(seed, pattern.west_binds, reach)
        lane = Lane(pattern, a, b, plans, west == ORACLE)  # type: ignore[arg-type]
        try:
            verdict = lane.run()
            with self._lock:
                self.rows[pattern.name].add(lane, verdict)
            self._complain((pattern, west, east, seed), verdict.faults)
        finally:
            a.close()
            b.close()

    def _complain(self, lane: tuple[Pattern, str, str, int], faults: list[str]) -> None:
        pattern, west, east, seed = lane
        for fault in faults[:5]:
            text = f"{pattern.name} from {west} to {east}, seed {seed}: {fault[:500]}"
            print(text, flush=True)
            self.wrong.append(text)

    def _progress(self, left: float) -> str:
        lanes = sum(row.lanes for row in self.rows.values())
        sent = sum(row.sent for row in self.rows.values())
        sizes = ", ".join(
            f"{tag} {found[-1][0]:.1f} MiB {found[-1][1]} descriptors"
            for tag, found in self.measures.items()
        )
        return f"{max(left, 0):5.0f} s left: {lanes} lanes, {sent} sent; {sizes}"

    def grown(self) -> list[str]:
        """Processes that have become larger: what is leaked once is there for good, so
        the least of a quarter tells."""
        found = []
        for tag, measures in self.measures.items():
            if tag == ORACLE or len(measures) < 4:
                continue
            _, second, _, last = quarters(measures)
            if last[0] - second[0] > GROWTH or last[1] > second[1]:
                found.append(f"{tag} has grown from {second} to {last}")
        return found


def quarters(measures: list[tuple[float, int]]) -> list[tuple[float, int]]:
    """The least memory and the fewest descriptors of each quarter of the time."""
    count = len(measures)
    parts = [measures[n * count // 4 : (n + 1) * count // 4] for n in range(4)]
    return [
        (min(m for m, _ in part), min(d for _, d in part)) for part in parts if part
    ]


def _libzmqs_own(pattern: Pattern, west: str, east: str) -> bool:
    """What is not ours to judge: libzmq with itself, and its PAIR that keeps a second
    peer and never reads it."""
    return east == ORACLE and (west == ORACLE or pattern.rivals)


def _spawning() -> Any:
    return multiprocessing.get_context("spawn")


FATES = (
    "received",
    "torn",
    "in the kernel",
    "unheard",
    "dropped by the proxy",
    "reset on the way",
    "spoilt",
    "asked again",
)


def report(soak: Soak) -> list[str]:
    """The tables, as Markdown."""
    lines = ["| pattern | lanes | sent | " + " | ".join(FATES) + " |"]
    lines.append("| --- |" + " ---: |" * (2 + len(FATES)))
    total = Row()
    for name, row in soak.rows.items():
        lines.append(_line(name, row))
        total.lanes += row.lanes
        total.sent += row.sent
        total.fates += row.fates
        total.faults += row.faults
    lines.append(_line("all", total))
    faults = ", ".join(f"{count} {kind}" for kind, count in total.faults.most_common())
    lines += ["", f"{sum(total.faults.values())} faults: {faults}", ""]
    lines += [
        "| least MiB, descriptors | in the first quarter | second | third | last |"
    ]
    lines += ["| --- | --- | --- | --- | --- |"]
    for tag, found in soak.measures.items():
        shown = quarters(found)
        cells = " | ".join(f"{size:.1f}, {count}" for size, count in shown)
        lines.append(f"| {tag} | {cells} |")
    return lines


def _line(name: str, row: Row) -> str:
    cells = [row.lanes, row.sent, *(row.fates[fate] for fate in FATES)]
    return f"| {name} | " + " | ".join(map(str, cells)) + " |"


def unexplained(row: Row) -> int:
    """Letters whose fates do not add up to what was sent."""
    return row.sent - sum(row.fates[fate] for fate in FATES)


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--implementations", default=",".join(_available()))
    given = parser.parse_args()
    soak = Soak(given.implementations.split(","), given.seed)
    soak.run(given.minutes * 60)
    print("\n".join(report(soak)))
    wrong = [*soak.wrong, *soak.grown()]
    for name, row in soak.rows.items():
        if unexplained(row):
            wrong.append(f"{name}: {unexplained(row)} messages are not accounted for")
    print(f"\n{len(wrong)} discrepancies", *wrong, sep="\n")
    return 1 if wrong else 0


def _available() -> list[str]:
    found = []
    for tag in TAGS:
        try:
            load(tag)
        except ImportError:
            continue
        found.append(tag)
    return found


if __name__ == "__main__":
    sys.exit(main())
