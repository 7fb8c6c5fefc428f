"""SOCKS_PROXY: connections through a proxy, which is a real one."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest
from library import Library
from loopback import ipv6
from marriage import settle
from patience import until
from rawpeer import RawListener
from socksproxy import SocksProxy

from pymq.transports.socks import Request

# Not libzmq: it aborts the process when a socket is closed after a proxy refused it.
ABORTS = ("pymq",)
#: It would take all other tests with it.
may_abort = pytest.mark.fails_on(
    "pyzmq", reason="on a busy machine, closing may abort (src/epoll.cpp:86)"
)


def _push(zmq: Library, proxy: str, **options: Any) -> Any:
    return zmq.socket(
        zmq.PUSH, socks_proxy=proxy.encode(), reconnect_ivl=10, linger=0, **options
    )


def _pull(zmq: Library, bind: str = "tcp://127.0.0.1:*", **options: Any) -> Any:
    pull = zmq.socket(zmq.PULL, **options)
    pull.bind(bind)
    return pull, zmq.last_endpoint(pull)


def _port(endpoint: str) -> int:
    return int(endpoint.rpartition(":")[2])


@may_abort
@pytest.mark.core
def test_traffic_goes_through_the_proxy(zmq: Library) -> None:
    with SocksProxy().start() as proxy:
        pull, endpoint = _pull(zmq)
        push = _push(zmq, proxy.address)
        push.connect(endpoint)
        settle(push, pull)
        assert proxy.asked == [(1, "127.0.0.1", _port(endpoint))]
        for number in range(100):
            push.send(b"%d" % number * 10_000)
        for number in range(100):
            assert pull.recv() == b"%d" % number * 10_000
        assert zmq.last_endpoint(push) == endpoint


@may_abort
def test_replies_come_back(zmq: Library) -> None:
    with SocksProxy().start() as proxy:
        rep = zmq.socket(zmq.REP)
        req = zmq.socket(zmq.REQ, socks_proxy=proxy.address.encode())
        req.connect(zmq.bind(rep, "tcp"))
        settle(req, rep)
        assert len(proxy.asked) == 1


@may_abort
@pytest.mark.core
def test_the_proxy_looks_names_up(zmq: Library) -> None:
    with SocksProxy(names={"hidden.invalid": "127.0.0.1"}).start() as proxy:
        pull, endpoint = _pull(zmq)
        push = _push(zmq, proxy.address)
        push.connect(f"tcp://hidden.invalid:{_port(endpoint)}")
        settle(push, pull)
        assert proxy.asked == [(3, "hidden.invalid", _port(endpoint))]


@may_abort
@ipv6
def test_an_ipv6_destination(zmq: Library) -> None:
    with SocksProxy().start() as proxy:
        pull, endpoint = _pull(zmq, "tcp://[::1]:*", ipv6=1)
        push = _push(zmq, proxy.address, ipv6=1)
        push.connect(endpoint)
        settle(push, pull)
        assert proxy.asked == [(4, "::1", _port(endpoint))]


@may_abort
@ipv6
def test_an_ipv6_proxy(zmq: Library) -> None:
    with SocksProxy(family=socket.AF_INET6).start() as proxy:
        pull, endpoint = _pull(zmq)
        push = _push(zmq, proxy.address, ipv6=1)
        push.connect(endpoint)
        settle(push, pull)
        assert len(proxy.asked) == 1


@may_abort
def test_a_proxy_by_name(zmq: Library) -> None:
    with SocksProxy().start() as proxy:
        pull, endpoint = _pull(zmq)
        push = _push(zmq, f"localhost:{_port(proxy.address)}")
        push.connect(endpoint)
        settle(push, pull)
        assert len(proxy.asked) == 1


@may_abort
@pytest.mark.core
@pytest.mark.parametrize("password", [b"secret", b"", b"\0\xff" * 127])
def test_a_login(zmq: Library, password: bytes) -> None:
    with SocksProxy(login=(b"someone", password)).start() as proxy:
        pull, endpoint = _pull(zmq)
        login = {"socks_username": b"someone", "socks_password": password}
        push = _push(zmq, proxy.address, **login)
        push.connect(endpoint)
        settle(push, pull)
        assert len(proxy.asked) == 1


@pytest.mark.only(*ABORTS)
@pytest.mark.parametrize(
    "login",
    [
        {},
        {"socks_password": b"secret"},
        {"socks_username": b"", "socks_password": b"secret"},
        {"socks_username": b"someone"},
        {"socks_username": b"someone", "socks_password": b"wrong"},
    ],
)
def test_a_wrong_login_is_tried_again(zmq: Library, login: dict[str, bytes]) -> None:
    with SocksProxy(login=(b"someone", b"secret")).start() as proxy:
        _, endpoint = _pull(zmq)
        push = _push(zmq, proxy.address, **login)
        push.connect(endpoint)
        until(lambda: proxy.refused >= 2)
        assert proxy.asked == []


@pytest.mark.only(*ABORTS)
def test_a_login_that_is_not_wanted_is_refused(zmq: Library) -> None:
    """Only what was asked for is offered."""
    with SocksProxy().start() as proxy:
        _, endpoint = _pull(zmq)
        push = _push(zmq, proxy.address, socks_username=b"someone")
        push.connect(endpoint)
        until(lambda: proxy.refused >= 2)


@may_abort
def test_the_proxy_may_come_later(zmq: Library) -> None:
    with SocksProxy() as proxy:
        pull, endpoint = _pull(zmq)
        push = _push(zmq, proxy.address)
        push.connect(endpoint)
        push.send(b"early")
        proxy.start()
        assert pull.recv() == b"early"


@may_abort
def test_the_destination_may_come_later(zmq: Library) -> None:
    endpoint = zmq.reserved("tcp")
    with SocksProxy().start() as proxy:
        push = _push(zmq, proxy.address)
        push.connect(endpoint)
        push.send(b"early")
        until(lambda: len(proxy.asked) >= 2)  # refused, and tried again
        pull, _ = _pull(zmq, endpoint)
        assert pull.recv() == b"early"


@pytest.mark.only(*ABORTS)
def test_a_connection_may_end_in_the_middle(zmq: Library) -> None:
    with SocksProxy() as proxy:
        _, endpoint = _pull(zmq)
        push = _push(zmq, proxy.address)
        push.connect(endpoint)
        proxy.start()
        until(lambda: proxy.asked)
        push.disconnect(endpoint)


def test_the_option_acts_on_later_connections_and_tcp_only(zmq: Library) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    with SocksProxy().start() as proxy:
        push.connect(zmq.bind(pull, "tcp"))
        push.set(zmq.SOCKS_PROXY, proxy.address.encode())
        push.connect(zmq.bind(pull, "ipc"))
        push.connect(zmq.bind(pull, "inproc"))
        for _ in range(3):
            push.send(b"x")
            assert pull.recv() == b"x"
        assert proxy.asked == []


ANSWERS = [
    b"\4\0",
    b"\5\xff",
    b"\5\2",
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"\5\0\4\0\0\1" + bytes(6),
    b"\5\0\5\0\0\2" + bytes(6),
    b"\5\0\5\x63\0\1" + bytes(6),
    b"\5\0\5\0\0\1",
]


@pytest.mark.only(*ABORTS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_proxy_that_talks_nonsense(zmq: Library, answer: bytes) -> None:
    with RawListener() as listener:
        push = _push(zmq, listener.endpoint[len("tcp://") :], handshake_ivl=0)
        push.connect("tcp://127.0.0.1:5")
        for _ in range(2):
            with listener.accept() as peer:
                assert peer.recv(3) == b"\5\1\0"
                peer.send(answer)


@pytest.mark.only("pymq")
def test_a_silent_proxy_is_left(zmq: Library) -> None:
    """libzmq waits for ever."""
    with RawListener() as listener:
        push = _push(zmq, listener.endpoint[len("tcp://") :], handshake_ivl=10)
        push.connect("tcp://127.0.0.1:5")
        with listener.accept() as silent, listener.accept():
            assert silent.rest() == b"\5\1\0"


@pytest.mark.parametrize("option", ["SOCKS_PROXY", "SOCKS_USERNAME", "SOCKS_PASSWORD"])
def test_the_options(zmq: Library, option: str) -> None:
    sock, number = zmq.socket(zmq.PUSH), getattr(zmq, option)
    assert sock.get(number) == b""
    sock.set(number, b"x" * 200)
    assert sock.get(number) == b"x" * 200
    with pytest.raises(TypeError):
        sock.set(number, 5)


def test_what_the_options_refuse(zmq: Library) -> None:
    sock = zmq.socket(zmq.PUSH)
    with zmq.refused(errno.EINVAL):
        sock.set(zmq.SOCKS_PROXY, b"")
    for option in (zmq.SOCKS_USERNAME, zmq.SOCKS_PASSWORD):
        sock.set(option, b"")
        with zmq.refused(errno.EINVAL):
            sock.set(option, b"x" * 256)


@pytest.mark.only("pymq")
@pytest.mark.parametrize("proxy", [b"nonsense", b"a:b", b"a:1;b:2", b"\xff:1"])
def test_a_proxy_that_is_no_address(zmq: Library, proxy: bytes) -> None:
    """libzmq tries it for ever."""
    sock = zmq.socket(zmq.PUSH, socks_proxy=proxy)
    with zmq.refused(errno.EINVAL):
        sock.connect("tcp://127.0.0.1:5")


# Without a network.


def test_the_bytes_of_a_login() -> None:
    request = Request("::1", 258, b"me", b"pw")
    assert request.data_to_send() == b"\5\1\2"
    assert request.receive_data(b"\5\2") is None
    assert request.data_to_send() == b"\1\2me\2pw"
    assert request.receive_data(b"\1\0") is None
    assert request.data_to_send() == b"\5\1\0\4" + bytes(15) + b"\1\1\2"
    assert request.receive_data(b"\5\0\0\1\0") is None
    assert request.wanted == 5
    assert request.receive_data(bytes(5)) == ""


@pytest.mark.parametrize("size", range(1, 8))
def test_what_follows_is_left_alone(size: int) -> None:
    """However the answer is cut, nothing behind it is asked for."""
    stream = b"\5\0" + b"\5\0\0\3\4name\0\1" + b"ZMTP"
    request = Request("host", 1, b"", b"")
    at = 0
    while request.result is None:
        request.data_to_send()
        piece = stream[at : at + min(size, request.wanted)]
        at += len(piece)
        request.receive_data(piece)
    assert (request.result, stream[at:]) == ("", b"ZMTP")


def test_a_name_has_a_limit() -> None:
    assert "too long" in (Request("x" * 256, 1, b"", b"").result or "")
