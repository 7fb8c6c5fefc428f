"""USE_FD: to accept from a descriptor that listens already."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

import pytest
from library import Library
from marriage import settle
from patience import until


def _listener(zmq: Library, transport: str) -> tuple[socket.socket, str]:
    """A listening socket, and its endpoint."""
    endpoint = zmq.address(transport)
    if transport == "ipc":
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(endpoint[len("ipc://") :])
    else:
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        endpoint = f"tcp://127.0.0.1:{sock.getsockname()[1]}"
    sock.listen()
    return sock, endpoint


def _use(zmq: Library, transport: str, address: str) -> tuple[Any, int, str]:
    """A PULL that accepts from a descriptor: it, that, and the endpoint."""
    sock, endpoint = _listener(zmq, transport)
    pull = zmq.socket(zmq.PULL)
    fd = sock.detach()
    pull.set(zmq.USE_FD, fd)
    pull.bind(address or endpoint)
    return pull, fd, endpoint


@pytest.mark.parametrize("named", [True, False])
def test_messages_arrive(zmq: Library, network: str, named: bool) -> None:
    """And the address that bind is given does not count."""
    elsewhere = {"tcp": "tcp://10.9.8.7:1", "ipc": "ipc:///no/such/place"}
    pull, _, endpoint = _use(zmq, network, "" if named else elsewhere[network])
    assert zmq.last_endpoint(pull) == endpoint
    push = zmq.socket(zmq.PUSH)
    push.connect(endpoint)
    settle(push, pull)


def test_an_abstract_name(zmq: Library) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        name = f"pymq-{os.getpid()}-{zmq.tag}"
        sock.bind(f"\0{name}")
        sock.listen()
        pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
        pull.set(zmq.USE_FD, os.dup(sock.fileno()))
        pull.bind("ipc://*")
        assert zmq.last_endpoint(pull) == f"ipc://@{name}"
        push.connect(f"ipc://@{name}")
        settle(push, pull)


def test_the_socket_closes_it(zmq: Library, network: str) -> None:
    pull, fd, _ = _use(zmq, network, "")
    pull.close(linger=0)
    until(lambda: _is_closed(fd))


def _is_closed(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError as error:
        return error.errno == errno.EBADF
    return False


@pytest.mark.only("pymq")
def test_it_is_for_one_bind(zmq: Library) -> None:
    """libzmq would give the descriptor a second owner."""
    pull, _, endpoint = _use(zmq, "tcp", "")
    assert pull.use_fd == -1
    assert zmq.bind(pull, "tcp") != endpoint


@pytest.mark.only("pymq")
@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_what_does_not_listen_is_refused(zmq: Library, transport: str) -> None:
    """libzmq aborts.  What is refused is still the caller's."""
    pull = zmq.socket(zmq.PULL)
    other, _ = _listener(zmq, "ipc" if transport == "tcp" else "tcp")
    with other, socket.socket() as deaf, open(os.devnull) as file:
        for fd, code in (
            (deaf.fileno(), errno.EINVAL),
            (other.fileno(), errno.EINVAL),
            (file.fileno(), errno.ENOTSOCK),
            (99_999, errno.EBADF),
        ):
            pull.set(zmq.USE_FD, fd)
            with zmq.refused(code):
                pull.bind(zmq.address(transport))
