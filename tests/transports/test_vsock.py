"""vsock: pymq only, as libzmq 4.3.5 is released without it."""

from __future__ import annotations

import errno
import functools
import socket

import pytest
from library import Library
from marriage import settle

HERE = 1  # VMADDR_CID_LOCAL
ANY = 0xFFFFFFFF

pytestmark = pytest.mark.only("pymq")


@functools.cache
def _missing() -> str:
    """Why there is no loopback; asked by those only who want to use it."""
    try:
        with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as listener:
            listener.bind((ANY, ANY))
            listener.listen()
            with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as connection:
                connection.settimeout(1)
                connection.connect((HERE, listener.getsockname()[1]))
    except (AttributeError, OSError) as error:
        return f"no vsock loopback in this kernel: {error}"
    return ""


def _bind(zmq: Library, address: str) -> tuple[object, str]:
    sock = zmq.socket(zmq.PULL)
    try:
        sock.bind(f"vsock://{address}")
    except zmq.ZMQError as error:
        pytest.skip(f"no vsock in this kernel: {error}")
    return sock, zmq.last_endpoint(sock)


@pytest.mark.parametrize("address", ["*:*", "-1:*", "*:-1"])
def test_wildcards(zmq: Library, address: str) -> None:
    sock, endpoint = _bind(zmq, address)
    assert endpoint.startswith("vsock://*:")
    assert endpoint[len("vsock://*:") :].isdigit()
    sock.unbind(endpoint)  # type: ignore[attr-defined]


def test_a_port_has_one_owner(zmq: Library) -> None:
    _, endpoint = _bind(zmq, "*:*")
    with zmq.refused(errno.EADDRINUSE):
        zmq.socket(zmq.PULL).bind(endpoint)


@pytest.mark.skipif(not hasattr(socket, "AF_VSOCK"), reason="unknown to Python here")
@pytest.mark.parametrize("address", ["x", ":", "1:", ":1", "1:a", "1:4294967296"])
@pytest.mark.parametrize("method", ["bind", "connect"])
def test_what_is_no_address(zmq: Library, method: str, address: str) -> None:
    with zmq.refused(errno.EINVAL):
        getattr(zmq.socket(zmq.PULL), method)(f"vsock://{address}")


@pytest.mark.skipif(not hasattr(socket, "AF_VSOCK"), reason="unknown to Python here")
@pytest.mark.parametrize("address", ["*:1", "1:*", "-1:1", "1:-1"])
def test_a_wildcard_is_nobody(zmq: Library, address: str) -> None:
    with zmq.refused(errno.EINVAL):
        zmq.socket(zmq.PUSH).connect(f"vsock://{address}")


@pytest.mark.skipif(not hasattr(socket, "AF_VSOCK"), reason="unknown to Python here")
def test_the_host_has_a_name() -> None:
    from pymq.transports import vsock

    assert vsock.resolve("@:5", {})[0].address == (socket.VMADDR_CID_HOST, 5)


def test_traffic(zmq: Library) -> None:
    if _missing():
        pytest.skip(_missing())
    pull, endpoint = _bind(zmq, f"{HERE}:*")
    push = zmq.socket(zmq.PUSH)
    push.connect(endpoint)
    settle(push, pull)
