"""Who receives from several peers, receives from all of them in turn (RFC 28, 30)."""

from __future__ import annotations

from typing import Any

import pytest
from library import Library
from patience import until

PEERS, EACH = 3, 20
SENDERS = {"PULL": "PUSH", "DEALER": "DEALER", "ROUTER": "DEALER"}


def _senders(zmq: Library, kind: str, endpoint: str) -> list[Any]:
    names = [b"%d" % number for number in range(PEERS)]
    kinds = getattr(zmq, SENDERS[kind])
    senders = [zmq.socket(kinds, routing_id=name) for name in names]
    for sender in senders:
        sender.connect(endpoint)
    return senders


@pytest.mark.parametrize("kind", SENDERS)
def test_one_message_of_each_peer(zmq: Library, kind: str) -> None:
    """Over inproc, where what was sent has arrived."""
    receiver = zmq.socket(getattr(zmq, kind))
    senders = _senders(zmq, kind, zmq.bind(receiver, "inproc"))
    for number, sender in enumerate(senders):
        sender.send(b"%d" % number)
        assert receiver.recv_multipart()[-1] == b"%d" % number
    for number, sender in enumerate(senders):
        for _ in range(EACH):
            sender.send_multipart([b"part", b"%d" % number])
    for _ in range(EACH):
        found = [receiver.recv_multipart()[-1] for _ in range(PEERS)]
        assert sorted(found) == [b"0", b"1", b"2"]


@pytest.mark.parametrize("kind", SENDERS)
def test_everything_of_every_peer(zmq: Library, network: str, kind: str) -> None:
    receiver = zmq.socket(getattr(zmq, kind))
    senders = _senders(zmq, kind, zmq.bind(receiver, network))
    for number, sender in enumerate(senders):
        for turn in range(EACH):
            sender.send_multipart([b"%d" % number, b"%d" % turn])
    found = [receiver.recv_multipart()[-2:] for _ in range(PEERS * EACH)]
    for number in range(PEERS):
        mine = [turn for name, turn in found if name == b"%d" % number]
        assert mine == [b"%d" % turn for turn in range(EACH)]


def test_a_rep_answers_its_peers_in_turn(zmq: Library) -> None:
    """Each has asked before the first is answered."""
    rep = zmq.socket(zmq.REP)
    endpoint = zmq.bind(rep, "inproc")
    dealers = [zmq.socket(zmq.DEALER) for _ in range(PEERS)]
    for number, dealer in enumerate(dealers):
        dealer.connect(endpoint)
        for _ in range(EACH):
            dealer.send_multipart([b"", b"%d" % number])
    until(lambda: rep.poll(0))
    for _ in range(EACH):
        found = []
        for _ in range(PEERS):
            found.append(rep.recv())
            rep.send(found[-1])
        assert sorted(found) == [b"0", b"1", b"2"]
    for number, dealer in enumerate(dealers):
        assert dealer.recv_multipart() == [b"", b"%d" % number]
