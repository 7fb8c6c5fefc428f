"""Frames, buffers that are not copied, and trackers of when they are free."""

from __future__ import annotations

import copy
import gc
import subprocess
import sys
from typing import Any

import pytest
from library import Library
from marriage import marry
from patience import until

LONG = 1 << 20


def _couple(zmq: Library, transport: str = "tcp") -> tuple[Any, Any]:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, transport)
    return push, pull


def _collected(tracker: Any) -> bool:
    gc.collect()
    return bool(tracker.done)


def test_a_buffer_is_free_when_its_tracker_says_so(
    zmq: Library, transport: str
) -> None:
    push, pull = _couple(zmq, transport)
    for number in range(5):
        data = bytearray(b"%d" % number * LONG)
        tracker = push.send(data, copy=False, track=True)
        assert pull.recv() == data
        assert tracker.wait(20) is None
        assert tracker.done
        data[:] = b"x" * LONG


def test_a_receiver_that_is_slow(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH)
    endpoint = zmq.reserved("tcp")
    push.connect(endpoint)
    tracker = push.send(bytes(LONG), copy=False, track=True)
    assert not tracker.done
    with pytest.raises(zmq.NotDone):
        tracker.wait(0.01)
    pull = zmq.socket(zmq.PULL)
    pull.bind(endpoint)
    assert pull.recv() == bytes(LONG)
    tracker.wait(20)


def test_a_message_that_is_dropped(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH)
    push.connect(zmq.reserved("tcp"))
    tracker = push.send_multipart([b"", bytes(LONG)], copy=False, track=True)
    assert not tracker.done
    push.close(linger=0)
    tracker.wait(20)


def test_what_is_short_is_copied(zmq: Library) -> None:
    push, pull = _couple(zmq, "inproc")
    data = bytearray(b"short")
    tracker = push.send(data, copy=False, track=True)
    assert tracker.done
    data[:] = b"other"
    assert pull.recv() == b"short"


def test_the_threshold_is_the_sockets(zmq: Library) -> None:
    push, pull = _couple(zmq, "inproc")
    push.copy_threshold = 2 * LONG
    data = bytearray(LONG)
    assert push.send(data, copy=False, track=True).done
    data[:] = b"x" * LONG
    assert pull.recv() == bytes(LONG)


def test_a_frame_is_kept_by_who_made_it(zmq: Library) -> None:
    push, pull = _couple(zmq)
    frame = zmq.Frame(bytearray(LONG), track=True)
    twin = copy.copy(frame)
    trackers = [push.send(frame, copy=False), push.send(frame)]
    assert pull.recv() == pull.recv() == bytes(LONG)
    assert not any(tracker.done for tracker in trackers)
    both = zmq.MessageTracker(frame, *trackers)
    del frame
    assert not _collected(both)
    del twin
    until(lambda: _collected(both))


def test_only_tracked_frames_have_a_tracker(zmq: Library) -> None:
    push, pull = _couple(zmq)
    frame = zmq.Frame(b"data")
    assert frame.tracker is None
    assert push.send(frame) is None
    with pytest.raises(ValueError):
        push.send(frame, track=True)
    with pytest.raises(ValueError):
        zmq.MessageTracker(frame)
    assert zmq.Frame(b"short", track=True).tracker.done
    assert not zmq.Frame(b"short", track=True, copy=False).tracker_event.is_set()
    assert pull.recv() == b"data"


def test_a_frame_that_copies(zmq: Library) -> None:
    data = bytearray(b"ab")
    copied, shared = zmq.Frame(data), zmq.Frame(data, copy=False)
    data[0] = ord("x")
    assert copied.bytes == b"ab"
    assert bytes(shared.buffer) == b"xb"


def test_a_frame_goes_on_without_a_copy(zmq: Library, transport: str) -> None:
    push, middle = _couple(zmq, transport)
    onward, pull = _couple(zmq, transport)
    body = bytes(range(256)) * (LONG // 256)
    for _ in range(3):
        push.send_multipart([b"", body])
        for frame in middle.recv_multipart(copy=False):
            onward.send(frame, zmq.SNDMORE if frame.more else 0)
            del frame
        assert pull.recv_multipart() == [b"", body]


def test_a_frame_outlives_its_socket(zmq: Library, transport: str) -> None:
    context = zmq.context()
    push, pull = zmq.socket(zmq.PUSH, context), zmq.socket(zmq.PULL, context)
    marry(zmq, pull, push, transport)
    push.send(b"x" * LONG)
    frame = pull.recv(copy=False)
    view = frame.buffer
    assert (len(frame), view.nbytes, frame.more) == (LONG, LONG, False)
    push.close()
    pull.close()
    context.term()
    del frame
    assert view == b"x" * LONG


def test_req_rep(zmq: Library) -> None:
    req, rep = zmq.socket(zmq.REQ), zmq.socket(zmq.REP)
    marry(zmq, rep, req, "tcp")
    for _ in range(3):
        tracker = req.send(bytearray(LONG), copy=False, track=True)
        frame = rep.recv(copy=False)
        rep.send(frame)
        assert req.recv(copy=False).bytes == bytes(LONG)
        del frame
        tracker.wait(20)


@pytest.mark.only("native", "pure")
def test_a_process_may_end_with_unsent_messages(zmq: Library) -> None:
    program = f"""
import socket, pymq
peer = socket.create_server(("127.0.0.1", 0))
pymq.Context.exit_linger = 100
context = pymq.Context(backend={zmq.tag!r})
push = context.socket(pymq.PUSH)
push.connect("tcp://127.0.0.1:%d" % peer.getsockname()[1])
keep = push, peer
tracker = push.send(bytearray(1 << 26), copy=False, track=True)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], timeout=60, check=False
    )
    assert done.returncode == 0
