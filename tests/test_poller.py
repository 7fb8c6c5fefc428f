"""Poller and select: sockets, descriptors and files in one wait."""

from __future__ import annotations

import os
import socket
from typing import Any, Iterator

import pytest
from library import Library
from marriage import marry
from patience import Background


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Both ends of a pipe."""
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


@pytest.fixture
def couple(zmq: Library, transport: str) -> tuple[Any, Any]:
    """A PUSH and a PULL that hear each other."""
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, transport)
    return push, pull


@pytest.mark.core
def test_sockets_are_reported_as_they_are(
    zmq: Library, couple: tuple[Any, Any]
) -> None:
    push, pull = couple
    poller = zmq.Poller()
    poller.register(push, zmq.POLLIN | zmq.POLLOUT)
    poller.register(pull, zmq.POLLIN)
    assert dict(poller.poll(0)) == {push: zmq.POLLOUT}
    push.send(b"")
    poller.modify(push, zmq.POLLIN)
    assert poller.poll(20_000) == [(pull, zmq.POLLIN)]
    pull.recv()
    assert poller.poll(0) == []


@pytest.mark.core
def test_waiting_ends_when_something_comes(
    zmq: Library, couple: tuple[Any, Any]
) -> None:
    push, pull = couple
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)
    for number in range(20):
        waiting = Background(lambda: poller.poll(20_000))
        push.send(b"%d" % number)
        assert waiting.result() == [(pull, zmq.POLLIN)]
        assert pull.recv() == b"%d" % number


@pytest.mark.core
def test_several_sockets(zmq: Library, transport: str) -> None:
    poller = zmq.Poller()
    couples = {}
    for _ in range(5):
        push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
        marry(zmq, pull, push, transport)
        poller.register(pull, zmq.POLLIN)
        couples[pull] = push
    for pull, push in couples.items():
        push.send(b"x")
        assert poller.poll(20_000) == [(pull, zmq.POLLIN)]
        pull.recv()
    for push in couples.values():
        push.send(b"x")
    for pull in couples:
        assert pull.poll(20_000)
    assert [sock for sock, _ in poller.poll(0)] == list(couples)


@pytest.mark.core
def test_descriptors(
    zmq: Library, pipe: tuple[int, int], couple: tuple[Any, Any]
) -> None:
    reader, writer = pipe
    push, pull = couple
    poller = zmq.Poller()
    poller.register(reader, zmq.POLLIN)
    poller.register(writer, zmq.POLLOUT)
    poller.register(pull, zmq.POLLIN)
    assert poller.poll(0) == [(writer, zmq.POLLOUT)]
    poller.unregister(writer)
    waiting = Background(lambda: poller.poll(20_000))
    os.write(writer, b"x")
    assert waiting.result() == [(reader, zmq.POLLIN)]
    push.send(b"x")
    assert pull.poll(20_000)
    assert dict(poller.poll(0)) == {reader: zmq.POLLIN, pull: zmq.POLLIN}


def test_files_are_reported_by_their_descriptor(zmq: Library) -> None:
    near, far = socket.socketpair()
    with near, far:
        poller = zmq.Poller()
        poller.register(near, zmq.POLLIN)
        far.send(b"x")
        assert poller.poll(20_000) == [(near.fileno(), zmq.POLLIN)]


def test_a_hung_up_descriptor_is_an_error_event(zmq: Library) -> None:
    reader, writer = os.pipe()
    poller = zmq.Poller()
    poller.register(writer, zmq.POLLOUT)
    os.close(reader)
    [(found, events)] = poller.poll(20_000)
    assert found == writer
    assert events & zmq.POLLERR
    os.close(writer)


@pytest.mark.core
def test_an_empty_poller_does_not_wait(zmq: Library) -> None:
    for timeout in (0, 100_000, None, -1):
        assert zmq.Poller().poll(timeout) == []


def test_the_register(zmq: Library) -> None:
    poller, sock = zmq.Poller(), zmq.socket(zmq.PUSH)
    assert sock not in poller
    poller.register(sock)
    assert sock in poller
    assert poller.sockets == [(sock, zmq.POLLIN | zmq.POLLOUT)]
    poller.register(sock, zmq.POLLIN)  # again: replaces
    assert poller.sockets == [(sock, zmq.POLLIN)]
    poller.modify(sock, zmq.POLLOUT)
    assert poller.sockets == [(sock, zmq.POLLOUT)]
    poller.register(sock, 0)  # no events: forgets
    assert sock not in poller
    with pytest.raises(KeyError):
        poller.unregister(sock)


def test_what_cannot_be_polled(zmq: Library) -> None:
    poller = zmq.Poller()
    poller.register(object(), zmq.POLLIN)
    with pytest.raises(TypeError):
        poller.poll(0)


@pytest.mark.fails_on(
    "pyzmq", reason="it takes a closed socket for descriptor 0, the standard input"
)
def test_a_closed_socket_is_refused(zmq: Library) -> None:
    poller, sock = zmq.Poller(), zmq.socket(zmq.PULL)
    poller.register(sock, zmq.POLLIN)
    sock.close()
    with pytest.raises(zmq.ZMQError):
        poller.poll(0)


@pytest.mark.core
def test_term_ends_a_poll(zmq: Library, transport: str) -> None:
    context = zmq.context()
    pull = zmq.socket(zmq.PULL, context=context)
    zmq.bind(pull, transport)
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)
    waiting = Background(lambda: poller.poll())
    ending = Background(context.term)
    with pytest.raises(zmq.ContextTerminated):
        waiting.result()
    pull.close()
    ending.result()


@pytest.mark.core
def test_select(zmq: Library, pipe: tuple[int, int], couple: tuple[Any, Any]) -> None:
    push, pull = couple
    reader, writer = pipe
    assert zmq.select([pull], [push], [pull], 0) == ([], [push], [])
    push.send(b"x")
    assert zmq.select([pull], [], [], 20) == ([pull], [], [])
    os.write(writer, b"x")
    readable, writable, broken = zmq.select([pull, reader], [push, writer], [], 20)
    assert set(readable) == {pull, reader}
    assert set(writable) == {push, writer}
    assert broken == []


def test_a_timeout_in_part_milliseconds(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL)
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)
    assert poller.poll(0.5) == []
    assert pull.poll(1.5) == 0
