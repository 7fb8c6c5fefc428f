"""Prints the tables of docs/lifecycle.md about the receiving twin.

    PYTHONPATH=. python tests/support/twin_table.py

How many messages are lost when their sender has gone while RCVHWM paused the reader's
input.  Each is tried three times, and the worst is shown.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any, Callable, Iterator

from implementations import TAGS, load
from library import Library
from marriage import marry
from patience import Background
from rawpeer import connect, message

TIMES = 3
QUIET = 500  # ms without a message after which no more is expected
LATE = 1.0  # seconds until a reader begins, unless it is waited for
PLAIN = [(scheme, mark) for scheme in ("tcp", "ipc") for mark in (1, 10, 100)]
PAUSED = ((1, 100), (10, 300), (100, 1000))  # RCVHWM, messages


def _body(number: int) -> bytes:
    return b"%08d" % number + bytes(100)


@contextlib.contextmanager
def _library(tag: str) -> Iterator[Library]:
    with contextlib.closing(Library(load(tag))) as found:
        yield found


def _lost(zmq: Library, pull: Any, count: int) -> int:
    """How many of so many do not come.  Those that do are the first, and in order."""
    pull.set(zmq.RCVTIMEO, QUIET)
    for number in range(count):
        try:
            assert pull.recv() == _body(number)
        except zmq.Again:
            return count - number
    return 0


def of_a_plain_socket(tag: str, transport: str, mark: int) -> int:
    """It sends 300 and closes."""
    with _library(tag) as zmq:
        pull = zmq.socket(zmq.PULL, rcvhwm=mark)
        with connect(zmq.bind(pull, transport)) as peer:
            peer.handshake(b"PUSH")
            peer.send(b"".join(message(_body(number)) for number in range(300)))
        return _lost(zmq, pull, 300)


def to_libzmq(tag: str, mark: int, count: int, linger: int = -1) -> tuple[int, float]:
    """It reads over ipc, a second later or once the sender has ended; and the seconds
    that close and term of the sender took."""
    with _library(tag) as zmq, _library("pyzmq") as peer:
        context = zmq.context()
        push = zmq.socket(zmq.PUSH, context=context, linger=linger, sndhwm=0)
        pull = peer.socket(peer.PULL, rcvhwm=mark)
        marry(peer, pull, push, "ipc")
        for number in range(count):
            push.send(_body(number))
        began, ended = time.monotonic(), []

        def end() -> None:
            push.close()
            context.term()
            ended.append(time.monotonic() - began)

        ending = Background(end)
        ending.give(LATE)
        if linger >= 0:
            ending.result()
        lost = _lost(peer, pull, count)
        ending.result()
        return lost, ended[0]


def _worst(lost: Callable[[], int]) -> str:
    worst = max(lost() for _ in range(TIMES))
    return f"**{worst}**" if worst else "0"


def _row(head: str, lost: Callable[[str], int], tags: tuple[str, ...] = TAGS) -> None:
    cells = " | ".join(_worst(lambda: lost(tag)) for tag in tags)  # noqa: B023
    print(f"| {head} | {cells} |", flush=True)


def main() -> None:
    """Print them."""
    print("| transport, RCVHWM | " + " | ".join(TAGS) + " |")
    print("| --- |" + " --- |" * len(TAGS))
    for transport, mark in PLAIN:
        _row(
            f"{transport}, {mark}",
            lambda tag: of_a_plain_socket(tag, transport, mark),  # noqa: B023
        )
    tags = ("pyzmq", "native", "pure")
    print("\n| RCVHWM, messages | " + " | ".join(f"{tag} sends" for tag in tags) + " |")
    print("| --- |" + " --- |" * len(tags))
    for mark, count in PAUSED:
        _row(
            f"{mark}, {count:,}",
            lambda tag: to_libzmq(tag, mark, count)[0],  # noqa: B023
            tags,
        )
    print()
    for tag in tags:
        lost, seconds = to_libzmq(tag, 10, 300, linger=200)
        print(f"LINGER=200, {tag}: ended after {seconds:.2f} s, {lost} of 300 lost")


if __name__ == "__main__":
    main()
