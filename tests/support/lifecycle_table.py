"""Prints the table of docs/lifecycle.md: every cell on every implementation.

    PYTHONPATH=. python tests/support/lifecycle_table.py [native,pure,pyzmq]

pyzmq runs each cell three times, since it mostly loses a race; a fault is shown.  Each
cell has a process of its own, since libzmq ends some of them.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys

from cells import Cell, everyday
from ending import Ending
from implementations import TAGS, load
from library import Library

TIMES = {"pyzmq": 3}


def outcome(tag: str, number: int) -> str:
    """What came of a cell: nothing wrong, or what."""
    found = ""
    for _ in range(TIMES.get(tag, 1)):
        found = found or _apart(tag, number)
    return f"**{found}**" if found else "ok"


def _apart(tag: str, number: int) -> str:
    command = [sys.executable, __file__, tag, str(number)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode == 0:
        return ended.stdout.strip()
    said = ended.stderr.strip().splitlines() or [f"ends with {ended.returncode}"]
    return f"aborts: {said[0]}" if ended.returncode < 0 else said[-1]


def run(tag: str, cell: Cell) -> str:
    """One cell: what is wrong with it, or nothing."""
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
            return f"aborts: {str(error).splitlines()[0]}"


def main() -> None:
    """Print it, or what is wrong with one cell."""
    if len(sys.argv) > 2:
        print(run(sys.argv[1], everyday()[int(sys.argv[2])]))
        return
    tags = sys.argv[1].split(",") if len(sys.argv) > 1 else TAGS
    print("| sender's end | " + " | ".join(tags) + " |")
    print("| --- |" + " --- |" * len(tags))
    for number, cell in enumerate(everyday()):
        results = " | ".join(outcome(tag, number) for tag in tags)
        print(f"| {cell} | {results} |", flush=True)


if __name__ == "__main__":
    main()
