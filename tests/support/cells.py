"""The ways in which a socket can be closed with messages to send, and a choice of them
in which every two values of different dimensions meet."""

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


def covering(
    dimensions: Mapping[str, Sequence[Any]],
    allowed: Callable[[Cell], bool] = possible,
) -> list[Cell]:
    """Cells in which every two values meet that can; always the same ones."""
    chance = random.Random(5)
    missing = {
        pair: None
        for one, other in itertools.combinations(range(len(dimensions)), 2)
        for pair in _meetings(dimensions, one, other)
    }
    cells = []
    while missing:
        wanted = next(iter(missing))
        found = [cell for cell in _tries(dimensions, wanted, chance) if allowed(cell)]
        if not found:
            del missing[wanted]  # the two never meet
            continue
        best = max(found, key=lambda cell: sum(p in missing for p in _pairs(cell)))
        cells.append(best)
        for pair in _pairs(best):
            missing.pop(pair, None)
    return cells


def _meetings(
    dimensions: Mapping[str, Sequence[Any]], one: int, other: int
) -> Iterator[tuple[int, Any, int, Any]]:
    values = list(dimensions.values())
    for first, second in itertools.product(values[one], values[other]):
        yield one, first, other, second


def _pairs(cell: Cell) -> Iterator[tuple[int, Any, int, Any]]:
    for (one, first), (other, second) in itertools.combinations(enumerate(cell), 2):
        yield one, first, other, second


def _tries(
    dimensions: Mapping[str, Sequence[Any]],
    wanted: tuple[int, Any, int, Any],
    chance: random.Random,
) -> Iterator[Cell]:
    one, first, other, second = wanted
    for _ in range(300):
        values = [chance.choice(choices) for choices in dimensions.values()]
        values[one], values[other] = first, second
        yield Cell(*values)


def everyday() -> list[Cell]:
    """What runs with all other tests."""
    return [*KNOWN, *covering(DIMENSIONS)]
