"""The ways in which a socket can be closed with messages to send, and choices of them
in which every two, or three, values of different dimensions meet."""

from __future__ import annotations

import itertools
import random
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Sequence

KIB, MIB, GIB = 2**10, 2**20, 2**30


class Cell(NamedTuple):
    """One way."""

    transport: str
    size: int  # bytes of the large frame
    shape: str  # where it is, or how many messages
    binder: str
    end: str  # of the sender
    linger: int  # ms
    reader: str
    buffers: str  # SNDBUF of the sender and RCVBUF of the reader
    mark: int  # RCVHWM
    peer: str  # whose the reader is

    def __str__(self) -> str:
        words = list(self)
        words[1], words[5] = size_text(self.size), f"linger {self.linger}"
        words[8] = f"mark {self.mark}"
        return ", ".join(map(str, words))


SHAPES = ("one", "many", "large first", "large middle", "large last")
READERS = ("fast", "slow", "stalled", "gone", "never")
DIMENSIONS: Mapping[str, Sequence[Any]] = {
    "transport": ("tcp", "ipc", "inproc"),
    "size": (1, 64 * KIB, 4 * MIB),
    "shape": SHAPES,
    "binder": ("sender", "reader"),
    "end": ("close+term", "close", "with", "exit"),
    "linger": (-1, 0, 200, 5000),
    "reader": READERS,
    "buffers": ("default", "small"),
    "mark": (1, 10, 1000),
    "peer": ("pymq", "libzmq"),
}
LARGE: Mapping[str, Sequence[Any]] = {
    **DIMENSIONS,
    "transport": ("tcp", "ipc"),
    "size": (64 * MIB,),
    "linger": (-1, 60_000),
    "reader": ("fast", "slow", "stalled"),
    "buffers": ("default",),
}
_BUSY = "many", "reader", "close+term", -1
#: What libzmq is known to lose: its own last batch when the kernel is full, and what
#: the kernel holds when ipc hangs up on a reader that RCVHWM pauses.  Last: as large as
#: frames may get.
KNOWN = [
    Cell("tcp", 512, "many", "sender", "close+term", -1, "slow", "small", 1000, "pymq"),
    Cell("tcp", 512, *_BUSY, "slow", "small", 1000, "libzmq"),
    Cell("ipc", 512, *_BUSY, "stalled", "default", 1, "libzmq"),
    Cell("ipc", 64 * KIB, *_BUSY, "stalled", "default", 10, "libzmq"),
    Cell("ipc", 512, "many", "sender", "exit", -1, "slow", "default", 10, "libzmq"),
    Cell("ipc", 512, "many", "sender", "with", -1, "stalled", "default", 10, "libzmq"),
    Cell("ipc", 512, *_BUSY, "stalled", "default", 10, "pymq"),
]
HUGE = [
    Cell("tcp", GIB, "one", "sender", "close+term", -1, "slow", "default", 1, "pymq"),
    Cell("ipc", GIB, "one", "reader", "exit", -1, "fast", "default", 1, "libzmq"),
]


#: Messages of "many", by size; else 4.
COUNTS = {1: 300, 512: 400, 64 * KIB: 30}


def messages(cell: Cell) -> list[list[bytes]]:
    """What is sent."""
    if cell.shape == "one":
        return [[_body(7, cell.size)]]
    if cell.shape == "many":
        return [[_body(n, cell.size)] for n in range(COUNTS.get(cell.size, 4))]
    place = ("large first", "large middle", "large last").index(cell.shape)
    made = []
    for number in range(4):
        parts = [b"%d" % number, b""]
        parts.insert(place, _body(number, cell.size))
        made.append(parts)
    return made


def _body(number: int, size: int) -> bytes:
    """Bytes that tell which message they belong to, and where in it."""
    unit = bytes((number % 251,)) + b"%07d" % number
    return (unit * (size // len(unit) + 1))[:size]


def size_text(size: int) -> str:
    """In the largest unit."""
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size >= unit:
            return f"{size // unit} {name}"
    return f"{size} B"


def possible(cell: Cell) -> bool:
    """Whether there is such a thing.

    Without a peer, a socket that has bound can send nothing.  Two sockets of an inproc
    connection are in one context and one process, and no kernel is between them.
    """
    if cell.reader == "never" and cell.binder == "sender":
        return False
    if cell.transport != "inproc":
        return True
    return (
        cell.end in ("close", "with")
        and cell.peer == "pymq"
        and cell.buffers == "default"
        and cell.reader not in ("gone", "never")
    )


def is_slow(cell: Cell) -> bool:
    """Whether it takes seconds, because LINGER does."""
    return cell.linger >= 5000 and cell.reader in ("stalled", "gone", "never")


#: Values that meet in a cell, each with the number of its dimension.
Meeting = tuple[tuple[int, Any], ...]


def covering(
    dimensions: Mapping[str, Sequence[Any]],
    allowed: Callable[[Cell], bool] = possible,
    count: int = 2,
) -> list[Cell]:
    """Cells in which every `count` values meet that can; always the same ones."""
    chance = random.Random(5)
    missing = dict.fromkeys(_meetings(dimensions, count))
    cells = []
    while missing:
        wanted = next(iter(missing))
        found = [cell for cell in _tries(dimensions, wanted, chance) if allowed(cell)]
        if not found:
            del missing[wanted]  # they never meet
            continue
        best = max(found, key=lambda cell: sum(m in missing for m in met(cell, count)))
        cells.append(best)
        for meeting in met(best, count):
            missing.pop(meeting, None)
    return cells


def _meetings(dimensions: Mapping[str, Sequence[Any]], count: int) -> Iterator[Meeting]:
    numbered = list(enumerate(dimensions.values()))
    for some in itertools.combinations(numbered, count):
        for values in itertools.product(*(choices for _, choices in some)):
            yield tuple(zip((number for number, _ in some), values))


def met(cell: Cell, count: int) -> Iterator[Meeting]:
    """Those of so many values in a cell."""
    return itertools.combinations(enumerate(cell), count)


def _tries(
    dimensions: Mapping[str, Sequence[Any]], wanted: Meeting, chance: random.Random
) -> Iterator[Cell]:
    for _ in range(300):
        values = [chance.choice(choices) for choices in dimensions.values()]
        for number, value in wanted:
            values[number] = value
        yield Cell(*values)


def everyday() -> list[Cell]:
    """What runs with all other tests."""
    return [*KNOWN, *covering(DIMENSIONS)]
