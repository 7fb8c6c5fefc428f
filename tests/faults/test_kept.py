"""What the kernel had not taken when a connection broke goes over the next one."""

from __future__ import annotations

import pytest
from faultplans import Fault
from faultproxy import FaultProxy
from lanes import BUFFER, KERNEL
from letters import frame
from library import Library

COUNT, SIZE = 400, 1000
BATCH = 8192  # bytes that libzmq encodes ahead, and loses


@pytest.mark.parametrize("end", ["cut", "reset"])
@pytest.mark.parametrize(
    "kinds", [("PUSH", "PULL"), ("DEALER", "ROUTER"), ("PAIR", "PAIR")], ids="-".join
)
def test_what_waits_goes_over_the_next_connection(
    zmq: Library, kinds: tuple[str, str], end: str
) -> None:
    """After an orderly end it is known what the kernel had, to the message."""
    sender = zmq.socket(
        getattr(zmq, kinds[0]), sndbuf=BUFFER, sndhwm=0, reconnect_ivl=50
    )
    receiver = zmq.socket(getattr(zmq, kinds[1]), rcvhwm=0)
    plan = [Fault("stall", 5_000), Fault(end, 9_000)]
    with FaultProxy(zmq.bind(receiver, "tcp"), [plan], BUFFER) as proxy:
        sender.connect(proxy.endpoint)
        for number in range(COUNT):
            sender.send(frame(b"one", number, 0, 1, SIZE))
        proxy.release()
        numbers: list[int] = []
        while not numbers or numbers[-1] != COUNT - 1:
            parts = receiver.recv_multipart()
            numbers.append(int.from_bytes(parts[-1][4:8], "big"))
        first, second = (passage.way(False) for passage in proxy.passages)
        assert sorted(numbers) == first.left + second.entered
        assert second.entered == list(range(second.entered[0], COUNT))
        lost = second.entered[0] - len(first.entered) - first.torn
        room = (BATCH if zmq.tag == "pyzmq" else 0) + KERNEL * (end == "reset")
        assert 0 <= lost <= room // SIZE + (room > 0)
