"""Frames as pyzmq's programs use them: as buffers, and to know when one is free."""

from __future__ import annotations

import gc
import sys
import time
from typing import Any

import pytest
from library import Library
from marriage import marry
from patience import until

from pymq import backend

exports = pytest.mark.skipif(
    sys.version_info < (3, 12) and backend.exporter() is None,
    reason="a class cannot lend a buffer",
)


@pytest.fixture
def couple(zmq: Library) -> tuple[Any, Any]:
    """A PUSH and a PULL socket that are connected over tcp."""
    a, b = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, a, b, "tcp")
    return a, b


@pytest.mark.core
@exports
@pytest.mark.parametrize("size", [0, 5, 33, 5000, 100_000])
def test_a_frame_is_a_buffer(zmq: Library, couple: tuple[Any, Any], size: int) -> None:
    a, b = couple
    body = bytes(range(256)) * (size // 256) + bytes(size % 256)
    made = zmq.Frame(body)
    assert memoryview(made) == body and bytes(memoryview(made)[:7]) == body[:7]
    a.send(made)
    frame = b.recv(copy=False)
    view = memoryview(frame)
    assert (view.ndim, view.shape, view.nbytes) == (1, (size,), size)
    assert view == body == frame.bytes == bytes(frame)
    assert bytearray(frame) == body
    del frame
    assert view == body


@pytest.mark.core
@pytest.mark.parametrize("size", [5, 33, 5000])
def test_what_was_received_can_be_written_to(
    zmq: Library, couple: tuple[Any, Any], size: int
) -> None:
    a, b = couple
    a.send(b"x" * size)
    frame = b.recv(copy=False)
    assert frame.buffer is frame.buffer
    assert not frame.buffer.readonly
    frame.buffer[0] = ord("y")
    assert frame.buffer.tobytes() == b"y" + b"x" * (size - 1)


def test_subclasses_of_frames(zmq: Library) -> None:
    class Mine(zmq.Frame):  # type: ignore[misc, name-defined]
        pass

    assert type(Mine(b"x")) is Mine
    assert isinstance(zmq.Frame(b"x"), zmq.Frame)


@pytest.mark.core
def test_a_scattered_buffer_makes_no_frame(zmq: Library) -> None:
    with pytest.raises(BufferError):
        zmq.Frame(memoryview(b"abcdef")[::2])


@pytest.mark.core
def test_bytes_are_a_copy_once(zmq: Library) -> None:
    body = b"some bytes"
    frame = zmq.Frame(body)
    assert frame.bytes == body and frame.bytes is frame.bytes


@pytest.mark.parametrize(
    "size, shown", [(9, ""), (20, "20B"), (2000, "2kB"), (2_000_000, "2MB")]
)
def test_how_long_frames_are_shown(zmq: Library, size: int, shown: str) -> None:
    text = f"{b'x' * 12!r}...{shown}" if shown else repr(b"x" * size)
    assert repr(zmq.Frame(b"x" * size)) == f"<zmq.Frame({text})>"


@pytest.mark.core
@pytest.mark.parametrize("multipart", [False, True])
def test_short_frames_are_tracked_until_they_have_left(
    zmq: Library, multipart: bool
) -> None:
    """With copy_threshold 0 the tracker tells of the sending, however short it is."""
    sender = zmq.socket(zmq.PUSH)
    sender.copy_threshold = 0
    endpoint = zmq.reserved("tcp")
    sender.connect(endpoint)
    send = sender.send_multipart if multipart else sender.send
    tracker = send([b"a", b"b"] if multipart else b"a", copy=False, track=True)
    time.sleep(0.05)  # for what must not happen
    assert not tracker.done
    receiver = zmq.socket(zmq.PULL)
    receiver.bind(endpoint)
    assert receiver.recv_multipart() == ([b"a", b"b"] if multipart else [b"a"])

    def left() -> bool:
        gc.collect()  # PyPy has not noticed that nobody has the frames any more
        return bool(tracker.done)

    until(left)
