"""Options that are on or off, of some socket types, and can only be set."""

from __future__ import annotations

import errno

import pytest
from library import Library

ROUTERS = ("ROUTER", "REP"), ("DEALER", "REQ", "XPUB")
PUBLISHERS = ("XPUB", "PUB"), ("XSUB", "SUB", "PUSH")
#: Which types take an option, and some that do not.
FLAGS = {
    "ROUTER_MANDATORY": ROUTERS,
    "ROUTER_HANDOVER": ROUTERS,
    "XPUB_VERBOSE": PUBLISHERS,
    "XPUB_VERBOSER": PUBLISHERS,
    "XPUB_MANUAL": PUBLISHERS,
    "XPUB_NODROP": PUBLISHERS,
}


@pytest.mark.parametrize("name", FLAGS)
def test_flags(zmq: Library, name: str) -> None:
    option, (takers, others) = getattr(zmq, name), FLAGS[name]
    for kind in takers:
        sock = zmq.socket(getattr(zmq, kind))
        for value in (0, 1, 2):
            sock.set(option, value)
        with zmq.refused(errno.EINVAL):
            sock.set(option, -1)
        with zmq.refused(errno.EINVAL):
            sock.get(option)
    for kind in others:
        with zmq.refused(errno.EINVAL):
            zmq.socket(getattr(zmq, kind)).set(option, 1)
