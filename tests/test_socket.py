"""The Socket class: convenience methods, arguments of the wrong type, identity."""

from __future__ import annotations

import errno
import pickle
import weakref
from typing import Any

import pytest
from library import Library
from marriage import marry
from patience import Background


@pytest.fixture
def couple(zmq: Library) -> tuple[Any, Any]:
    """Two PAIR sockets that hear each other over inproc."""
    a, b = zmq.socket(zmq.PAIR), zmq.socket(zmq.PAIR)
    marry(zmq, a, b, "inproc")
    return a, b


@pytest.mark.core
@pytest.mark.parametrize("value", ["text", None, 3, 3.5, [b"a"], object()])
def test_only_buffers_are_sent(couple: tuple[Any, Any], value: object) -> None:
    a, b = couple
    with pytest.raises(TypeError):
        a.send(value)
    with pytest.raises(TypeError):
        a.send_multipart([b"good", value])
    a.send(b"nothing of that was sent")
    assert b.recv() == b"nothing of that was sent"


@pytest.mark.core
def test_multipart_arguments(couple: tuple[Any, Any]) -> None:
    a, _ = couple
    with pytest.raises(IndexError):
        a.send_multipart([])
    with pytest.raises(TypeError):
        a.send_multipart(None)
    with pytest.raises(TypeError):
        a.send_multipart(part for part in [b"a"])


def test_a_scattered_buffer_is_refused(couple: tuple[Any, Any]) -> None:
    with pytest.raises(BufferError):
        couple[0].send(memoryview(b"abcdef")[::2])


@pytest.mark.core
def test_text(couple: tuple[Any, Any]) -> None:
    a, b = couple
    a.send_string("grüße")
    assert b.recv_string() == "grüße"
    a.send_string("grüße", encoding="latin-1")
    assert b.recv() == "grüße".encode("latin-1")
    with pytest.raises(TypeError):
        a.send_string(b"bytes")


@pytest.mark.core
def test_objects(couple: tuple[Any, Any]) -> None:
    a, b = couple
    value = {"key": [1, 2.5, None, "ü"]}
    a.send_json(value)
    assert b.recv_json() == value
    a.send_pyobj({1, 2})
    assert b.recv_pyobj() == {1, 2}
    a.send_serialized("ab", lambda text: [c.encode() for c in text])
    assert b.recv_serialized(b"+".join) == b"a+b"


@pytest.mark.core
def test_receive_into_a_buffer(couple: tuple[Any, Any]) -> None:
    a, b = couple
    buffer = bytearray(b"......")
    a.send(b"abc")
    assert b.recv_into(buffer) == 3
    assert buffer == b"abc..."
    a.send(b"12345")
    assert b.recv_into(buffer, nbytes=5) == 5
    assert buffer == b"12345."


@pytest.mark.only("pymq")
def test_what_a_buffer_has_no_room_for_is_not_lost(couple: tuple[Any, Any]) -> None:
    """pyzmq tells the size of all, and has thrown the rest away."""
    a, b = couple
    a.send_many([b"abcdefgh", b"xyz", b"123456", b"1234"])
    buffer = bytearray(6)
    assert b.recv_into(buffer) == 8
    assert buffer == b"abcdef"
    assert Background(b.recv_rest).result() == b""  # it is this thread's
    assert b.recv_rest() == b"gh"
    assert b.recv_rest() == b""
    assert b.recv_into(buffer, nbytes=1) == 3
    assert b.recv_into(buffer) == 6
    assert b.recv_rest() == b""
    assert b.recv_into(buffer, nbytes=3) == 4
    assert b.recv_rest() == b"4"


@pytest.mark.core
def test_frames(zmq: Library, couple: tuple[Any, Any]) -> None:
    a, b = couple
    a.send_multipart([b"first", b"last"], copy=False)
    first = b.recv(copy=False)
    last = b.recv(copy=False)
    assert (first.bytes, first.more) == (b"first", True)
    assert (last.bytes, last.more) == (b"last", False)
    assert (len(first), bytes(first.buffer)) == (5, b"first")
    a.send(zmq.Frame(b"a frame"))
    assert b.recv() == b"a frame"


def test_a_free_port_is_found(zmq: Library) -> None:
    pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    port = pull.bind_to_random_port("tcp://127.0.0.1")
    push.connect(f"tcp://127.0.0.1:{port}")
    push.send(b"x")
    assert pull.recv() == b"x"


@pytest.mark.core
def test_bind_and_connect_are_context_managers(zmq: Library) -> None:
    pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    with pull.bind("tcp://127.0.0.1:*"):
        endpoint = zmq.last_endpoint(pull)
        with push.connect(endpoint):
            push.send(b"x")
            assert pull.recv() == b"x"
        with zmq.refused(errno.ENOENT):
            push.disconnect(endpoint)
    with zmq.refused(errno.ENOENT):
        pull.unbind(endpoint)


def test_flags_are_integers(zmq: Library, couple: tuple[Any, Any]) -> None:
    a, _ = couple
    with pytest.raises(TypeError):
        a.recv("x")
    with pytest.raises(TypeError):
        a.send(b"", "x")


def test_sockets_are_known_by_identity(zmq: Library) -> None:
    a, b = zmq.socket(zmq.PUSH), zmq.socket(zmq.PUSH)
    assert a != b
    assert len({a, b, a}) == 2
    assert weakref.ref(a)() is a
    with pytest.raises(TypeError):
        pickle.dumps(a)


def test_repr(zmq: Library) -> None:
    sock = zmq.socket(zmq.PUSH)
    assert repr(sock).startswith("<zmq.Socket(zmq.PUSH) at ")
    sock.close()
    assert repr(sock).endswith("closed>")


def test_errors_carry_their_number_and_text(zmq: Library) -> None:
    sock = zmq.socket(zmq.REQ)
    with pytest.raises(zmq.ZMQError) as caught:
        sock.recv()
    assert caught.value.errno == zmq.EFSM
    assert str(caught.value) == caught.value.strerror == zmq.strerror(zmq.EFSM)
    assert not isinstance(caught.value, OSError)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.errno, str(copy)) == (caught.value.errno, str(caught.value))
    assert issubclass(zmq.Again, zmq.ZMQError)
    assert zmq.ZMQError(errno.EAGAIN).errno == errno.EAGAIN
