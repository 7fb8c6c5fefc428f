"""Addresses that are refused, and with which errno; the same for all."""

from __future__ import annotations

import errno

import pytest
from library import Library

EFSM_BASE = 156384712
ENOCOMPATPROTO = EFSM_BASE + 52

BIND_ERRORS = [
    ("", errno.EINVAL),
    ("tcp", errno.EINVAL),
    ("tcp:", errno.EINVAL),
    ("tcp:/", errno.EINVAL),
    ("tcp://", errno.EINVAL),
    ("://", errno.EINVAL),
    ("://x", errno.EINVAL),
    ("foo://x", errno.EPROTONOSUPPORT),
    ("TCP://127.0.0.1:*", errno.EPROTONOSUPPORT),
    ("http://x:1", errno.EPROTONOSUPPORT),
    ("tcp://127.0.0.1", errno.EINVAL),
    ("tcp://127.0.0.1:", errno.EINVAL),
    ("tcp://*", errno.EINVAL),
    ("tcp://127.0.0.1:x", errno.EINVAL),
    ("tcp://127.0.0.1:*/path", errno.EINVAL),
    ("tcp://:5555", errno.ENODEV),
    ("tcp://256.1.1.1:*", errno.ENODEV),
    ("tcp://nosuch.invalid:*", errno.ENODEV),
    ("tcp://127.0.0.1 :*", errno.ENODEV),
    ("tcp://203.0.113.1:*", errno.EADDRNOTAVAIL),
    ("tcp://127.0.0.1:00", errno.EINVAL),
    ("tcp://127.0.0.1:+0", errno.EINVAL),
    ("tcp://127.0.0.1:0x10", errno.EINVAL),
    ("tcp://127.0.0.1:*:", errno.EINVAL),
    ("tcp://127.0.0.1:*:*", errno.ENODEV),
    ("tcp://[127.0.0.1:*", errno.ENODEV),
    ("tcp://127.0.0.1]:*", errno.ENODEV),
    ("tcp://[]:*", errno.ENODEV),
    ("tcp://nosuch0:*", errno.ENODEV),
    ("tcp://127.0.0.1%nosuch0:*", errno.EINVAL),
    ("tcp://127.0.0.1%0:*", errno.EINVAL),
    ("tcp://127.0.0.1%:*", errno.EINVAL),
    ("tcp://;:*", errno.EINVAL),
    ("tcp://127.0.0.1;127.0.0.1:*", errno.EINVAL),
    ("tcp://127.0.0.1:x;127.0.0.1:*", errno.EINVAL),
    ("tcp://localhost:0;127.0.0.1:*", errno.ENODEV),
    ("pgm://eth0;239.192.1.1:5555", errno.EPROTONOSUPPORT),
    ("epgm://eth0;239.192.1.1:5555", errno.EPROTONOSUPPORT),
    ("norm://127.0.0.1:5555", errno.EPROTONOSUPPORT),
    ("vmci://*:*", errno.EPROTONOSUPPORT),
    ("hvsocket://*:*", errno.EPROTONOSUPPORT),
    ("ws://127.0.0.1:*", errno.EPROTONOSUPPORT),
    ("wss://127.0.0.1:*", errno.EPROTONOSUPPORT),
    ("udp://127.0.0.1:*", ENOCOMPATPROTO),
    ("ipc://", errno.EINVAL),
    ("ipc://@", errno.EINVAL),
    ("ipc:///nonexistent/x", errno.ENOENT),
    ("ipc:///dev/null/x", errno.ENOTDIR),
    ("ipc:///tmp", errno.EADDRINUSE),
    ("ipc://" + "a" * 108, errno.ENAMETOOLONG),
    ("inproc://", errno.EINVAL),
]

CONNECT_ERRORS = [
    ("", errno.EINVAL),
    ("tcp", errno.EINVAL),
    ("tcp:", errno.EINVAL),
    ("tcp://", errno.EINVAL),
    ("://x", errno.EINVAL),
    ("foo://x", errno.EPROTONOSUPPORT),
    ("TCP://127.0.0.1:1", errno.EPROTONOSUPPORT),
    ("tcp://127.0.0.1", errno.EINVAL),
    ("tcp://127.0.0.1:", errno.EINVAL),
    ("tcp://127.0.0.1:*", errno.EINVAL),
    ("tcp://127.0.0.1:x", errno.EINVAL),
    ("tcp://127.0.0.1:5/path", errno.EINVAL),
    ("tcp://*:5555", errno.EINVAL),
    ("tcp://no such:1", errno.EINVAL),
    ("tcp://_:80", errno.EINVAL),
    ("tcp://127.0.0.1:-1", errno.EINVAL),
    ("tcp://127.0.0.1:+1", errno.EINVAL),
    ("tcp://-a:6", errno.EINVAL),
    ("tcp://%:6", errno.EINVAL),
    ("tcp://a$b:6", errno.EINVAL),
    ("tcp://\N{LATIN SMALL LETTER E WITH ACUTE}:6", errno.EINVAL),
    ("tcp://;127.0.0.1:6", errno.EINVAL),
    ("tcp://*:0;127.0.0.1:6", errno.EINVAL),
    ("pgm://eth0;239.192.1.1:5555", errno.EPROTONOSUPPORT),
    ("epgm://eth0;239.192.1.1:5555", errno.EPROTONOSUPPORT),
    ("norm://127.0.0.1:5555", errno.EPROTONOSUPPORT),
    ("vmci://1:5555", errno.EPROTONOSUPPORT),
    ("ws://127.0.0.1:5555", errno.EPROTONOSUPPORT),
    ("wss://127.0.0.1:5555", errno.EPROTONOSUPPORT),
    ("udp://127.0.0.1:5555", ENOCOMPATPROTO),
    ("ipc://", errno.EINVAL),
    ("ipc://@", errno.EINVAL),
    ("ipc://" + "a" * 108, errno.ENAMETOOLONG),
    ("inproc://", errno.EINVAL),
]

# These are accepted: whether anybody is there is found out later, again and again.
CONNECTABLE = [
    "tcp://nosuch.invalid:1",
    "tcp://127.0.0.1:1",
    "tcp://[::1]:5",
    "tcp://[fe80::1%lo]:5",
    "tcp://127.0.0.1:0",
    "tcp://127.0.0.1:0;127.0.0.1:1",
    "tcp://127.0.0.1:*;127.0.0.1:1",
    "tcp://lo:0;127.0.0.1:1",
    "tcp://nosuch:0;127.0.0.1:1",
    "tcp://127.0.0.1;127.0.0.1:1",
    "tcp://127.0.0.1:x;127.0.0.1:1",
    "tcp://a;b;c:1",
    "tcp://[]:5",
    "ipc://*",
    "ipc://@nobody",
    "ipc:///nonexistent/x",
    "inproc://nobody",
]

DETACH_ERRORS = [
    ("", errno.EINVAL),
    ("tcp", errno.EINVAL),
    ("tcp://", errno.EINVAL),
    ("foo://x", errno.EPROTONOSUPPORT),
    ("tcp://127.0.0.1:5", errno.ENOENT),
    ("tcp://127.0.0.1:*", errno.ENOENT),
    ("ipc:///tmp/none", errno.ENOENT),
    ("ipc://*", errno.ENOENT),
    ("inproc://none", errno.ENOENT),
]


@pytest.mark.core
@pytest.mark.parametrize(("address", "code"), BIND_ERRORS)
def test_bind_refuses(zmq: Library, address: str, code: int) -> None:
    sock = zmq.socket(zmq.PULL)
    with zmq.refused(code) as caught:
        sock.bind(address)
    assert address in str(caught.value)


@pytest.mark.core
@pytest.mark.parametrize(("address", "code"), CONNECT_ERRORS)
def test_connect_refuses(zmq: Library, address: str, code: int) -> None:
    sock = zmq.socket(zmq.PUSH)
    with zmq.refused(code) as caught:
        sock.connect(address)
    assert address in str(caught.value)


@pytest.mark.parametrize("address", CONNECTABLE)
def test_connect_does_not_wait_for_anybody(zmq: Library, address: str) -> None:
    sock = zmq.socket(zmq.PUSH)
    sock.connect(address)
    assert zmq.last_endpoint(sock) == address
    sock.send(b"queued")


@pytest.mark.core
@pytest.mark.parametrize("method", ["unbind", "disconnect"])
@pytest.mark.parametrize(("address", "code"), DETACH_ERRORS)
def test_unbind_and_disconnect_refuse(
    zmq: Library, method: str, address: str, code: int
) -> None:
    sock = zmq.socket(zmq.PUSH)
    with zmq.refused(code):
        getattr(sock, method)(address)


@pytest.mark.parametrize("method", ["bind", "connect"])
@pytest.mark.parametrize("address", [None, 3])
def test_an_address_is_text(zmq: Library, method: str, address: object) -> None:
    sock = zmq.socket(zmq.PUSH)
    with pytest.raises(TypeError):
        getattr(sock, method)(address)


def test_bytes_will_do(zmq: Library) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    pull.bind(b"inproc://bytes")
    push.connect("inproc://bytes")
    push.send(b"x")
    assert pull.recv() == b"x"


def test_a_too_long_path_names_the_limit(zmq: Library) -> None:
    sock = zmq.socket(zmq.PULL)
    with zmq.refused(errno.ENAMETOOLONG) as caught:
        sock.bind("ipc:///tmp/" + "a" * 103)
    assert str(zmq.IPC_PATH_MAX_LEN) in str(caught.value)


@pytest.mark.only("pymq")
@pytest.mark.parametrize("port", ["-1", "+1", "65536", "99999999999", "1x"])
def test_a_port_out_of_range(zmq: Library, port: str) -> None:
    """libzmq binds to what is left of the number in 16 bits."""
    sock = zmq.socket(zmq.PULL)
    with zmq.refused(errno.EINVAL):
        sock.bind(f"tcp://127.0.0.1:{port}")


@pytest.mark.only("pymq")
@pytest.mark.parametrize(
    "address",
    [
        ":6",
        "127.0.0.1:6;",
        "127.0.0.1:6;x",
        "127.0.0.1:0;:6",
        "127.0.0.1:567bad",
        "127.0.0.1:65536",
    ],
)
def test_what_can_never_be_connected_to(zmq: Library, address: str) -> None:
    """libzmq tries for ever, or connects to what is left of the port's number."""
    sock = zmq.socket(zmq.PUSH)
    with zmq.refused(errno.EINVAL):
        sock.connect(f"tcp://{address}")


@pytest.mark.only("pymq")
@pytest.mark.parametrize("scheme", ["pgm", "epgm", "norm", "vmci", "ws", "wss", "udp"])
def test_a_transport_that_is_not_there_has_a_reason(zmq: Library, scheme: str) -> None:
    sock = zmq.socket(zmq.PUB)
    with pytest.raises(zmq.ZMQError, match=rf"{scheme} (needs|is) .*addr="):
        sock.bind(f"{scheme}://127.0.0.1:5555")


def test_a_failed_bind_leaves_the_socket_usable(zmq: Library) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    for address, code in BIND_ERRORS:
        with zmq.refused(code):
            pull.bind(address)
    push.connect(zmq.bind(pull, "tcp"))
    push.send(b"x")
    assert pull.recv() == b"x"
