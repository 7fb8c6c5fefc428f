"""REQ_CORRELATE and REQ_RELAXED: which reply is the answer, and asking again."""

from __future__ import annotations

import errno

import pytest
from library import Library
from marriage import marry
from patience import until


def test_a_correlated_request_begins_with_its_number(
    zmq: Library, transport: str
) -> None:
    req, router = zmq.socket(zmq.REQ, req_correlate=1), zmq.socket(zmq.ROUTER)
    req.connect(zmq.bind(router, transport))
    numbers = set()
    for _ in range(3):
        req.send_multipart([b"a", b"b"])
        peer, number, *rest = router.recv_multipart()
        assert (len(number), rest) == (4, [b"", b"a", b"b"])
        numbers.add(number)
        router.send_multipart([peer, number, b"", b"c", b"d"])
        assert req.recv_multipart() == [b"c", b"d"]
    assert len(numbers) == 3


def test_correlation_goes_through_a_rep(zmq: Library, transport: str) -> None:
    req, rep = zmq.socket(zmq.REQ, req_correlate=1), zmq.socket(zmq.REP)
    marry(zmq, rep, req, transport)
    for number in range(10):
        req.send(b"%d" % number)
        assert rep.recv() == b"%d" % number
        rep.send(b"re %d" % number)
        assert req.recv() == b"re %d" % number


def test_only_the_right_number_answers(zmq: Library, transport: str) -> None:
    req, router = zmq.socket(zmq.REQ, req_correlate=1), zmq.socket(zmq.ROUTER)
    req.connect(zmq.bind(router, transport))
    req.send(b"question")
    peer, number, _, _ = router.recv_multipart()
    wrong = bytes([number[0] ^ 1]) + number[1:]
    router.send_multipart([peer, wrong, b"", b"wrong"])
    router.send_multipart([peer, b"", b"no number"])
    router.send_multipart([peer, number, b"", b"right"])
    assert req.recv_multipart() == [b"right"]


def test_malformed_envelopes_are_skipped(zmq: Library) -> None:
    """Over inproc; on the network they end the connection."""
    req, router = zmq.socket(zmq.REQ, req_correlate=1), zmq.socket(zmq.ROUTER)
    req.connect(zmq.bind(router, "inproc"))
    req.send(b"question")
    peer, number, _, _ = router.recv_multipart()
    for reply in ([number], [number, b"x", b"1"], [number, b""], [number + b"0", b""]):
        router.send_multipart([peer, *reply])
    router.send_multipart([peer, number, b"", b"right"])
    assert req.recv_multipart() == [b"right"]


def test_correlation_may_change_between_requests(zmq: Library) -> None:
    req, router = zmq.socket(zmq.REQ), zmq.socket(zmq.ROUTER)
    req.connect(zmq.bind(router, "inproc"))
    for correlated in (0, 1, 0):
        req.set(zmq.REQ_CORRELATE, correlated)
        req.send(b"?")
        peer, *envelope, body = router.recv_multipart()
        assert (len(envelope), body) == (1 + correlated, b"?")
        router.send_multipart([peer, *envelope, b"!"])
        assert req.recv() == b"!"


def test_a_relaxed_req_may_ask_again(zmq: Library, transport: str) -> None:
    req, rep = zmq.socket(zmq.REQ, req_relaxed=1), zmq.socket(zmq.REP)
    marry(zmq, rep, req, transport)
    req.send(b"first")
    assert req.poll(0, zmq.POLLOUT) == zmq.POLLOUT
    req.send(b"second")
    for question in (b"first", b"second"):
        assert rep.recv() == question
        rep.send(b"re " + question)
    assert req.recv() == b"re first"  # nothing says whose reply it is
    with zmq.refused(zmq.EFSM):
        req.recv()


def test_a_correlated_relaxed_req_skips_stale_replies(
    zmq: Library, transport: str
) -> None:
    rep = zmq.socket(zmq.REP)
    req = zmq.socket(zmq.REQ, req_relaxed=1, req_correlate=1)
    marry(zmq, rep, req, transport)
    for number in range(5):
        req.send(b"%d" % number)
    for number in range(5):
        assert rep.recv() == b"%d" % number
        rep.send(b"re %d" % number)
    assert req.recv() == b"re 4"
    with zmq.refused(zmq.EFSM):
        req.recv()
    req.send(b"next")
    assert rep.recv() == b"next"


def test_a_reply_that_is_there_may_be_given_up(zmq: Library) -> None:
    req, rep = zmq.socket(zmq.REQ, req_relaxed=1), zmq.socket(zmq.REP)
    marry(zmq, rep, req, "inproc")
    req.send(b"first")
    assert rep.recv() == b"first"
    rep.send_multipart([b"re", b"first"])
    assert req.recv() == b"re"  # half of it
    req.send(b"second")
    assert rep.recv() == b"second"
    rep.send(b"re second")
    assert req.recv() == b"re second"
    assert not req.get(zmq.RCVMORE)


def test_a_relaxed_req_asks_its_peers_in_turn(zmq: Library, transport: str) -> None:
    """A late reply from one does not answer the question put to the other."""
    req = zmq.socket(zmq.REQ, req_relaxed=1, req_correlate=1)
    reps = [zmq.socket(zmq.REP) for _ in range(2)]
    for rep in reps:
        req.connect(zmq.bind(rep, transport))
    for number in range(4):
        req.send(b"%d" % number)
    for number in (0, 2):
        assert reps[0].recv() == b"%d" % number
        reps[0].send(b"late")
    for number in (1, 3):
        assert reps[1].recv() == b"%d" % number
        reps[1].send(b"re %d" % number)
    assert req.recv() == b"re 3"
    req.send(b"4")
    assert reps[0].recv() == b"4"
    reps[0].send(b"re 4")
    assert req.recv() == b"re 4"


def test_a_late_reply_of_another_peer_is_no_answer(zmq: Library) -> None:
    """Without REQ_CORRELATE, too."""
    req = zmq.socket(zmq.REQ, req_relaxed=1)
    reps = [zmq.socket(zmq.REP) for _ in range(2)]
    for rep in reps:
        req.connect(zmq.bind(rep, "inproc"))
    req.send(b"0")
    req.send(b"1")
    assert reps[0].recv() == b"0"
    reps[0].send(b"late")
    assert reps[1].recv() == b"1"
    reps[1].send(b"right")
    assert req.recv() == b"right"


def test_a_relaxed_req_that_cannot_ask_again_has_given_up(zmq: Library) -> None:
    req, rep = zmq.socket(zmq.REQ, req_relaxed=1, sndhwm=1), zmq.socket(zmq.REP)
    rep.set(zmq.RCVHWM, 1)
    req.connect(zmq.bind(rep, "inproc"))
    req.send(b"1")
    req.send(b"2")
    assert req.poll(0, zmq.POLLOUT) == 0
    with zmq.refused(errno.EAGAIN):
        req.send(b"3", zmq.DONTWAIT)
    with zmq.refused(zmq.EFSM):
        req.recv()


def test_events_of_a_relaxed_req(zmq: Library) -> None:
    req, rep = zmq.socket(zmq.REQ, req_relaxed=1), zmq.socket(zmq.REP)
    marry(zmq, rep, req, "inproc")
    assert req.get(zmq.EVENTS) == zmq.POLLOUT
    req.send(b"?")
    assert req.get(zmq.EVENTS) == zmq.POLLOUT
    assert rep.recv() == b"?"
    rep.send(b"!")
    until(lambda: req.get(zmq.EVENTS) == zmq.POLLOUT | zmq.POLLIN)
    req.set(zmq.REQ_RELAXED, 0)
    assert req.get(zmq.EVENTS) == zmq.POLLIN
    with zmq.refused(zmq.EFSM):
        req.send(b"again")
    assert req.recv() == b"!"


def test_a_relaxed_req_survives_its_peer(zmq: Library, network: str) -> None:
    """The lost request is simply sent again."""
    req = zmq.socket(zmq.REQ, req_relaxed=1, req_correlate=1, reconnect_ivl=10)
    context = zmq.context()
    first = zmq.socket(zmq.REP, context=context)
    endpoint = marry(zmq, first, req, network)
    req.send(b"lost")
    assert first.recv() == b"lost"
    first.close(linger=0)
    context.term()
    second = zmq.socket(zmq.REP)
    second.bind(endpoint)

    def asked_again() -> bool:
        req.send(b"again", zmq.DONTWAIT)
        return bool(second.poll(20))

    until(asked_again)
    assert second.recv() == b"again"


@pytest.mark.parametrize("name", ["REQ_CORRELATE", "REQ_RELAXED"])
def test_values(zmq: Library, name: str) -> None:
    option = getattr(zmq, name)
    req = zmq.socket(zmq.REQ)
    for value in (0, 1, 2):
        req.set(option, value)
    with zmq.refused(errno.EINVAL):
        req.set(option, -1)
    with zmq.refused(errno.EINVAL):
        req.get(option)
    for kind in (zmq.REP, zmq.DEALER, zmq.PUSH):
        with zmq.refused(errno.EINVAL):
            zmq.socket(kind).set(option, 1)
