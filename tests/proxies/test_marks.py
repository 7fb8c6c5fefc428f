"""A proxy between marks: who is slow holds back who sends."""

from __future__ import annotations

import contextlib

from library import Library
from proxying import in_background

MARK = 10
OPTIONS = {"sndhwm": MARK, "rcvhwm": MARK}


def test_a_publisher_that_drops_nothing(zmq: Library) -> None:
    """It goes on until all marks on the way are reached, two at each connection, and
    everything that it could send arrives."""
    pub = zmq.socket(zmq.XPUB, xpub_nodrop=1, **OPTIONS)
    backend = zmq.socket(zmq.XPUB, xpub_nodrop=1, **OPTIONS)
    frontend = zmq.socket(zmq.XSUB, **OPTIONS)
    sub = zmq.socket(zmq.SUB, subscribe=b"", **OPTIONS)
    frontend.connect(zmq.bind(pub, "inproc"))
    sub.connect(zmq.bind(backend, "inproc"))
    with in_background(zmq, lambda: zmq.proxy(frontend, backend)):
        assert pub.recv() == b"\1"
        sent = refused = 0
        while sent <= 2 * MARK or refused < 100:
            refused += 1
            with contextlib.suppress(zmq.Again):
                pub.send(b"%d" % sent, zmq.DONTWAIT)
                sent += 1
                refused = 0
            pub.poll(1, zmq.POLLIN)
        assert sent <= 4 * MARK + 1  # and one that the proxy has in hand
        for number in range(sent):
            assert sub.recv() == b"%d" % number
        pub.send(b"again")
        assert sub.recv() == b"again"
