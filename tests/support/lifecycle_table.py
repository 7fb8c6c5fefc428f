"""Prints the table of docs/lifecycle.md: every cell on every implementation.

    python tests/support/lifecycle_table.py [native,pure,pyzmq]

pyzmq runs each cell three times, since it mostly loses a race; the worst is shown.
"""

from __future__ import annotations

import contextlib
import sys

from cells import Cell, everyday
from ending import Ending
from implementations import TAGS, load
from library import Library

TIMES = {"pyzmq": 3}


def outcome(tag: str, cell: Cell) -> str:
    """What came of a cell: nothing wrong, or what."""
    found = ""
    for _ in range(TIMES.get(tag, 1)):
        found = found or _once(tag, cell)
    return f"**{found}**" if found else "ok"


def _once(tag: str, cell: Cell) -> str:
    reader = "pyzmq" if cell.peer == "libzmq" else tag
    if tag == "pyzmq" and cell.peer == "pymq" and cell.transport != "inproc":
        reader = "native"
    with contextlib.ExitStack() as stack:
        zmq = stack.enter_context(contextlib.closing(Library(load(tag))))
        peer = zmq
        if reader != tag:
            peer = stack.enter_context(contextlib.closing(Library(load(reader))))
        try:
            return Ending(zmq, peer, cell).run().fault(cell)
        except AssertionError as error:
            return str(error).splitlines()[0]


def main() -> None:
    """Print it."""
    tags = sys.argv[1].split(",") if len(sys.argv) > 1 else TAGS
    print("| sender's end | " + " | ".join(tags) + " |")
    print("| --- |" + " --- |" * len(tags))
    for cell in everyday():
        results = " | ".join(outcome(tag, cell) for tag in tags)
        print(f"| {cell} | {results} |", flush=True)


if __name__ == "__main__":
    main()
