"""What two sockets say to each other, whatever their types."""

from __future__ import annotations

from typing import Any

#: Types of which the first sends, and the second receives, and answers if it can.
PAIRS = [("PUSH", "PULL"), ("REQ", "REP"), ("PAIR", "PAIR"), ("DEALER", "ROUTER")]
SENDERS = [sender for sender, _ in PAIRS]


def converse(sender: Any, receiver: Any, kind: str) -> None:
    """Messages one after the other, to a receiver of that type."""
    for n in range(20):
        sender.send(b"%d" % n)
        received = receiver.recv_multipart()
        assert received[-1] == b"%d" % n
        if kind in ("REP", "ROUTER"):
            receiver.send_multipart([*received[:-1], b"back"])
            assert sender.recv() == b"back"
