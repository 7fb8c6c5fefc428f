"""STREAM has no messages to keep whole: octets come in order, once, without a gap, and
each connection's beginning and end are told."""

from __future__ import annotations

import random

import pytest
from faultplans import ENDS, HINDRANCES, Fault
from faultproxy import FaultProxy
from library import Library
from rawpeer import connect

DATA = random.Random(3).randbytes(30_000)


@pytest.mark.parametrize("kind", [*HINDRANCES, *ENDS])
def test_octets_to_a_stream(zmq: Library, kind: str) -> None:
    stream = zmq.socket(zmq.STREAM)
    plan = [Fault(kind, 7_000, 300 if kind != "stall" else 20)]
    with FaultProxy(zmq.bind(stream, "tcp"), [plan]) as proxy:
        with connect(proxy.endpoint) as peer:
            name, begun = stream.recv_multipart()
            assert begun == b""
            peer.send(DATA)
            whole = 7_000 if kind in ENDS else len(DATA)
            data = b""
            while len(data) < whole:
                sender, piece = stream.recv_multipart()
                assert sender == name
                data += piece
            assert data == DATA[:whole]
        assert stream.recv_multipart() == [name, b""]


@pytest.mark.parametrize("kind", [*HINDRANCES, *ENDS])
def test_octets_from_a_stream(zmq: Library, kind: str) -> None:
    stream = zmq.socket(zmq.STREAM)
    plan = [Fault(kind, 7_000, 300 if kind != "stall" else 20, back=True)]
    proxy = FaultProxy(zmq.bind(stream, "tcp"), [plan])
    with proxy, connect(proxy.endpoint) as peer:
        name, _ = stream.recv_multipart()
        stream.send_multipart([name, DATA])
        if kind not in ENDS:
            assert peer.recv(len(DATA)) == DATA
            return
        assert DATA.startswith(peer.rest())
        assert stream.recv_multipart() == [name, b""]
