"""Asyncio sockets of each implementation, in each kind of event loop."""

from __future__ import annotations

import pytest
from eventloops import KINDS, Sockets
from library import Library


@pytest.fixture(params=KINDS)
def aio(zmq: Library, request: pytest.FixtureRequest) -> Sockets:
    """The asyncio sockets under test."""
    if request.param != "asyncio":
        pytest.importorskip(request.param, reason="uvloop is not installed")
    return Sockets(zmq, request.param)
