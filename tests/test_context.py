"""Context: its options, its limits, its shared instance."""

from __future__ import annotations

import errno

import pytest
from library import Library


@pytest.mark.core
def test_defaults(zmq: Library) -> None:
    context = zmq.context()
    assert context.get(zmq.IO_THREADS) == 1
    assert context.get(zmq.MAX_SOCKETS) == 1023
    assert context.get(zmq.SOCKET_LIMIT) == 65535
    assert not context.closed


@pytest.mark.core
def test_io_threads(zmq: Library) -> None:
    assert zmq.context(io_threads=3).get(zmq.IO_THREADS) == 3
    with zmq.refused(errno.EINVAL):
        zmq.context(io_threads=-1)
    for wrong in ("x", None):
        with pytest.raises(TypeError):
            zmq.context(io_threads=wrong)  # type: ignore[arg-type]


def test_unknown_options(zmq: Library) -> None:
    context = zmq.context()
    with zmq.refused(errno.EINVAL):
        context.get(999)
    with zmq.refused(errno.EINVAL):
        context.set(999, 1)
    with pytest.raises(AttributeError):
        context.no_such_option  # noqa: B018 - reading it is the test


@pytest.mark.core
def test_socket_types(zmq: Library) -> None:
    context = zmq.context()
    with zmq.refused(errno.EINVAL):
        context.socket(99)
    for wrong in ("PUSH", None):
        with pytest.raises(TypeError):
            context.socket(wrong)


def test_the_number_of_sockets_is_limited(zmq: Library) -> None:
    context = zmq.context()
    context.set(zmq.MAX_SOCKETS, 3)
    assert context.get(zmq.MAX_SOCKETS) == 3
    sockets = [zmq.socket(zmq.PUSH, context=context) for _ in range(3)]
    with zmq.refused(errno.EMFILE):
        context.socket(zmq.PUSH)
    assert len(sockets) == 3


def test_a_connection_needs_an_io_thread(zmq: Library) -> None:
    context = zmq.context(io_threads=0)
    sock = zmq.socket(zmq.PUSH, context=context)
    with zmq.refused(zmq.EMTHREAD):
        sock.bind("tcp://127.0.0.1:*")
    with zmq.refused(zmq.EMTHREAD):
        sock.connect("tcp://127.0.0.1:1")


@pytest.mark.core
def test_the_shared_instance(zmq: Library) -> None:
    shared = zmq.Context.instance()
    assert zmq.Context.instance() is shared
    shared.term()
    renewed = zmq.Context.instance()
    assert renewed is not shared
    assert not renewed.closed
    renewed.term()


def test_repr_counts_sockets(zmq: Library) -> None:
    context = zmq.context()
    assert repr(context).startswith("<zmq.Context(")
    zmq.socket(zmq.PUSH, context=context)
    assert "(1 socket)" in repr(context)
    zmq.socket(zmq.PUSH, context=context)
    assert "(2 sockets)" in repr(context)


def test_a_closed_context_says_so(zmq: Library) -> None:
    context = zmq.context()
    context.term()
    assert "closed" in repr(context)
    with zmq.refused(errno.ENOTSUP):
        context.socket(zmq.PUSH)
    with pytest.raises(RuntimeError):
        context.set(zmq.MAX_SOCKETS, 5)
