"""A proxy in another thread, and its end."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Iterator

import pytest
from library import Library
from patience import Background


@contextlib.contextmanager
def in_background(zmq: Library, call: Callable[[], Any]) -> Iterator[Background[Any]]:
    """Run a proxy of the main context's sockets meanwhile.

    No other thread may touch libzmq's sockets, so it ends with its context.
    """
    running = Background(call)
    try:
        yield running
    finally:
        ending = Background(zmq.main.term)
        if running.running:
            with pytest.raises(zmq.ContextTerminated):
                running.result()
        for sock in zmq._sockets:
            sock.close(linger=0)
        ending.result()
