"""Hubs that send and receive in turns, and the envelopes (REQ, REP)."""

from __future__ import annotations

import errno
import random
import select
import socket
import subprocess
import sys
from typing import NamedTuple, Union

import pytest
from patience import Background, until
from workbench import DEALER, PULL, PUSH, REP, REQ, ROUTER, Bench, frame, read_exactly

from pymq.backend.abc import Hub, HubOption, Moved
from pymq.constants import Errno

IN, OUT = 1, 2
LONG = 30_000  # ms: to wait is to hang
MORE = 1
EFSM, AGAIN = -Errno.EFSM, -errno.EAGAIN


class Ends(NamedTuple):
    """A pair of hubs."""

    asks: Hub
    answers: Hub


def ends(bench: Bench, asks: bool = True, answers: bool = True) -> Ends:
    """REQ or DEALER, joined with REP or ROUTER."""
    made = Ends(
        bench.hub(REQ if asks else DEALER), bench.hub(REP if answers else ROUTER)
    )
    bench.join(*made)[1].name(b"them")
    return made


def sent(hub: Hub, *frames: bytes) -> None:
    """Send a message."""
    assert hub.send_message(frames) == 0


def quick(hub: Hub) -> Union[bytes, int, None]:
    """Receive as `Socket.recv` does."""
    found = hub.quick_recv()
    return hub.recv() if found is None else found


@pytest.mark.core
def test_turns(bench: Bench) -> None:
    req, rep = ends(bench)
    for number in range(3):
        body = b"%d" % number
        assert (req.ready(), rep.ready()) == (OUT, 0)
        assert (quick(req), rep.send(b"")) == (EFSM, EFSM)
        assert req.quick_send(body) == 0
        assert (req.ready(), rep.ready()) == (0, IN)
        assert (req.quick_send(b""), quick(req)) == (EFSM, AGAIN)
        assert quick(rep) == body
        assert (req.ready(), rep.ready()) == (0, OUT)
        assert quick(rep) == EFSM
        assert rep.quick_send(b"re " + body) == 0
        assert (req.ready(), rep.ready()) == (IN, 0)
        assert quick(req) == b"re " + body


@pytest.mark.parametrize("size", [0, 255, 256, 4096, 4097, 16384, 100_000])
def test_bodies_of_any_size(bench: Bench, size: int) -> None:
    """Whether they are copied or lent, nothing but the envelope is before them."""
    req, rep = ends(bench)
    body = random.Random(size).randbytes(size)
    for message in ([body], [body, b"", body]):
        sent(req, *message)
        assert rep.recv_message() == message
        sent(rep, *message)
        assert req.recv_message() == message
    assert req.send(body, True) == req.send(body) == 0
    for more in (True, False):
        found = rep.recv_from()
        assert not isinstance(found, int)
        assert (bytes(found[0]), found[2]) == (body, more)


def test_on_the_wire(bench: Bench) -> None:
    req = bench.hub(REQ)
    _, far = bench.link(req)
    for number in range(50):
        body = b"%d" % number * (number % 9)
        assert req.send(body) == 0
        wire = frame(b"", MORE) + frame(body)
        assert read_exactly(far, len(wire)) == wire
        far.sendall(wire)
        assert bench.recv(req) == [body]


def test_envelopes_of_any_kind_are_given_back(bench: Bench) -> None:
    dealer, rep = ends(bench, asks=False)
    parts = [b"x" * size for size in (1, 255, 300, 5000, 70_000)]
    for envelope in ([], parts[:1], parts, parts[::-1], [b"a"] * 2000):
        sent(dealer, b"no", b"envelope")
        sent(dealer, *envelope, b"", b"body", b"", b"tail")
        assert rep.recv_message() == [b"body", b"", b"tail"]
        sent(rep, b"reply")
        assert dealer.recv_message() == [*envelope, b"", b"reply"]


def test_what_is_no_reply_is_dropped(bench: Bench) -> None:
    req, router = ends(bench, answers=False)
    for number in range(2):
        sent(req, b"question")
        assert router.recv_message() == [b"them", b"", b"question"]
        for _ in range(300):  # as many as one look passes over, and more
            sent(router, b"them", b"x", b"y")
        sent(router, b"them", b"")
        sent(router, b"them", b"", b"reply", b"%d" % number)
        assert req.wait(IN, LONG) == IN
        assert bench.recv(req) == [b"reply", b"%d" % number]
        sent(router, b"them", b"", b"too late")


def test_a_request_by_number(bench: Bench) -> None:
    """`ask` may be called again, and takes a reply to any of the calls."""
    req, router = ends(bench, answers=False)
    assert req.send(b"part", True) == 0
    assert req.ask([b"now"], False) == EFSM
    assert req.send(b"rest") == 0
    assert router.recv_message() == [b"them", b"", b"part", b"rest"]
    assert req.ask([b"a", b"b"], False) == req.ask([b"a", b"b"], True) == 0
    first, second = router.recv_message(), router.recv_message()
    assert first == second
    assert isinstance(first, list) and first[2:] == [b"", b"a", b"b"]
    sent(router, b"them", b"", b"unnumbered")
    sent(router, *first[:3], b"reply")
    assert req.recv_message() == [b"reply"]
    assert req.ask([b"c"], False) == 0
    req.give_up()
    assert (req.recv_message(), req.ready()) == (EFSM, OUT)


def test_asking_nobody_waits_all_the_same(bench: Bench) -> None:
    req = bench.hub(REQ)
    assert req.ask([b"anybody?"], False) == AGAIN
    assert (req.recv(), req.send(b"")) == (AGAIN, EFSM)


@pytest.mark.parametrize("routing", [DEALER, PUSH, PULL, REP])
def test_others_do_not_ask(bench: Bench, routing: object) -> None:
    hub = bench.hub(routing)  # type: ignore[arg-type]
    assert hub.ask([b"?"], False) == -errno.ENOTSUP


def test_a_reply_that_is_given_up_in_the_middle(bench: Bench) -> None:
    req, rep = ends(bench)
    req.set(HubOption.RELAXED, 1)
    sent(req, b"1")
    assert quick(rep) == b"1"
    sent(rep, b"re", b"1")
    assert (quick(req), req.more) == (b"re", True)
    sent(req, b"2")
    assert (quick(req), quick(rep)) == (AGAIN, b"2")
    sent(rep, b"re 2")
    assert (quick(req), req.more) == (b"re 2", False)


@pytest.mark.parametrize("mandatory", [0, 1])
def test_a_reply_to_who_has_gone(bench: Bench, mandatory: int) -> None:
    req, rep = bench.hub(REQ), bench.hub(REP)
    rep.set(HubOption.MANDATORY, mandatory)
    pipe, _ = bench.join(req, rep)
    sent(req, b"question")
    assert quick(rep) == b"question"
    pipe.close(False)
    for _ in range(2):
        assert rep.send(b"part", True) == rep.send(b"rest") == 0
        assert rep.send(b"more") == EFSM
        pipe, _ = bench.join(req, rep)
        req.give_up()
        sent(req, b"again")
        assert quick(rep) == b"again"
        pipe.close(False)


def test_a_request_that_waits_behind_a_reply(bench: Bench) -> None:
    """A thread that sleeps until there is something hears when it is its turn."""
    rep = bench.hub(REP)
    dealers = [bench.hub(DEALER) for _ in range(2)]
    for dealer in dealers:
        bench.join(dealer, rep)
        sent(dealer, b"", b"question")
    assert quick(rep) == b"question"
    waiter = Background(lambda: rep.wait(IN, LONG))
    waiter.give(0.05)
    assert rep.send(b"reply") == 0
    assert waiter.result() == IN
    assert quick(rep) == b"question"


def test_late_replies_over_a_connection_that_is_lent(bench: Bench) -> None:
    """What has come when the next request is sent is no reply to it."""
    req = bench.hub(REQ)
    _, far = bench.link(req)
    wire = frame(b"", MORE) + frame(b"body")
    for number in range(10):
        assert req.send(b"body") == 0
        assert read_exactly(far, len(wire)) == wire
        late = frame(b"", MORE) + frame(b"late")
        far.sendall(frame(b"", MORE) + frame(b"%d" % number) + late * 3)
        assert bench.recv(req) == [b"%d" % number]


def test_many_at_once_and_moves(bench: Bench) -> None:
    req, rep = ends(bench)
    assert req.send_many([b"1", b"2"]) == 1
    assert (rep.recv_many(10) or rep.recv_message()) == [b"1"]
    assert rep.send_many([b"re 1", b"re 2"]) == 1
    assert rep.send_many([b"re 2"]) == EFSM
    assert (req.recv_many(10) or req.recv_message()) == [b"re 1"]
    for one, other in ((req, bench.hub(PUSH)), (bench.hub(PULL), rep)):
        assert one.move(other, 1) == Moved(0, 0, 0, -errno.EALREADY)


def test_after_the_end(bench: Bench) -> None:
    req, rep = ends(bench)
    sent(req, b"question")
    for hub in (req, rep):
        hub.stop(errno.ENOTSOCK)
        calls = (hub.ready(), quick(hub), hub.send(b""), hub.ask([b""], False))
        assert set(calls) == {-errno.ENOTSOCK}


def rings(fd: int) -> bool:
    """Whether a bell does, now."""
    return bool(select.select([fd], [], [], 0)[0])


@pytest.mark.parametrize("reads", [False, True])
def test_who_waits_hears_of_a_request_that_came_before_its_turn(
    bench: Bench, reads: bool
) -> None:
    first, rep = ends(bench)
    second = bench.hub(REQ)
    bench.join(second, rep)[1].name(b"others")
    sent(first, b"1")
    assert quick(rep) == b"1"
    sent(second, b"2")
    bell = rep.bell(IN, reads)
    bell.hush()
    assert rep.ready() == OUT and not rings(bell.fileno())
    sent(rep, b"re 1")
    assert rings(bell.fileno()) and rep.ready() == IN
    bell.close()


def test_who_waits_hears_that_it_is_its_turn_to_send(bench: Bench) -> None:
    req, rep = ends(bench)
    for hub, far, body in ((rep, req, b"1"), (req, rep, b"re 1")):
        sent(far, body, body)
        bell = hub.bell(OUT)
        bell.hush()
        assert hub.ready() == IN and not rings(bell.fileno())
        assert quick(hub) == body and not rings(bell.fileno())
        assert hub.recv() == body
        assert rings(bell.fileno()) and hub.ready() == OUT
        bell.close()


def test_who_waits_hears_that_a_request_was_given_up(bench: Bench) -> None:
    req, _ = ends(bench)
    sent(req, b"1")
    bell = req.bell(OUT)
    bell.hush()
    assert req.ready() == 0
    req.give_up()
    assert rings(bell.fileno()) and req.ready() == OUT
    bell.close()


def test_what_was_never_asked_is_not_asked_again_without_an_envelope(
    bench: Bench,
) -> None:
    req, rep = ends(bench)
    assert req.ask([b"1"], again=True) == 0
    assert quick(rep) == b"1"


FLOOD = """
import os, select, socket, sys
peer = socket.socket(fileno=int(sys.argv[1]))
peer.setblocking(True)
data = bytes((1, 0, 0, 0)) * 20000
for _ in range(20000):
    if select.select([0], [], [], 0)[0]:
        break
    try:
        peer.sendall(data)
    except OSError:
        break
else:
    sys.exit("nobody has ended it")
"""


def test_a_flood_of_replies_does_not_keep_who_asks(bench: Bench) -> None:
    """What comes while old replies are thrown away is thrown away later."""
    req = bench.hub(REQ)
    req.set(HubOption.RECV_HWM, 0)
    req.set(HubOption.RELAXED, 1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        far = socket.create_connection(listener.getsockname())
        near, _ = listener.accept()
    near.setblocking(False)
    bench.attach_fd(bench.pipe(req), near.detach())
    command = [sys.executable, "-c", FLOOD, str(far.fileno())]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, pass_fds=[far.fileno()]
    ) as flood:
        far.close()
        for _ in range(10):
            until(lambda: req.totals().waiting_in > 50_000)
            sent(req, b"1")
        assert flood.poll() is None
        assert flood.stdin
        flood.stdin.close()
        assert flood.wait() == 0
