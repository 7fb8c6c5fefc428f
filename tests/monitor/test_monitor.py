"""Monitors themselves: where they send to, what they keep, how they end."""

from __future__ import annotations

import asyncio
import errno
import struct
from typing import Any

import pytest
from library import Library
from patience import Background, until
from watching import Watch, monitor_tools, names

DROPS = 2000  # events that wait: the marks of both ends


def test_only_the_wanted_events(zmq: Library) -> None:
    server = zmq.socket(zmq.PULL)
    watched = Watch(zmq, server, zmq.EVENT_ACCEPTED | zmq.EVENT_MONITOR_STOPPED)
    client = zmq.socket(zmq.PUSH)
    client.connect(zmq.bind(server, "tcp"))
    client.send(b"x")
    assert server.recv() == b"x"
    server.close()
    assert names(watched.to_the_end()) == ["ACCEPTED", "MONITOR_STOPPED"]


def test_the_message(zmq: Library) -> None:
    server = zmq.socket(zmq.PULL)
    reader = server.get_monitor_socket(zmq.EVENT_LISTENING)
    endpoint = zmq.bind(server, "tcp")
    head, where = reader.recv_multipart()
    event, value = struct.unpack("=Hi", head)
    assert event == zmq.EVENT_LISTENING
    assert value > 0
    assert where == endpoint.encode()
    parsed = monitor_tools(zmq).parse_monitor_message([head, where])
    assert parsed == {"event": event, "value": value, "endpoint": where}
    assert isinstance(parsed["event"], zmq.constants.Event)


@pytest.mark.parametrize("msg", [[], [b"123456"], [b"12345", b""], [b"123456"] * 3])
def test_no_event(zmq: Library, msg: list[bytes]) -> None:
    with pytest.raises(RuntimeError):
        monitor_tools(zmq).parse_monitor_message(msg)


def test_events_to_await(zmq: Library) -> None:
    class Later:
        def recv_multipart(self, flags: int) -> Any:
            async def message() -> list[bytes]:
                return [struct.pack("=Hi", zmq.EVENT_CLOSED, 7), b"somewhere"]

            return asyncio.ensure_future(message())

    async def receive() -> Any:
        return await monitor_tools(zmq).recv_monitor_message(Later())

    event = asyncio.run(receive())
    assert event == {"event": zmq.EVENT_CLOSED, "value": 7, "endpoint": b"somewhere"}


@pytest.mark.parametrize(
    ("address", "events", "code"),
    [
        ("tcp://127.0.0.1:*", 1, errno.EPROTONOSUPPORT),
        ("nothing", 1, errno.EINVAL),
        ("inproc://", 1, errno.EINVAL),
        ("inproc://name", 0x10000, errno.EINVAL),
        ("inproc://taken", 1, errno.EADDRINUSE),
    ],
)
def test_bad_monitors(zmq: Library, address: str, events: int, code: int) -> None:
    zmq.socket(zmq.PAIR).bind("inproc://taken")
    with zmq.refused(code):
        zmq.socket(zmq.PUSH).monitor(address, events)


@pytest.mark.only("pymq")
def test_a_reader_that_cannot_be_made(zmq: Library) -> None:
    """Nothing is left of it."""
    context = zmq.context()
    context.set(zmq.MAX_SOCKETS, 1)
    sock = zmq.socket(zmq.PULL, context)
    with zmq.refused(errno.EMFILE):
        sock.get_monitor_socket(addr="inproc://reader")
    context.set(zmq.MAX_SOCKETS, 2)
    with zmq.refused(errno.EPROTONOSUPPORT):
        sock.get_monitor_socket(addr="tcp://127.0.0.1:*")
    sock.get_monitor_socket(addr="inproc://reader")


def test_an_address_is_text(zmq: Library) -> None:
    sock = zmq.socket(zmq.PUSH)
    sock.monitor(b"inproc://name", 1)
    with pytest.raises(TypeError):
        sock.monitor(3, 1)


def test_a_closed_socket(zmq: Library) -> None:
    sock = zmq.socket(zmq.PUSH)
    sock.close()
    for call in (sock.disable_monitor, sock.get_monitor_socket):
        with zmq.refused(errno.ENOTSOCK):
            call()


def test_one_monitor_replaces_another(zmq: Library) -> None:
    sock = zmq.socket(zmq.PULL)
    readers = zmq.socket(zmq.PAIR), zmq.socket(zmq.PAIR)
    receive = monitor_tools(zmq).recv_monitor_message
    for number, reader in enumerate(readers):
        sock.monitor(f"inproc://{number}")
        reader.connect(f"inproc://{number}")
    zmq.bind(sock, "tcp")
    assert receive(readers[0])["event"] == zmq.EVENT_MONITOR_STOPPED
    assert receive(readers[1])["event"] == zmq.EVENT_LISTENING
    sock.monitor(None, 0)
    assert receive(readers[1])["event"] == zmq.EVENT_MONITOR_STOPPED


@pytest.mark.fails_on("pyzmq", reason="its old monitor may still hold the name")
def test_an_endpoint_is_free_again_at_once(zmq: Library) -> None:
    sock = zmq.socket(zmq.PULL)
    for _ in range(3):
        sock.monitor("inproc://same")
    sock.close()
    zmq.socket(zmq.PAIR).bind("inproc://same")


def test_one_reader_until_it_is_closed(zmq: Library) -> None:
    sock = zmq.socket(zmq.PULL)
    reader = sock.get_monitor_socket(zmq.EVENT_CLOSED, "inproc://here")
    assert reader.type == zmq.PAIR
    assert sock.get_monitor_socket() is reader
    reader.close()
    other = sock.get_monitor_socket()
    assert other is not reader
    sock.disable_monitor()
    receive = monitor_tools(zmq).recv_monitor_message
    assert receive(other)["event"] == zmq.EVENT_MONITOR_STOPPED
    other.close()


@pytest.mark.fails_on("pyzmq", reason="the first event waits for a reader: bind hangs")
def test_nobody_reads(zmq: Library) -> None:
    """Events wait for a reader that comes later; the socket does not."""
    server, client = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    server.monitor("inproc://later")
    endpoint = Background(lambda: zmq.bind(server, "tcp")).result()
    client.connect(endpoint)
    client.send(b"x")
    assert server.recv() == b"x"
    reader = zmq.socket(zmq.PAIR)
    reader.connect("inproc://later")
    receive = monitor_tools(zmq).recv_monitor_message
    seen = [receive(reader)["event"].name for _ in range(3)]
    assert seen == ["LISTENING", "ACCEPTED", "HANDSHAKE_SUCCEEDED"]


@pytest.mark.only("pymq")
def test_a_second_reader(zmq: Library) -> None:
    """When the first has gone; until then there is room for one."""
    sock = zmq.socket(zmq.PULL)
    sock.monitor("inproc://readers")
    for _ in range(3):
        reader = zmq.socket(zmq.PAIR)
        reader.connect("inproc://readers")
        zmq.bind(sock, "tcp")
        event = monitor_tools(zmq).recv_monitor_message(reader)
        assert event["event"] == zmq.EVENT_LISTENING
        reader.close()


@pytest.mark.fails_on("pyzmq", reason="its I/O thread waits for the reader: bind hangs")
@pytest.mark.parametrize("there", [True, False], ids=["reader", "no reader"])
def test_a_reader_that_sleeps(zmq: Library, there: bool) -> None:
    """It gets the first events, and the last; in between it misses some, but keeps
    nobody waiting."""
    sock = zmq.socket(zmq.PULL)
    sock.monitor("inproc://slow")
    reader = zmq.socket(zmq.PAIR)
    if there:
        reader.connect("inproc://slow")
    room = DROPS if there else DROPS // 2
    for _ in range(room // 2 + 50):
        endpoint = zmq.bind(sock, "tcp")
        sock.unbind(endpoint)
    assert sock.monitor_dropped == 100
    if not there:
        reader.connect("inproc://slow")
    sock.disable_monitor()
    receive = monitor_tools(zmq).recv_monitor_message
    seen = [receive(reader)["event"].name for _ in range(room + 1)]
    assert seen == ["LISTENING", "CLOSED"] * (room // 2) + ["MONITOR_STOPPED"]
    assert reader.poll(0) == 0


def test_the_end_of_the_context(zmq: Library) -> None:
    context = zmq.context()
    sock = zmq.socket(zmq.PULL, context)
    reader = sock.get_monitor_socket()
    zmq.bind(sock, "tcp")
    ending = Background(context.term)
    until(lambda: _terminated(zmq, reader))
    reader.close()
    sock.close()
    ending.result()


def _terminated(zmq: Library, reader: Any) -> bool:
    try:
        reader.recv_multipart(zmq.DONTWAIT)
    except zmq.ContextTerminated:
        return True
    except zmq.Again:
        pass
    return False


@pytest.mark.only("pymq")
def test_a_monitor_with_nobody_left(zmq: Library) -> None:
    """A reader that closes first loses what comes, and nothing else happens."""
    server, client = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    server.get_monitor_socket().close()
    client.connect(zmq.bind(server, "tcp"))
    client.send(b"x")
    assert server.recv() == b"x"
    server.disable_monitor()
    assert server.monitor_dropped > 0
