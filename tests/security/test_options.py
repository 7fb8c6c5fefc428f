"""Options that secure connections: whichever is set last decides."""

from __future__ import annotations

import errno

import pytest
from library import Library

pytestmark = pytest.mark.core

NULL, PLAIN = 0, 1


def test_defaults(zmq: Library) -> None:
    sock = zmq.socket(zmq.DEALER)
    assert (sock.MECHANISM, sock.PLAIN_SERVER) == (NULL, 0)
    assert sock.PLAIN_USERNAME == sock.PLAIN_PASSWORD == sock.ZAP_DOMAIN == b""
    assert sock.ZAP_ENFORCE_DOMAIN == 0


def test_the_last_one_decides(zmq: Library) -> None:
    sock = zmq.socket(zmq.DEALER)
    for name, value, mechanism, server in (
        ("plain_username", b"user", PLAIN, 0),
        ("plain_server", 1, PLAIN, 1),
        ("plain_password", b"word", PLAIN, 0),
        ("plain_server", 0, NULL, 0),
        ("plain_server", 1, PLAIN, 1),
        ("zap_domain", b"here", PLAIN, 1),
        ("plain_username", b"other", PLAIN, 0),
    ):
        setattr(sock, name, value)
        assert getattr(sock, name) in (value, 0 if name == "plain_server" else value)
        assert (sock.mechanism, sock.plain_server) == (mechanism, server), name
    assert (sock.plain_username, sock.plain_password) == (b"other", b"word")


@pytest.mark.parametrize("name", ["PLAIN_USERNAME", "PLAIN_PASSWORD", "ZAP_DOMAIN"])
def test_sizes(zmq: Library, name: str) -> None:
    sock = zmq.socket(zmq.DEALER)
    option = getattr(zmq, name)
    sock.set(option, b"x" * 255)
    for value in (b"", b"x" * 256):
        with zmq.refused(errno.EINVAL):
            sock.set(option, value)
    with pytest.raises(TypeError):
        sock.set(option, "text")


@pytest.mark.parametrize("value", [-1, 2])
def test_plain_server_is_yes_or_no(zmq: Library, value: int) -> None:
    sock = zmq.socket(zmq.DEALER)
    with zmq.refused(errno.EINVAL):
        sock.plain_server = value
    assert sock.mechanism == NULL


def test_the_mechanism_is_only_read(zmq: Library) -> None:
    with zmq.refused(errno.EINVAL):
        zmq.socket(zmq.DEALER).set(zmq.MECHANISM, PLAIN)


def test_inproc_has_no_mechanism(zmq: Library) -> None:
    """As in libzmq: whoever is in the same process comes in."""
    server = zmq.socket(zmq.DEALER, plain_server=1, zap_domain=b"d")
    client = zmq.socket(zmq.DEALER)
    client.connect(zmq.bind(server, "inproc"))
    client.send(b"hello")
    assert server.recv() == b"hello"
