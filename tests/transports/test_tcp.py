"""tcp: interfaces, ports, names, and peers that go and come back."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest
from library import Library
from loopback import ipv6
from marriage import marry, settle
from patience import until
from rawpeer import RawListener


def _carries(zmq: Library, bind: str, connect: str, **options: int) -> str:
    """Bind and connect; returns LAST_ENDPOINT of the bound side."""
    pull, push = zmq.socket(zmq.PULL, **options), zmq.socket(zmq.PUSH, **options)
    pull.bind(bind)
    bound = zmq.last_endpoint(pull)
    push.connect(connect.replace("PORT", bound.rpartition(":")[2]))
    settle(push, pull)
    return bound


@pytest.mark.core
@pytest.mark.parametrize(
    ("bind", "host"),
    [
        ("tcp://127.0.0.1:*", "127.0.0.1"),
        ("tcp://127.0.0.1:0", "127.0.0.1"),
        ("tcp://localhost:*", "127.0.0.1"),
        ("tcp://lo:*", "127.0.0.1"),
        ("tcp://*:*", "0.0.0.0"),
        ("tcp://*:0", "0.0.0.0"),
        ("tcp://0.0.0.0:*", "0.0.0.0"),
        ("tcp://[*]:*", "0.0.0.0"),
        ("tcp://[127.0.0.1]:*", "127.0.0.1"),
        ("tcp://127.1:*", "127.0.0.1"),
        ("tcp://127.0.0.1%lo:*", "127.0.0.1"),
        ("tcp://127.0.0.1:1;127.0.0.1:*", "127.0.0.1"),
        ("tcp://::ffff:127.0.0.1:*", "127.0.0.1"),
    ],
)
def test_last_endpoint_is_numeric(zmq: Library, bind: str, host: str) -> None:
    bound = _carries(zmq, bind, "tcp://127.0.0.1:PORT")
    assert bound.startswith(f"tcp://{host}:")
    assert 0 < int(bound.rpartition(":")[2]) < 65536


def test_a_name_is_resolved_when_connecting(zmq: Library) -> None:
    _carries(zmq, "tcp://127.0.0.1:*", "tcp://localhost:PORT")


def test_last_endpoint_of_a_connection_is_what_was_given(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH)
    assert zmq.last_endpoint(push) == ""
    endpoint = zmq.reserved("tcp").replace("127.0.0.1", "localhost")
    push.connect(endpoint)
    assert zmq.last_endpoint(push) == endpoint


@ipv6
@pytest.mark.core
@pytest.mark.parametrize(
    ("bind", "connect", "start"),
    [
        ("tcp://[::1]:*", "tcp://[::1]:PORT", "tcp://[::1]:"),
        ("tcp://::1:*", "tcp://::1:PORT", "tcp://[::1]:"),
        ("tcp://*:*", "tcp://[::1]:PORT", "tcp://[::]:"),
        ("tcp://*:*", "tcp://127.0.0.1:PORT", "tcp://[::]:"),
        ("tcp://[::]:*", "tcp://[::1]:PORT", "tcp://[::]:"),
        ("tcp://[*]:*", "tcp://[::1]:PORT", "tcp://[::]:"),
        ("tcp://[::1%lo]:*", "tcp://[::1%lo]:PORT", "tcp://[::1]:"),
        ("tcp://[::1%1]:*", "tcp://::1%1:PORT", "tcp://[::1]:"),
        ("tcp://lo:*", "tcp://[::1]:PORT", "tcp://[::1]:"),
        ("tcp://127.0.0.1:*", "tcp://127.0.0.1:PORT", "tcp://[::ffff:127.0.0.1]:"),
        ("tcp://127.0.0.1:*", "tcp://[::ffff:127.0.0.1]:PORT", "tcp://[::ffff:127."),
        ("tcp://*:*", "tcp://[::1]:0;[::1]:PORT", "tcp://[::]:"),
    ],
)
def test_ipv6(zmq: Library, bind: str, connect: str, start: str) -> None:
    assert _carries(zmq, bind, connect, ipv6=1).startswith(start)


def test_ipv6_must_be_asked_for(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL)
    with zmq.refused(errno.ENODEV):
        pull.bind("tcp://[::1]:*")


def _link_local() -> str:
    """An address of this machine that is good with its zone only; or none."""
    try:
        with open("/proc/net/if_inet6", encoding="ascii") as lines:
            for digits, _, _, scope, _, interface in map(str.split, lines):
                if scope == "20":
                    address = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits))
                    return f"{address}%{interface}"
    except OSError:
        pass
    return ""


@pytest.mark.skipif(not _link_local(), reason="no interface has a link-local address")
@pytest.mark.parametrize("brackets", [True, False])
def test_a_zone_is_part_of_the_address(zmq: Library, brackets: bool) -> None:
    address = _link_local()
    given = f"[{address}]" if brackets else address
    bound = _carries(zmq, f"tcp://{given}:*", f"tcp://{given}:PORT", ipv6=1)
    assert bound.startswith(f"tcp://[{address}]:")


@ipv6
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_ipv4_within_ipv6_is_unbound_by_any_name(zmq: Library, host: str) -> None:
    pull = zmq.socket(zmq.PULL, ipv6=1)
    pull.bind("tcp://127.0.0.1:*")
    port = zmq.last_endpoint(pull).rpartition(":")[2]
    pull.unbind(f"tcp://{host}:{port}")
    with zmq.refused(errno.ENOENT):
        pull.unbind(zmq.last_endpoint(pull))


@ipv6
@pytest.mark.parametrize("zone", ["nosuch0", "0", ""])
def test_a_zone_must_exist(zmq: Library, zone: str) -> None:
    pull = zmq.socket(zmq.PULL, ipv6=1)
    with zmq.refused(errno.EINVAL):
        pull.bind(f"tcp://[::1%{zone}]:*")


@pytest.mark.parametrize(
    "source", ["127.0.0.1:PORT", "127.0.0.2:PORT", "127.0.0.1:0", "lo:*", "lo:0"]
)
def test_a_connection_comes_from_its_source(zmq: Library, source: str) -> None:
    push = zmq.socket(zmq.PUSH)
    port = zmq.reserved("tcp").rpartition(":")[2]
    source = source.replace("PORT", port)
    with RawListener() as listener:
        endpoint = f"tcp://{source};{listener.endpoint[len('tcp://') :]}"
        push.connect(endpoint)
        assert zmq.last_endpoint(push) == endpoint
        with listener.accept() as peer:
            host, number = peer.sock.getpeername()
    wanted, _, wanted_port = source.replace("lo:", "127.0.0.1:").partition(":")
    assert host == wanted
    assert wanted_port in ("0", "*") or number == int(wanted_port)
    push.disconnect(endpoint)


def test_one_source_port_serves_two_destinations(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH)
    source = zmq.reserved("tcp")
    with RawListener() as one, RawListener() as other:
        for listener in (one, other):
            push.connect(f"{source};{listener.endpoint[len('tcp://') :]}")
        with one.accept() as first, other.accept() as second:
            assert first.sock.getpeername() == second.sock.getpeername()


@pytest.mark.parametrize("source", ["203.0.113.1:0", "nosuch0:0", "localhost:0"])
def test_a_source_that_is_not_here_is_waited_for(zmq: Library, source: str) -> None:
    """An interface may come up later.  A name is none."""
    push = zmq.socket(zmq.PUSH, reconnect_ivl=1)
    with RawListener() as listener:
        push.connect(f"tcp://{source};{listener.endpoint[len('tcp://') :]}")
        listener.sock.settimeout(0.1)
        with pytest.raises(socket.timeout):
            listener.accept()


@pytest.mark.core
def test_a_port_has_one_owner(zmq: Library) -> None:
    first, second = zmq.socket(zmq.PULL), zmq.socket(zmq.PULL)
    endpoint = zmq.bind(first, "tcp")
    with zmq.refused(errno.EADDRINUSE):
        second.bind(endpoint)
    with zmq.refused(errno.EADDRINUSE):
        first.bind(endpoint)


def test_a_socket_may_bind_and_connect_many_times(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL)
    endpoints = [
        zmq.bind(pull, transport) for transport in ("tcp", "ipc", "inproc") * 2
    ]
    for endpoint in endpoints:
        push = zmq.socket(zmq.PUSH)
        push.connect(endpoint)
        push.send(endpoint.encode())
        assert pull.recv().decode() == endpoint
    speaker = zmq.socket(zmq.PUSH)
    for endpoint in endpoints:
        speaker.connect(endpoint)
    for _ in endpoints:
        speaker.send(b"x")
        assert pull.recv() == b"x"


@pytest.mark.core
@pytest.mark.parametrize("rounds", [3])
def test_a_peer_that_comes_back_is_found_again(
    zmq: Library, network: str, rounds: int
) -> None:
    endpoint = zmq.reserved(network)
    push = zmq.socket(zmq.PUSH, reconnect_ivl=10)
    push.connect(endpoint)
    for number in range(rounds):
        _receive_once(zmq, push, endpoint, b"%d" % number)


def _receive_once(zmq: Library, push: Any, endpoint: str, body: bytes) -> None:
    context = zmq.context()
    pull = zmq.socket(zmq.PULL, context=context)
    pull.bind(endpoint)
    # What is on its way when the link breaks may be lost: send until one comes.
    until(lambda: push.send(body) or pull.poll(10))
    while pull.recv() != body:
        pass
    pull.close(linger=0)
    context.term()


def test_what_is_queued_survives_a_reconnect(zmq: Library) -> None:
    push, pull = zmq.socket(zmq.PUSH, reconnect_ivl=10), zmq.socket(zmq.PULL)
    with RawListener() as listener:
        push.connect(listener.endpoint)
        with listener.accept() as peer:
            peer.send(b"\xff")  # a greeting begins, and the peer is gone
        for number in range(10):
            push.send(b"%d" % number)
    zmq.bind_again(pull, listener.endpoint)
    assert [pull.recv() for _ in range(10)] == [b"%d" % n for n in range(10)]


def test_a_broken_link_loses_no_whole_message_behind_it(zmq: Library) -> None:
    """The first peer reads one message and goes; the next gets what was not sent."""
    push = zmq.socket(zmq.PUSH, reconnect_ivl=10)
    with RawListener() as listener:
        push.connect(listener.endpoint)
        with listener.accept() as peer:
            peer.handshake(b"PULL")
            push.send(b"for the first")
            assert peer.recv_message() == [b"for the first"]
        with listener.accept() as peer:
            peer.handshake(b"PULL")
            push.send(b"for the second")
            assert peer.recv_message() == [b"for the second"]


def test_unbind_frees_the_port(zmq: Library) -> None:
    first, second = zmq.socket(zmq.PULL), zmq.socket(zmq.PULL)
    endpoint = zmq.bind(first, "tcp")
    first.unbind(endpoint)
    zmq.bind_again(second, endpoint)


@pytest.mark.only("pymq")
def test_unbind_frees_the_port_at_once(zmq: Library) -> None:
    """libzmq closes the listener some time after unbind has returned."""
    endpoint = ""
    for _ in range(20):
        pull = zmq.socket(zmq.PULL)
        if endpoint:
            pull.bind(endpoint)
        else:
            endpoint = zmq.bind(pull, "tcp")
        pull.unbind(endpoint)


def test_unbind_ends_the_connections_it_accepted(zmq: Library, network: str) -> None:
    pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    endpoint = marry(zmq, pull, push, network)
    push.send(b"before")
    assert pull.poll(20_000)
    pull.unbind(endpoint)
    assert pull.recv() == b"before"
    other = zmq.socket(zmq.PULL)
    zmq.bind_again(other, endpoint)
    # The push reconnects to whoever is there now.
    until(lambda: pull.poll(0) or push.send(b"after") or other.poll(10))
    assert other.recv() == b"after"


def test_a_wildcard_is_not_the_name_of_an_endpoint(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL)
    pull.bind("tcp://127.0.0.1:*")
    with zmq.refused(errno.ENOENT):
        pull.unbind("tcp://127.0.0.1:*")
    pull.unbind(zmq.last_endpoint(pull))
    with zmq.refused(errno.ENOENT):
        pull.unbind(zmq.last_endpoint(pull))


def test_disconnect_ends_one_connection(zmq: Library, transport: str) -> None:
    push = zmq.socket(zmq.PUSH)
    pulls = [zmq.socket(zmq.PULL) for _ in range(2)]
    endpoints = [zmq.bind(pull, transport) for pull in pulls]
    for endpoint in endpoints:
        push.connect(endpoint)
    for pull in pulls:
        push.send(b"both")
        assert pull.recv() == b"both"
    push.send(b"sent before")
    push.disconnect(endpoints[0])
    assert pulls[0].recv() == b"sent before"
    for _ in range(10):
        push.send(b"only the second")
        assert pulls[1].recv() == b"only the second"
    with zmq.refused(errno.ENOENT):
        push.disconnect(endpoints[0])


@pytest.mark.parametrize("kind", ["PUSH", "PULL", "ROUTER", "REP", "XPUB", "XSUB"])
def test_connecting_twice_makes_two_connections(zmq: Library, kind: str) -> None:
    sock = zmq.socket(getattr(zmq, kind))
    with RawListener() as listener:
        for _ in range(2):
            sock.connect(listener.endpoint)
        with listener.accept(), listener.accept():
            pass


@pytest.mark.parametrize("kind", ["DEALER", "REQ", "PUB", "SUB"])
def test_connecting_twice_is_ignored(zmq: Library, kind: str) -> None:
    """By these types only, and only while the endpoint is spelled the same."""
    sock = zmq.socket(getattr(zmq, kind))
    with RawListener() as listener:
        for _ in range(2):
            sock.connect(listener.endpoint)
        with listener.accept():
            listener.sock.settimeout(0.2)
            with pytest.raises(socket.timeout):
                listener.accept()
    sock.disconnect(zmq.last_endpoint(sock))
    with zmq.refused(errno.ENOENT):
        sock.disconnect(zmq.last_endpoint(sock))


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_connecting_to_what_it_has_bound_is_ignored(
    zmq: Library, transport: str
) -> None:
    """Of the types that connect once."""
    one, other = zmq.socket(zmq.DEALER), zmq.socket(zmq.DEALER)
    endpoint = zmq.bind(one, transport)
    one.connect(endpoint)
    other.connect(endpoint)
    settle(one, other)
    for body in (b"1", b"2", b"3"):  # in turn, if it were its own peer
        one.send(body)
    assert [other.recv() for _ in range(3)] == [b"1", b"2", b"3"]
    one.unbind(endpoint)
    with zmq.refused(errno.ENOENT):
        one.disconnect(endpoint)


@pytest.mark.only("pymq")
def test_nobody_waits_for_a_connection_to_what_it_has_bound(zmq: Library) -> None:
    req = zmq.socket(zmq.REQ)
    endpoint = zmq.bind(req, "tcp")
    with zmq.refused(errno.EINVAL):
        req.connect(endpoint, timeout=-1)
    req.unbind(endpoint)


def test_immediate_queues_only_for_peers_that_are_there(zmq: Library) -> None:
    endpoint = zmq.reserved("tcp")
    push, pull = zmq.socket(zmq.PUSH, immediate=1), zmq.socket(zmq.PULL)
    push.connect(endpoint)
    with pytest.raises(zmq.Again):
        push.send(b"", zmq.DONTWAIT)
    pull.bind(endpoint)
    push.send(b"now")
    assert pull.recv() == b"now"
