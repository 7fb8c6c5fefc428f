"""REQ and REP: strictly in turn, envelopes kept, strays dropped."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from library import Library
from marriage import marry
from patience import Background, until


@pytest.mark.core
@pytest.mark.parametrize("binder", ["req", "rep"])
def test_request_and_reply(zmq: Library, transport: str, binder: str) -> None:
    req, rep = zmq.socket(zmq.REQ), zmq.socket(zmq.REP)
    ends = (req, rep) if binder == "req" else (rep, req)
    marry(zmq, *ends, transport)
    for number in range(100):
        req.send_multipart([b"question", b"", b"%d" % number])
        assert rep.recv_multipart() == [b"question", b"", b"%d" % number]
        rep.send_multipart([b"", b"%d" % -number])
        assert req.recv_multipart() == [b"", b"%d" % -number]


def test_connect_before_bind(zmq: Library, transport: str) -> None:
    endpoint = zmq.reserved(transport)
    req, rep = zmq.socket(zmq.REQ), zmq.socket(zmq.REP)
    req.connect(endpoint)
    req.send(b"early")
    rep.bind(endpoint)
    assert rep.recv() == b"early"
    rep.send(b"reply")
    assert req.recv() == b"reply"


@pytest.mark.core
def test_the_order_of_calls_is_enforced(zmq: Library) -> None:
    req, rep = zmq.socket(zmq.REQ), zmq.socket(zmq.REP)
    marry(zmq, rep, req, "inproc")
    with zmq.refused(zmq.EFSM):
        req.recv()
    with zmq.refused(zmq.EFSM):
        rep.send(b"nobody asked")
    req.send(b"?")
    with zmq.refused(zmq.EFSM):
        req.send(b"and?")
    assert rep.recv() == b"?"
    with zmq.refused(zmq.EFSM):
        rep.recv()
    rep.send(b"!")
    assert req.recv() == b"!"
    with zmq.refused(zmq.EFSM):
        req.recv()


def test_a_message_must_be_read_to_its_end(zmq: Library) -> None:
    req, rep = zmq.socket(zmq.REQ), zmq.socket(zmq.REP)
    marry(zmq, rep, req, "inproc")
    req.send(b"1", zmq.SNDMORE)
    with zmq.refused(zmq.EFSM):
        req.recv()
    req.send(b"2")
    assert rep.recv() == b"1"
    with zmq.refused(zmq.EFSM):
        rep.send(b"too soon")
    assert rep.recv() == b"2"
    rep.send(b"3", zmq.SNDMORE)
    with zmq.refused(zmq.EFSM):
        rep.recv()
    rep.send(b"4")
    assert req.recv() == b"3"
    with zmq.refused(zmq.EFSM):
        req.send(b"too soon")
    assert req.recv() == b"4"
    req.send(b"next")
    assert rep.recv() == b"next"


def test_requests_go_round(zmq: Library, transport: str) -> None:
    req = zmq.socket(zmq.REQ)
    reps = [zmq.socket(zmq.REP) for _ in range(3)]
    for rep in reps:
        req.connect(zmq.bind(rep, transport))
    for turn in range(6):
        req.send(b"%d" % turn)
        rep = reps[turn % 3]
        assert rep.recv() == b"%d" % turn
        rep.send(b"done")
        assert req.recv() == b"done"


def test_requests_are_taken_in_turn(zmq: Library, transport: str) -> None:
    rep = zmq.socket(zmq.REP)
    endpoint = zmq.bind(rep, transport)
    reqs = [zmq.socket(zmq.REQ) for _ in range(3)]
    for number, req in enumerate(reqs):
        req.connect(endpoint)
        req.send(b"%d" % number)
    asked = []
    for _ in reqs:
        asked.append(rep.recv())
        rep.send(b"re " + asked[-1])
    assert sorted(asked) == [b"0", b"1", b"2"]
    assert [req.recv() for req in reqs] == [b"re 0", b"re 1", b"re 2"]


def test_the_envelope_is_kept(zmq: Library, transport: str) -> None:
    rep, dealer = zmq.socket(zmq.REP), zmq.socket(zmq.DEALER)
    marry(zmq, rep, dealer, transport)
    dealer.send_multipart([b"far", b"near", b"", b"body", b"", b"tail"])
    assert rep.recv_multipart() == [b"body", b"", b"tail"]
    rep.send(b"reply")
    assert dealer.recv_multipart() == [b"far", b"near", b"", b"reply"]


def test_a_request_without_delimiter_is_dropped(zmq: Library, transport: str) -> None:
    rep, dealer = zmq.socket(zmq.REP), zmq.socket(zmq.DEALER)
    marry(zmq, rep, dealer, transport)
    dealer.send(b"no delimiter")
    dealer.send_multipart([b"none", b"here", b"either"])
    dealer.send_multipart([b"", b"good"])
    assert rep.recv_multipart() == [b"good"]
    rep.send(b"reply")
    assert dealer.recv_multipart() == [b"", b"reply"]


def test_a_request_with_an_empty_body(zmq: Library, transport: str) -> None:
    req, rep = zmq.socket(zmq.REQ), zmq.socket(zmq.REP)
    marry(zmq, rep, req, transport)
    req.send(b"")
    assert rep.recv_multipart() == [b""]
    rep.send(b"")
    assert req.recv_multipart() == [b""]


def test_on_the_wire_a_request_is_an_empty_frame_and_the_body(
    zmq: Library, transport: str
) -> None:
    router, req = zmq.socket(zmq.ROUTER), zmq.socket(zmq.REQ)
    req.connect(zmq.bind(router, transport))
    req.send_multipart([b"a", b"b"])
    peer, *rest = router.recv_multipart()
    assert rest == [b"", b"a", b"b"]
    router.send_multipart([peer, b"", b"c"])
    assert req.recv_multipart() == [b"c"]


def test_a_req_skips_what_is_no_reply(zmq: Library) -> None:
    """Over inproc; a connection with a malformed reply is ended, see badinput."""
    router, req = zmq.socket(zmq.ROUTER), zmq.socket(zmq.REQ)
    req.connect(zmq.bind(router, "inproc"))
    req.send(b"question")
    peer = router.recv_multipart()[0]
    router.send_multipart([peer, b"no delimiter"])
    router.send_multipart([peer, b"no", b"delimiter"])
    router.send_multipart([peer, b"", b"reply"])
    assert req.recv_multipart() == [b"reply"]


def test_a_second_reply_does_not_answer_the_next_request(zmq: Library) -> None:
    """Over inproc, where it has certainly arrived before the next request."""
    router, req = zmq.socket(zmq.ROUTER), zmq.socket(zmq.REQ)
    marry(zmq, router, req, "inproc")
    req.send(b"first")
    peer = router.recv_multipart()[0]
    for reply in (b"1", b"stale", b"stale"):
        router.send_multipart([peer, b"", reply])
    assert req.recv() == b"1"
    req.send(b"second")
    assert router.recv_multipart() == [peer, b"", b"second"]
    router.send_multipart([peer, b"", b"2"])
    assert req.recv() == b"2"


def test_only_the_peer_that_was_asked_may_answer(zmq: Library) -> None:
    req = zmq.socket(zmq.REQ)
    routers = [zmq.socket(zmq.ROUTER) for _ in range(2)]
    for router in routers:
        req.connect(zmq.bind(router, "inproc"))
    names = []
    for router in routers:
        req.send(b"who are you?")
        names.append(router.recv_multipart()[0])
        router.send_multipart([names[-1], b"", b"me"])
        assert req.recv() == b"me"
    req.send(b"question")
    assert routers[0].recv_multipart()[1:] == [b"", b"question"]
    routers[1].send_multipart([names[1], b"", b"wrong"])
    routers[0].send_multipart([names[0], b"", b"right"])
    assert req.recv() == b"right"


def test_a_reply_to_a_vanished_peer_is_dropped(zmq: Library, transport: str) -> None:
    rep = zmq.socket(zmq.REP)
    endpoint = zmq.bind(rep, transport)
    leaving = zmq.socket(zmq.REQ)
    leaving.connect(endpoint)
    leaving.send(b"question")
    assert rep.recv() == b"question"
    leaving.close(linger=0)
    rep.send(b"to nobody")
    staying = zmq.socket(zmq.REQ)
    staying.connect(endpoint)
    staying.send(b"question")
    assert rep.recv() == b"question"
    rep.send(b"answer")
    assert staying.recv() == b"answer"


def test_a_bound_req_without_peer_cannot_send(zmq: Library, transport: str) -> None:
    req = zmq.socket(zmq.REQ)
    zmq.bind(req, transport)
    with zmq.refused(errno.EAGAIN):
        req.send(b"to nobody", zmq.DONTWAIT)


@pytest.mark.parametrize("who", ["req", "rep"])
@pytest.mark.parametrize("how", ["close", "term"])
def test_nothing_is_received_after_the_end(zmq: Library, who: str, how: str) -> None:
    context = zmq.context()
    req, rep = zmq.socket(zmq.REQ, context), zmq.socket(zmq.REP, context)
    marry(zmq, req, rep, "inproc")
    req.send(b"question")
    if who == "req":
        assert rep.recv() == b"question"
        rep.send(b"answer")
    sock = req if who == "req" else rep
    assert sock.get(zmq.EVENTS) == zmq.POLLIN  # it may have been fetched for that
    if how == "close":
        sock.close()
        code = errno.ENOTSOCK
    else:
        ending = Background(context.term)
        until(lambda: _is_over(zmq, sock))
        code = zmq.ETERM
    for receive in (sock.recv, sock.recv_multipart):
        with zmq.refused(code):
            receive(zmq.DONTWAIT)
    req.close()
    rep.close()
    if how == "term":
        ending.result()


def _is_over(zmq: Library, sock: Any) -> bool:
    try:
        sock.get(zmq.EVENTS)
    except zmq.ContextTerminated:
        return True
    return False
