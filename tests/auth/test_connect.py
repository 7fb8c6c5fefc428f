"""``connect(timeout=...)``: who is refused hears of it, and leaves the server alone."""

from __future__ import annotations

import errno
import socket
import threading
import time
from typing import Any

import pytest
from authlib import Keys, needs_curve
from library import TIMEOUT, Library
from patience import Background
from watching import Watch, names

import pymq
from pymq.auth import Applicant

pytestmark = pytest.mark.only("pymq")

REFUSALS = [(False, 400), (7, 500)]
IDS = ["no", "fault"]


def refuses(answer: Any) -> Any:
    """An `auth` that never says yes."""
    return lambda peer: answer


def gone(zmq: Library, sock: Any) -> None:
    """The socket has no endpoint, and can be used with another."""
    with zmq.refused(zmq.EAGAIN):
        sock.send(b"x", zmq.DONTWAIT)


@pytest.mark.core
@pytest.mark.parametrize(("answer", "status"), REFUSALS, ids=IDS)
def test_refused(zmq: Library, network: str, answer: Any, status: int) -> None:
    server = zmq.socket(zmq.PULL, plain_server=1)
    server.bind(zmq.address(network), auth=refuses(answer))
    endpoint = zmq.last_endpoint(server)
    client = zmq.socket(zmq.PUSH, plain_username=b"joe", plain_password=b"pw")
    with pytest.raises(pymq.AuthenticationError) as caught:
        client.connect(endpoint, timeout=TIMEOUT)
    error = caught.value
    assert (error.status, error.code, error.errno) == (status, 0, errno.EACCES)
    assert endpoint in str(error)
    gone(zmq, client)
    with zmq.refused(errno.ENOENT):
        client.disconnect(endpoint)


@pytest.mark.core
def test_admitted(zmq: Library, transport: str) -> None:
    """Who comes back from it has a peer."""
    server = zmq.socket(zmq.ROUTER, router_mandatory=1)
    endpoint = zmq.bind(server, transport)
    client = zmq.socket(zmq.DEALER, routing_id=b"me")
    with client.connect(endpoint, timeout=TIMEOUT):
        client.send(b"hello", zmq.DONTWAIT)
        assert server.recv_multipart() == [b"me", b"hello"]
    gone(zmq, client)


@pytest.mark.core
def test_nobody_is_there(zmq: Library, transport: str) -> None:
    endpoint = zmq.reserved(transport)
    client = zmq.socket(zmq.DEALER)
    with zmq.refused(zmq.EAGAIN):
        client.connect(endpoint, timeout=10)
    gone(zmq, client)
    with zmq.refused(zmq.EAGAIN):
        client.connect(endpoint, timeout=0)
    server = zmq.socket(zmq.DEALER)
    server.bind(endpoint)
    client.connect(endpoint, timeout=TIMEOUT)
    client.send(b"hello", zmq.DONTWAIT)
    assert server.recv() == b"hello"


def test_who_comes_late(zmq: Library, transport: str) -> None:
    endpoint = zmq.reserved(transport)
    client = zmq.socket(zmq.DEALER, reconnect_ivl=1)
    waits = Background(lambda: client.connect(endpoint, timeout=-1))
    waits.give(0.02)
    assert waits.running
    zmq.socket(zmq.DEALER).bind(endpoint)
    waits.result()


@needs_curve
@pytest.mark.core
def test_the_wrong_key(zmq: Library) -> None:
    """The server can say nothing that its client would believe, and hangs up."""
    us, me = Keys(zmq), Keys(zmq)
    endpoint = zmq.bind(us.server(zmq, zmq.PULL), "tcp")
    client = me.client(zmq, zmq.PUSH, Keys(zmq).public)
    with pytest.raises(pymq.AuthenticationError) as caught:
        client.connect(endpoint, timeout=TIMEOUT)
    assert (caught.value.status, caught.value.code) == (0, 0)
    for key in (us.public, me.public, me.secret):
        assert key.decode() not in str(caught.value)
    client.curve_serverkey = us.public
    client.connect(endpoint, timeout=TIMEOUT)


@needs_curve
def test_another_mechanism(zmq: Library) -> None:
    us = Keys(zmq)
    endpoint = zmq.bind(us.server(zmq, zmq.PULL), "tcp")
    with pytest.raises(pymq.AuthenticationError) as caught:
        zmq.socket(zmq.PUSH).connect(endpoint, timeout=TIMEOUT)
    wanted = zmq.constants.Event.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH
    assert caught.value.code == wanted


def test_a_socket_that_does_not_fit(zmq: Library) -> None:
    endpoint = zmq.bind(zmq.socket(zmq.REP), "tcp")
    with pytest.raises(pymq.HandshakeError) as caught:
        zmq.socket(zmq.PUSH).connect(endpoint, timeout=TIMEOUT)
    assert not isinstance(caught.value, pymq.AuthenticationError)
    assert caught.value.errno == errno.EPROTO
    assert caught.value.code


def test_who_hangs_up_without_security(zmq: Library) -> None:
    """It may be one that restarts: it is tried again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        endpoint = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        client = zmq.socket(zmq.PUSH, reconnect_ivl=1)
        waits = Background(lambda: client.connect(endpoint, timeout=TIMEOUT))
        for _ in range(3):
            listener.accept()[0].close()
        assert waits.running
        client.close()
        with zmq.refused(errno.ENOTSOCK):
            waits.result()


@pytest.mark.parametrize("ends", ["socket", "context"])
def test_the_end_while_it_waits(zmq: Library, ends: str) -> None:
    context = zmq.context()
    client = zmq.socket(zmq.PUSH, context, linger=0)
    endpoint = zmq.reserved("tcp")
    waits = Background(lambda: client.connect(endpoint, timeout=-1))
    waits.give(0.02)
    code = errno.ENOTSOCK if ends == "socket" else zmq.ETERM
    term = Background(client.close if ends == "socket" else context.term)
    with zmq.refused(code):
        waits.result()
    client.close()
    term.result()


def test_others_are_left_alone(zmq: Library) -> None:
    """What ends is the endpoint that nobody was found at."""
    server = zmq.socket(zmq.PULL)
    client = zmq.socket(zmq.PUSH)
    client.connect(zmq.bind(server, "tcp"), timeout=TIMEOUT)
    with zmq.refused(zmq.EAGAIN):
        client.connect(zmq.reserved("tcp"), timeout=1)
    for n in range(4):
        client.send(b"%d" % n)
        assert server.recv() == b"%d" % n


def test_connected_already(zmq: Library) -> None:
    """A SUB connects to an endpoint once."""
    server, client = zmq.socket(zmq.PUB), zmq.socket(zmq.SUB)
    endpoint = zmq.bind(server, "tcp")
    client.connect(endpoint, timeout=TIMEOUT)
    client.connect(endpoint, timeout=TIMEOUT)
    client.disconnect(endpoint)


@pytest.mark.core
def test_what_was_connected_before_stays(zmq: Library, transport: str) -> None:
    """Who connects to it again and runs out of patience takes back his own attempt."""
    endpoint = zmq.reserved(transport)
    client = zmq.socket(zmq.DEALER, reconnect_ivl=1)
    client.connect(endpoint)
    client.send(b"early")
    waits = Background(lambda: client.connect(endpoint, timeout=TIMEOUT))
    with zmq.refused(zmq.EAGAIN):
        client.connect(endpoint, timeout=1)
    server = zmq.socket(zmq.DEALER)
    server.bind(endpoint)
    assert server.recv() == b"early"
    waits.result()
    client.disconnect(endpoint)
    gone(zmq, client)


def test_a_refused_peer_does_not_come_again(zmq: Library) -> None:
    """Without a timeout, too: it is told, and gives up."""
    asked: list[Applicant] = []

    def judge(peer: Applicant) -> bool:
        asked.append(peer)
        return False

    server = zmq.socket(zmq.PULL, plain_server=1)
    server.bind("tcp://127.0.0.1:*", auth=judge)
    client = zmq.socket(
        zmq.PUSH, plain_username=b"joe", plain_password=b"pw", reconnect_ivl=1
    )
    watch = Watch(zmq, client)
    client.connect(zmq.last_endpoint(server))
    assert watch.until("HANDSHAKE_FAILED_AUTH")[-1].value == 400
    watch.until("DISCONNECTED")
    client.close()
    assert names(watch.to_the_end()) == ["MONITOR_STOPPED"]
    assert len(asked) == 1


@needs_curve
def test_a_wrong_key_is_shown_less_and_less_often(zmq: Library) -> None:
    us = Keys(zmq)
    endpoint = zmq.bind(us.server(zmq, zmq.PULL), "tcp")
    client = Keys(zmq).client(zmq, zmq.PUSH, Keys(zmq).public, reconnect_ivl=1)
    watch = Watch(zmq, client, zmq.EVENT_CONNECT_RETRIED)
    client.connect(endpoint)
    waits = [watch.next().value for _ in range(7)]
    assert all(wait >= 2**n for n, wait in enumerate(waits[:6]))
    assert 32 <= waits[6] <= 64


def test_many_who_wait(zmq: Library) -> None:
    """Each hears of its own peer."""
    doors = [zmq.socket(zmq.PULL, plain_server=1) for _ in range(6)]
    gate = threading.Barrier(len(doors))

    def judge(peer: Applicant) -> bool:
        gate.wait(20)
        return bool(peer.username == "yes")

    def come(n: int, endpoint: str) -> bool:
        user = b"no" if n % 2 else b"yes"
        client = zmq.socket(zmq.PUSH, plain_username=user, plain_password=b"pw")
        try:
            client.connect(endpoint, timeout=TIMEOUT)
        except pymq.AuthenticationError:
            return False
        return True

    works = []
    for n, door in enumerate(doors):
        door.bind("tcp://127.0.0.1:*", auth=judge)
        where = zmq.last_endpoint(door)
        works.append(Background(lambda n=n, where=where: come(n, where)))  # type: ignore[misc]
    assert [work.result() for work in works] == [True, False] * 3


def test_time_is_kept(zmq: Library) -> None:
    client = zmq.socket(zmq.PUSH)
    began = time.monotonic()
    with zmq.refused(zmq.EAGAIN):
        client.connect(zmq.reserved("tcp"), timeout=60)
    assert time.monotonic() - began >= 0.06
