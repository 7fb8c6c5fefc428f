"""Options that the system obeys, seen on the descriptors that they are set on."""

from __future__ import annotations

import errno
import socket
import struct
import sys
from typing import Any, Union

import pytest
from descriptors import (
    Test,
    accepted,
    connecting,
    connecting_ports,
    found,
    listening,
    port,
    watchers,
)
from library import Library
from marriage import marry
from patience import until
from rawpeer import (
    GREETING_SIZE,
    RawListener,
    RawPeer,
    connect,
    greeting,
    message,
    ready,
)

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="needs Linux's /proc"
)

TCP = socket.IPPROTO_TCP
BOTH = [connecting, accepted]


def _pair(zmq: Library, **options: Union[int, bytes]) -> tuple[Any, Any, str]:
    push = zmq.socket(zmq.PUSH, **options)
    pull = zmq.socket(zmq.PULL, **options)
    return push, pull, marry(zmq, pull, push, "tcp")


def _value(test: Test, level: int, name: int) -> int:
    with found(test) as one:
        return int(one.getsockopt(level, name))


@pytest.mark.parametrize(
    ("option", "name"), [("sndbuf", socket.SO_SNDBUF), ("rcvbuf", socket.SO_RCVBUF)]
)
@pytest.mark.parametrize("which", [listening, connecting])
def test_buffers(zmq: Library, option: str, name: int, which: Any) -> None:
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, name, 50_000)
        wanted = plain.getsockopt(socket.SOL_SOCKET, name)
    _, _, endpoint = _pair(zmq, **{option: 50_000})
    assert _value(which(endpoint), socket.SOL_SOCKET, name) == wanted


@pytest.mark.parametrize("which", BOTH)
def test_keepalive(zmq: Library, which: Any) -> None:
    *_, endpoint = _pair(
        zmq,
        tcp_keepalive=1,
        tcp_keepalive_cnt=5,
        tcp_keepalive_idle=77,
        tcp_keepalive_intvl=11,
    )
    test = which(endpoint)
    assert _value(test, socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert _value(test, TCP, socket.TCP_KEEPCNT) == 5
    assert _value(test, TCP, socket.TCP_KEEPIDLE) == 77
    assert _value(test, TCP, socket.TCP_KEEPINTVL) == 11


@pytest.mark.parametrize("value", [-1, 0])
def test_without_keepalive_its_details_are_not_set(zmq: Library, value: int) -> None:
    *_, endpoint = _pair(zmq, tcp_keepalive=value)
    test = connecting(endpoint)
    assert _value(test, socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 0


def test_keepalive_is_the_gate_of_its_details(zmq: Library) -> None:
    with socket.socket() as plain:
        usual = plain.getsockopt(TCP, socket.TCP_KEEPCNT)
    *_, endpoint = _pair(zmq, tcp_keepalive_cnt=usual + 1)
    assert _value(connecting(endpoint), TCP, socket.TCP_KEEPCNT) == usual


@pytest.mark.only("pymq")
def test_what_the_system_refuses_breaks_no_connection(zmq: Library) -> None:
    """TCP_KEEPIDLE has a limit that libzmq does not check, and then aborts."""
    push, pull, _ = _pair(zmq, tcp_keepalive=1, tcp_keepalive_idle=2**31 - 1)
    push.send(b"x")
    assert pull.recv() == b"x"


@pytest.mark.parametrize("which", BOTH)
def test_maxrt(zmq: Library, which: Any) -> None:
    *_, endpoint = _pair(zmq, tcp_maxrt=4321)
    assert _value(which(endpoint), TCP, socket.TCP_USER_TIMEOUT) == 4321


@pytest.mark.parametrize("which", [listening, *BOTH])
def test_type_of_service(zmq: Library, which: Any) -> None:
    *_, endpoint = _pair(zmq, tos=0x28)
    assert _value(which(endpoint), socket.IPPROTO_IP, socket.IP_TOS) == 0x28


def test_traffic_class(zmq: Library) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    pull = zmq.socket(zmq.PULL, tos=0x28, ipv6=1)
    pull.bind("tcp://[::1]:*")
    endpoint = zmq.last_endpoint(pull)
    test = listening(endpoint)
    assert _value(test, socket.IPPROTO_IPV6, socket.IPV6_TCLASS) == 0x28


@pytest.mark.only("pymq")  # a draft, which releases of libzmq do not have
@pytest.mark.parametrize("which", [listening, *BOTH])
def test_priority(zmq: Library, which: Any) -> None:
    *_, endpoint = _pair(zmq, priority=5)
    assert _value(which(endpoint), socket.SOL_SOCKET, socket.SO_PRIORITY) == 5


@pytest.mark.parametrize("which", BOTH)
def test_no_delay(zmq: Library, which: Any) -> None:
    *_, endpoint = _pair(zmq)
    assert _value(which(endpoint), TCP, socket.TCP_NODELAY) == 1


def test_backlog(zmq: Library) -> None:
    """Of a listening socket, tcp_info has the backlog where tcpi_sacked is."""
    pull = zmq.socket(zmq.PULL, backlog=37)
    with found(listening(zmq.bind(pull, "tcp"))) as one:
        info = one.getsockopt(TCP, socket.TCP_INFO, 104)
    assert struct.unpack_from("I", info, 28)[0] == 37


def _loopback() -> bool:
    with socket.socket() as probe:
        try:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        except OSError:
            return False
    return True


bindtodevice = pytest.mark.skipif(not _loopback(), reason="SO_BINDTODEVICE is refused")


@bindtodevice
@pytest.mark.parametrize("which", [listening, connecting])
def test_bindtodevice(zmq: Library, which: Any) -> None:
    *_, endpoint = _pair(zmq, bindtodevice=b"lo")
    with found(which(endpoint)) as one:
        device = one.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
    assert device.rstrip(b"\0") == b"lo"


@bindtodevice
def test_a_device_that_is_not_there(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL, bindtodevice=b"nosuch")
    with zmq.refused(errno.ENODEV):
        pull.bind("tcp://127.0.0.1:*")


def test_connect_timeout(zmq: Library) -> None:
    """Nobody answers behind a full backlog; each attempt has a port of its own."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        endpoint = f"tcp://127.0.0.1:{full.getsockname()[1]}"
        others = connecting_ports(endpoint)
        push = zmq.socket(zmq.PUSH, connect_timeout=50, reconnect_ivl=10)
        push.connect(endpoint)
        seen: set[int] = set()
        until(lambda: len(_grown(seen, connecting_ports(endpoint)) - others) > 2)


def _grown(seen: set[int], new: set[int]) -> set[int]:
    seen |= new
    return seen


def test_a_handshake_may_take_so_long(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL, handshake_ivl=50)
    with connect(zmq.bind(pull, "tcp")) as peer:
        assert len(peer.rest()) >= 10  # the end, after the greeting began


def test_a_handshake_that_takes_too_long_is_tried_again(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH, handshake_ivl=50, reconnect_ivl=10)
    with RawListener() as listener:
        push.connect(listener.endpoint)
        for _ in range(3):
            with listener.accept() as peer:
                peer.rest()


def test_a_frame_may_be_so_long(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL, maxmsgsize=100)
    with connect(zmq.bind(pull, "tcp")) as peer:
        peer.handshake(b"PUSH")
        peer.send(b"\0\x64" + b"x" * 100)
        assert pull.recv() == b"x" * 100
        peer.send(b"\0\x65" + b"x" * 101)
        assert peer.rest() == b""


@pytest.mark.fails_on("pyzmq", reason="libzmq's limit also ends every handshake")
def test_a_limit_shorter_than_the_handshake(zmq: Library) -> None:
    push, pull, _ = _pair(zmq, maxmsgsize=10)
    push.send(b"x" * 10)
    assert pull.recv() == b"x" * 10


def _who(peer: RawPeer) -> bytes:
    """Shake hands as a ROUTER; returns the READY with the routing id."""
    peer.send(greeting())
    peer.recv(GREETING_SIZE)
    peer.send(ready(b"ROUTER"))
    return peer.recv_frame()[1]


def _returns(listener: RawListener, times: int) -> None:
    """The patient one comes back so often, and the other does not."""
    for _ in range(times):
        with listener.accept() as peer:
            assert b"patient" in _who(peer)


@pytest.mark.parametrize(
    ("option", "value"),
    [("reconnect_stop", 2), ("reconnect_ivl", -1), ("reconnect_ivl", 0)],
)
def test_no_reconnect_after_a_failed_handshake(
    zmq: Library, option: str, value: int
) -> None:
    with RawListener() as listener:
        for name, changed in ((b"stopping", {option: value}), (b"patient", {})):
            options = {"reconnect_ivl": 10, **changed}
            sock = zmq.socket(zmq.DEALER, routing_id=name, **options)
            sock.connect(listener.endpoint)
        with listener.accept() as one, listener.accept() as other:
            assert one.recv(10)
            assert other.recv(10)
        _returns(listener, 5)


def test_no_reconnect_after_a_refused_connection(zmq: Library) -> None:
    endpoint = zmq.reserved("tcp")
    for name, stop in ((b"stopping", 1), (b"patient", 0)):
        sock = zmq.socket(
            zmq.DEALER, routing_id=name, reconnect_ivl=10, reconnect_stop=stop
        )
        sock.connect(endpoint)
    _pair(zmq)  # by now those have tried: they are served by the same thread
    with RawListener(port=port(endpoint)) as listener:
        _returns(listener, 5)


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_affinity_must_name_a_thread(zmq: Library, transport: str) -> None:
    sock = zmq.socket(zmq.DEALER, affinity=2)
    with zmq.refused(zmq.EMTHREAD):
        sock.bind(zmq.address(transport))
    with zmq.refused(zmq.EMTHREAD):
        sock.connect(zmq.address(transport).replace("*", "1"))
    sock.bind(zmq.address("inproc"))
    sock.set(zmq.AFFINITY, 3)
    sock.bind(zmq.address(transport))


@pytest.mark.only("native", "pyzmq")  # pure has one thread
def test_affinity_chooses_the_thread(zmq: Library) -> None:
    """Each I/O thread has an epoll descriptor of its own."""
    context = zmq.context(io_threads=2)
    watching = []
    for affinity in (1, 2):
        for _ in range(3):
            pull = zmq.socket(zmq.PULL, context=context, affinity=affinity)
            with connect(zmq.bind(pull, "tcp")) as peer:
                peer.handshake(b"PUSH")
                peer.send(message(b"x"))
                assert pull.recv() == b"x"
                watching.append(_watchers(accepted(zmq.last_endpoint(pull))))
    assert watching[0] == watching[1] == watching[2]
    assert watching[3] == watching[4] == watching[5]
    assert watching[0].isdisjoint(watching[3])


def _watchers(test: Test) -> set[str]:
    who: set[str] = until(lambda: watchers(test))
    return who
