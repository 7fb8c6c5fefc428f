"""Two peers with one routing id: who has it, and what becomes of the other."""

from __future__ import annotations

import errno
import socket

import pytest
from library import Library
from patience import until
from rawpeer import RawListener, RawPeer, connect, message

from pymq.session import rivals
from pymq.session.rivals import Rivals


def _named(endpoint: str) -> RawPeer:
    peer = connect(endpoint)
    peer.handshake(b"DEALER", b"name")
    return peer


@pytest.mark.fails_on("pyzmq", reason="leaves the second peer connected, and mute")
def test_a_second_holder_is_told_to_go(zmq: Library) -> None:
    """It may come again, and have the name when the first has left."""
    router = zmq.socket(zmq.ROUTER)
    endpoint = zmq.bind(router, "tcp")
    with _named(endpoint) as holder:
        holder.send(message(b"first"))
        assert router.recv_multipart() == [b"name", b"first"]
        second = zmq.socket(zmq.DEALER, routing_id=b"name", reconnect_ivl=10)
        second.connect(endpoint)
        second.send(b"lost")
        assert not router.poll(100)
    until(lambda: second.send(b"second") or router.poll(10))
    assert router.recv_multipart() == [b"name", b"second"]
    router.send_multipart([b"name", b"welcome"])
    assert second.recv() == b"welcome"


@pytest.mark.fails_on("pyzmq", reason="leaves who was displaced connected, and mute")
def test_who_is_displaced_is_told(zmq: Library) -> None:
    router = zmq.socket(zmq.ROUTER, router_handover=1)
    endpoint = zmq.bind(router, "tcp")
    with _named(endpoint) as old:
        old.send(message(b"old"))
        assert router.recv_multipart() == [b"name", b"old"]
        with _named(endpoint) as new:
            new.send(message(b"new"))
            assert router.recv_multipart() == [b"name", b"new"]
            assert old.rest() == b""


@pytest.mark.fails_on("pyzmq", reason="throws away what of the old peer is unread")
def test_nothing_that_arrived_is_lost(zmq: Library) -> None:
    """A connection that broke, as its peer knows and the ROUTER does not."""
    router = zmq.socket(zmq.ROUTER, router_handover=1)
    endpoint = zmq.bind(router, "tcp")
    with _named(endpoint) as old:
        for number in range(10):
            old.send(message(b"%d" % number))
        assert router.recv_multipart() == [b"name", b"0"]
        with _named(endpoint) as new:
            new.send(message(b"new"))
            _look(zmq, router)
            bodies = [router.recv_multipart()[1] for _ in range(10)]
            router.send_multipart([b"name", b"reply"])
            assert new.recv_message() == [b"reply"]
    assert sorted(bodies) == sorted([b"new", *(b"%d" % n for n in range(1, 10))])


def _look(zmq: Library, router: object) -> None:
    """Time for the hand-over, which libzmq does when the socket is looked at."""
    passing = zmq.socket(zmq.PULL)
    for _ in range(10):
        router.get(zmq.EVENTS)  # type: ignore[attr-defined]
        passing.poll(10)


@pytest.mark.only("pymq")  # libzmq's displaced peer never comes back
def test_two_that_are_alive_take_their_time(
    zmq: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newcomer is heard when its wait is over; until then the holder is."""
    monkeypatch.setattr(rivals, "FIRST_WAIT", 0.3)
    router = zmq.socket(zmq.ROUTER, router_handover=1)
    endpoint = zmq.bind(router, "tcp")
    holder = _named(endpoint)
    for _ in range(rivals.FREE):
        with holder:
            newcomer = _named(endpoint)
            assert holder.rest() == b""
        holder = newcomer
    with holder, _named(endpoint) as impatient:
        impatient.send(message(b"impatient"))
        holder.send(message(b"holder"))
        assert router.recv_multipart() == [b"name", b"holder"]
        assert router.recv_multipart() == [b"name", b"impatient"]
        assert holder.rest() == b""


@pytest.mark.only("pymq")
@pytest.mark.parametrize("end", ["close", "unbind", "leave", "let go"])
def test_what_may_happen_during_a_wait(
    zmq: Library, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(rivals, "FREE", 0)
    passes = {"leave": 1.0, "let go": 0.2}  # the wait of the others does not end
    monkeypatch.setattr(rivals, "FIRST_WAIT", passes.get(end, 60))
    router = zmq.socket(zmq.ROUTER, router_handover=1, router_mandatory=1)
    endpoint = zmq.bind(router, "tcp")
    with _named(endpoint) as holder, _named(endpoint) as newcomer:
        holder.send(message(b"holder"))
        assert router.recv_multipart() == [b"name", b"holder"]
        if end == "leave":
            newcomer.sock.close()
            with RawListener() as unrelated:  # nobody comes: it passes the time
                unrelated.sock.settimeout(1.5)
                with pytest.raises(socket.timeout):
                    unrelated.accept()
            router.send_multipart([b"name", b"still here?"])
            assert holder.recv_message() == [b"still here?"]
        elif end == "let go":
            router.set(zmq.ROUTER_HANDOVER, 0)
            holder.sock.close()
            newcomer.send(message(b"mine"))
            assert router.recv_multipart() == [b"name", b"mine"]
        else:
            _ = router.close(0) if end == "close" else router.unbind(endpoint)
            assert newcomer.rest() == b""


@pytest.mark.only("pymq")
def test_a_displaced_connecter_backs_off(zmq: Library) -> None:
    """Two sockets of one name settle into fewer and fewer hand-overs."""
    router = zmq.socket(zmq.ROUTER, router_handover=1)
    monitor = router.get_monitor_socket(zmq.EVENT_ACCEPTED)
    endpoint = zmq.bind(router, "tcp")
    for _ in range(2):
        zmq.socket(zmq.DEALER, routing_id=b"name", reconnect_ivl=10).connect(endpoint)
    passing = zmq.socket(zmq.PULL)
    assert not passing.poll(1500)
    accepted = 0
    while monitor.poll(0):
        monitor.recv_multipart()
        accepted += 1
    assert 2 < accepted < 50  # every 15 ms it would be 200


# The waits


def test_each_wait_is_longer_up_to_a_limit() -> None:
    now = 0.0
    names = Rivals(lambda: now)
    waits = []
    for pipe in range(20):
        names.have(pipe, b"name")
        waits.append(names.wait(b"name"))
        names.displaced(pipe)
        names.gone(pipe)
    assert waits[: rivals.FREE] == [0.0] * rivals.FREE
    assert waits[rivals.FREE : rivals.FREE + 3] == [0.1, 0.2, 0.4]
    assert waits[-1] == rivals.LONGEST_WAIT
    assert names.wait(b"name") == 0.0, "nobody has it"
    names.have(99, b"name")
    assert names.wait(b"name") == rivals.LONGEST_WAIT
    assert names.wait(b"another") == 0.0
    now = rivals.MEMORY + 1
    assert names.wait(b"name") == 0.0


def test_only_so_many_names_are_remembered() -> None:
    names = Rivals()
    for pipe in range(3 * rivals.NAMES):
        names.have(pipe, b"%d" % pipe)
        names.displaced(pipe)
    assert len(names._losses) <= rivals.NAMES


# Connections that a ROUTER makes


def test_a_peer_that_comes_back_as_somebody_else(zmq: Library) -> None:
    """The first name stays, over a reconnect by the ROUTER."""
    router = zmq.socket(zmq.ROUTER, router_mandatory=1, reconnect_ivl=10)
    with RawListener() as listener:
        router.connect(listener.endpoint)
        with listener.accept() as peer:
            peer.handshake(b"DEALER", b"first")
            peer.send(message(b"x"))
            assert router.recv_multipart() == [b"first", b"x"]
        with listener.accept() as peer:
            peer.handshake(b"DEALER", b"second")
            peer.send(message(b"y"))
            assert router.recv_multipart() == [b"first", b"y"]
            until(lambda: _sent(zmq, router, b"first"))
            assert peer.recv_message() == [b"for it"]
            assert not _sent(zmq, router, b"second")


def _sent(zmq: Library, router: object, name: bytes) -> bool:
    try:
        router.send_multipart([name, b"for it"])  # type: ignore[attr-defined]
    except zmq.ZMQError as error:
        assert error.errno == errno.EHOSTUNREACH
        return False
    return True
