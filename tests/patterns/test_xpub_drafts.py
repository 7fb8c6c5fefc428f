"""Two options that libzmq calls drafts, and that its releases have all the same."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from library import Library
from marriage import marry
from patience import until

END = b"\1the end"

# XPUB_MANUAL_LAST_VALUE.


def _two(zmq: Library, transport: str, **options: int) -> tuple[Any, Any, Any]:
    """An XPUB, and two XSUBs that asked for A and were given it, the second last."""
    xpub = zmq.socket(zmq.XPUB, **options)
    endpoint = zmq.bind(xpub, transport)
    xsubs = []
    for _ in range(2):
        xsubs.append(zmq.socket(zmq.XSUB))
        xsubs[-1].connect(endpoint)
        xsubs[-1].send(b"\1A")
        assert xpub.recv() == b"\1A"
        xpub.set(zmq.SUBSCRIBE, b"A")
    return xpub, xsubs[0], xsubs[1]


def test_a_last_value_is_for_who_subscribed_last(zmq: Library, transport: str) -> None:
    xpub, first, second = _two(zmq, transport, xpub_manual_last_value=1)
    xpub.send_multipart([b"A last value", b"of two frames"])
    xpub.send(b"A for both")
    assert second.recv_multipart() == [b"A last value", b"of two frames"]
    for xsub in (first, second):
        assert xsub.recv() == b"A for both"


@pytest.mark.only("pymq")
def test_a_look_at_subscribers_is_no_message(zmq: Library) -> None:
    xpub, first, second = _two(zmq, "inproc", xpub_manual_last_value=1)
    assert xpub.wait_for_subscribers(2, b"A", timeout=0)
    xpub.send(b"A for the last")
    xpub.send(b"A for both")
    assert second.recv() == b"A for the last"
    for xsub in (first, second):
        assert xsub.recv() == b"A for both"


def test_a_last_value_that_does_not_match(zmq: Library, transport: str) -> None:
    """Is for nobody; what comes then is for all."""
    xpub, first, second = _two(zmq, transport, xpub_manual_last_value=1)
    xpub.set(zmq.UNSUBSCRIBE, b"A")
    xpub.set(zmq.SUBSCRIBE, b"B")
    xpub.send(b"A is not what the last one has")
    xpub.send(b"A")
    xpub.send(b"B")
    assert first.recv() == b"A"
    assert second.recv() == b"B"


def test_a_last_value_of_one_that_left(zmq: Library) -> None:
    """Then the message is for all others, as ever."""
    xpub, first, second = _two(zmq, "inproc", xpub_manual_last_value=1)
    second.close()
    until(lambda: xpub.poll(1) or first.poll(1))
    assert xpub.recv() == b"\0A"  # and this was the last notice
    xpub.send(b"A")
    assert first.recv() == b"A"


@pytest.mark.parametrize("last", [True, False])
def test_which_of_the_two_was_set(zmq: Library, last: bool) -> None:
    """XPUB_MANUAL alone makes nothing of last values; 0 takes both back."""
    xpub, first, second = _two(zmq, "inproc", xpub_manual=1)
    if last:
        xpub.set(zmq.XPUB_MANUAL_LAST_VALUE, 1)
        xpub.set(zmq.XPUB_MANUAL_LAST_VALUE, 0)
        with zmq.refused(errno.EINVAL):
            xpub.set(zmq.SUBSCRIBE, b"B")
    xpub.send(b"A")
    for xsub in (first, second):
        assert xsub.recv() == b"A"


# ONLY_FIRST_SUBSCRIBE.


def _upstream(
    zmq: Library, transport: str, kind: str, at: str, value: int = 1
) -> tuple[Any, Any]:
    """A publisher and an XSUB that are connected, of which one has the option."""
    pub, xsub = zmq.socket(getattr(zmq, kind)), zmq.socket(zmq.XSUB)
    (pub if at == "publisher" else xsub).set(zmq.ONLY_FIRST_SUBSCRIBE, value)
    marry(zmq, pub, xsub, transport)
    return pub, xsub


@pytest.mark.parametrize("at", ["publisher", "subscriber"])
def test_behind_a_users_frame_nothing_subscribes(
    zmq: Library, transport: str, at: str
) -> None:
    xpub, xsub = _upstream(zmq, transport, "XPUB", at)
    xpub.set(zmq.ONLY_FIRST_SUBSCRIBE, 1)
    xsub.send_multipart([b"user", b"\1A"])
    assert xpub.recv_multipart() == [b"user", b"\1A"]
    xsub.send(b"\1B")
    assert xpub.recv() == b"\1B"
    xpub.send(b"A")
    xpub.send(b"B")
    assert xsub.recv() == b"B"


def test_a_publisher_does_not_subscribe_either(zmq: Library, transport: str) -> None:
    pub, xsub = _upstream(zmq, transport, "PUB", "publisher")
    xsub.send_multipart([b"user", b"\1A"])
    xsub.send(b"\1B")
    until(lambda: pub.send(b"A") or pub.send(b"B") or xsub.poll(1))
    assert xsub.recv() == b"B"


def test_behind_a_subscription_others_count(zmq: Library, transport: str) -> None:
    xpub, xsub = _upstream(zmq, transport, "XPUB", "publisher")
    xsub.send_multipart([b"\1A", b"\1B"])
    xsub.send(END)
    heard = set()
    while END not in heard:
        heard.add(xpub.recv())
    assert heard >= {b"\1A", b"\1B"}
    xpub.send(b"B")
    assert xsub.recv() == b"B"


def test_without_it_every_frame_counts(zmq: Library, transport: str) -> None:
    xpub, xsub = _upstream(zmq, transport, "XPUB", "publisher", 0)
    xsub.send_multipart([b"user", b"\1A"])
    xsub.send(END)
    while xpub.recv() != END:
        pass
    xpub.send(b"A")
    assert xsub.recv() == b"A"


@pytest.mark.parametrize("name", ["XPUB_MANUAL_LAST_VALUE", "ONLY_FIRST_SUBSCRIBE"])
def test_who_has_them(zmq: Library, name: str) -> None:
    others = {"SUB", "PUSH", "ROUTER"} | (
        {"XSUB"} if name == "XPUB_MANUAL_LAST_VALUE" else set()
    )
    for kind in sorted({"PUB", "XPUB", "XSUB"} | others):
        sock = zmq.socket(getattr(zmq, kind))
        for value in (-1, 0, 1, 2):
            if value < 0 or kind in others:
                with zmq.refused(errno.EINVAL):
                    sock.set(getattr(zmq, name), value)
            else:
                sock.set(getattr(zmq, name), value)
        with zmq.refused(errno.EINVAL):
            sock.get(getattr(zmq, name))
