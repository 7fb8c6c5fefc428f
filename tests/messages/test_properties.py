"""What a received frame knows of the connection that it came from."""

from __future__ import annotations

import errno
import os
from typing import Any

import pytest
import rawpeer
from library import Library
from rawpeer import frame, greeting, message
from watching import Watch

UNKNOWN = ("User-Id", "Resource", "peer-address", "nothing", "")


def exchange(zmq: Library, transport: str) -> tuple[list[Any], list[Any], int]:
    """Frames that a ROUTER and a DEALER received, and the ROUTER's descriptor."""
    server, client = zmq.socket(zmq.ROUTER), zmq.socket(zmq.DEALER, routing_id=b"me")
    watched = Watch(zmq, server, zmq.EVENT_ACCEPTED)
    client.connect(zmq.bind(server, transport))
    client.send_multipart([b"one", b"two"])
    received = server.recv_multipart(copy=False)
    server.send_multipart([b"me", b"answer"])
    fd = watched.next().value if transport != "inproc" else -1
    return received, client.recv_multipart(copy=False), fd


def test_of_a_connection(zmq: Library, network: str) -> None:
    received, answered, fd = exchange(zmq, network)
    assert [part.get(zmq.MORE) for part in received] == [1, 1, 0]
    for part in received:  # the routing id, too
        assert part.get("Socket-Type") == part["Socket-Type"] == "DEALER"
        assert part.get("Identity") == "me"
        assert part.get(zmq.SRCFD) == fd
        assert part.get(zmq.SHARED) == 0
    assert answered[0].get("Socket-Type") == "ROUTER"
    assert answered[0].get("Identity") == ""
    where = {
        "tcp": "127.0.0.1",
        "ipc": f"localhost:{os.getuid()}:{os.getgid()}:{os.getpid()}",
    }
    for part in received + answered:
        assert part.get("Peer-Address") == where[network]


def test_inproc_has_none(zmq: Library) -> None:
    received, answered, _ = exchange(zmq, "inproc")
    for part in received + answered:
        for name in ("Peer-Address", "Socket-Type", "Identity", zmq.SRCFD):
            with zmq.refused(errno.EINVAL):
                part.get(name)


def test_unknown_properties(zmq: Library) -> None:
    received, *_ = exchange(zmq, "tcp")
    for part in (received[-1], zmq.Frame(b"own")):
        for name in (*UNKNOWN, 0, 99):
            with zmq.refused(errno.EINVAL):
                part.get(name)
        with zmq.refused(errno.EINVAL):
            part.set(zmq.MORE, 1)
        with pytest.raises(RuntimeError):
            _ = part.routing_id
        with pytest.raises(RuntimeError):
            _ = part.group


def say(peer: rawpeer.RawPeer, **properties: bytes) -> None:
    """A handshake with these properties; a name's underscores are hyphens."""
    peer.send(greeting())
    peer.recv(rawpeer.GREETING_SIZE)
    body = b"\5READY"
    for name, value in properties.items():
        raw = name.replace("_", "-").encode()
        body += bytes((len(raw),)) + raw + len(value).to_bytes(4, "big") + value
    peer.send(frame(body, command=True))
    peer.recv_frame()


def test_what_the_peer_says_of_itself(zmq: Library) -> None:
    server = zmq.socket(zmq.PULL)
    with rawpeer.connect(zmq.bind(server, "tcp")) as peer:
        said = {"Socket_Type": b"PUSH", "X_hello": b"world", "Resource": b"here"}
        say(peer, **said, Peer_Address=b"6.6.6.6")
        peer.send(message(b"x"))
        part = server.recv(copy=False)
    assert part.get("X-hello") == "world"
    assert part.get("Resource") == "here"
    assert part.get("Peer-Address") == "127.0.0.1"


@pytest.mark.fails_on("pyzmq", reason="libzmq lets a peer be whoever it says")
def test_nobody_says_who_he_is(zmq: Library) -> None:
    server = zmq.socket(zmq.PULL)
    with rawpeer.connect(zmq.bind(server, "tcp")) as peer:
        say(peer, Socket_Type=b"PUSH", User_Id=b"root")
        peer.send(message(b"x"))
        part = server.recv(copy=False)
    with zmq.refused(errno.EINVAL):
        part.get("User-Id")


def test_two_peers_and_frames_that_were_received_ahead(zmq: Library) -> None:
    """Each frame has its own peer, also behind many that were received before, and
    after the peer has gone."""
    server = zmq.socket(zmq.PULL)
    endpoint = zmq.bind(server, "tcp")
    names = (b"one", b"two")
    with rawpeer.connect(endpoint) as one, rawpeer.connect(endpoint) as two:
        for name, peer in zip(names, (one, two)):
            say(peer, Socket_Type=b"PUSH", X_name=name)
            peer.send(message(name) * 100)
    plain = [server.recv() for _ in range(20)]  # the others are on their way
    parts = [server.recv(copy=False) for _ in range(180)]
    assert all(part.get("X-name").encode() == part.bytes for part in parts)
    found = plain + [part.bytes for part in parts]
    assert sorted(found) == sorted(names * 100)


def test_a_copy_keeps_them(zmq: Library) -> None:
    import copy

    received, *_ = exchange(zmq, "tcp")
    assert copy.copy(received[0]).get("Identity") == "me"


def test_what_we_say_of_ourselves(zmq: Library, network: str) -> None:
    """METADATA, on either side.  Of a name that comes again, the first value."""
    server, client = zmq.socket(zmq.ROUTER), zmq.socket(zmq.DEALER)
    for value in (b"X-hello:world", b"X-hello:again", b"X-a:b:c"):
        client.set(zmq.METADATA, value)
    server.set(zmq.METADATA, b"X-server:" + b"x" * 500)
    client.connect(zmq.bind(server, network))
    client.send(b"one")
    name, body = server.recv_multipart(copy=False)
    for part in (name, body):
        assert part.get("X-hello") == "world"
        assert part.get("X-a") == "b:c"
        assert part.get("Socket-Type") == "DEALER"
    server.send_multipart([name.bytes, b"two"])
    assert client.recv(copy=False).get("X-server") == "x" * 500


@pytest.mark.parametrize(
    "value",
    [b"", b"X-hello", b"X-hello:", b":world", b"hello:world", b"x-hello:world"]
    + [b"X-" + b"n" * 254 + b":v"],
)
def test_what_cannot_be_said(zmq: Library, value: bytes) -> None:
    sock = zmq.socket(zmq.DEALER)
    with zmq.refused(errno.EINVAL):
        sock.set(zmq.METADATA, value)
    sock.set(zmq.METADATA, b"X-" + b"n" * 253 + b":v")
    with zmq.refused(errno.EINVAL):
        sock.get(zmq.METADATA)


@pytest.mark.fails_on("pyzmq", reason="libzmq takes four bytes for an integer")
def test_a_short_property(zmq: Library) -> None:
    server, client = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH, metadata=b"X-:a")
    client.connect(zmq.bind(server, "tcp"))
    client.send(b"x")
    assert server.recv(copy=False).get("X-") == "a"


@pytest.mark.only("pymq")
@pytest.mark.parametrize("name", [b"X-\xe9", b"X-\n", b"X-\0"])
def test_a_name_is_printable_ascii(zmq: Library, name: bytes) -> None:
    """RFC 37: libzmq sends anything, which peers may refuse."""
    with zmq.refused(errno.EINVAL):
        zmq.socket(zmq.DEALER).set(zmq.METADATA, name + b":v")
