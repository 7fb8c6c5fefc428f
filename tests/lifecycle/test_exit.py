"""A program that just ends: what it has sent is sent, within a bound."""

from __future__ import annotations

import os
import platform
from typing import Any

import pytest
from library import Library
from patience import until
from scripts import Script

SEND = """
zmq.Context.exit_linger = 3_600_000  # on a busy machine 5 s may be over before
context = zmq.Context()
push = context.socket(zmq.PUSH)
push.connect(endpoint)
for number in range(40):
    push.send_multipart([b"%d" % number, bytes(1000000)])
"""
SENDS = {
    "left open": SEND,
    "closed": SEND + "push.close()",
    "lent": SEND.replace("bytes(1000000)]", "bytearray(1000000)], copy=False"),
    "dropped": SEND
    + """
import gc, warnings
warnings.simplefilter("ignore")
del push, context
gc.collect()
""",
    "the shared context": SEND.replace("zmq.Context()", "zmq.Context.instance()")
    + "raise SystemExit(0)",
}

#: Warnings are errors: that concerns nobody but those who warn.
STRICT = (
    """
import gc, warnings
warnings.simplefilter("error")
others = [zmq.Context().socket(zmq.PULL) for _ in range(3)]
"""
    + SEND
)
STRICTLY = {
    "left open": STRICT,
    "dropped": STRICT + "del push\ngc.collect()",
    "and the context": STRICT + "del push, context\ngc.collect()",
    "with": STRICT + "with context: pass",
}

NOBODY = """
zmq.Context.exit_linger = 300
context = zmq.Context()
push = context.socket(zmq.PUSH)
push.connect(endpoint)
for number in range(3):
    push.send(b"for nobody")
"""


def _receive_all(pull: Any) -> None:
    for number in range(40):
        name, body = pull.recv_multipart()
        assert (name, len(body)) == (b"%d" % number, 1_000_000)


@pytest.mark.core
@pytest.mark.fails_on("pyzmq", reason="its threads end with the process")
@pytest.mark.parametrize("how", list(SENDS))
def test_what_was_sent_is_sent(zmq: Library, network: str, how: str) -> None:
    pull = zmq.socket(zmq.PULL)
    with Script(zmq, SENDS[how], zmq.bind(pull, network)) as script:
        _receive_all(pull)
        ended = script.ended()
        assert (ended.code, ended.stderr) == (0, "")


@pytest.mark.core
@pytest.mark.only("pymq")
@pytest.mark.parametrize("how", list(STRICTLY))
def test_warnings_may_be_errors(zmq: Library, network: str, how: str) -> None:
    """It is sent all the same, and all ends."""
    pull = zmq.socket(zmq.PULL)
    with Script(zmq, STRICTLY[how], zmq.bind(pull, network)) as script:
        _receive_all(pull)
        ended = script.ended()
    assert ended.code == (how == "with")
    assert "ResourceWarning: Unclosed " in ended.stderr
    assert "LingerWarning" not in ended.stderr


@pytest.mark.only("pymq")
@pytest.mark.parametrize("body", ["pass", "raise ValueError('no')"])
def test_what_does_not_close_is_named(zmq: Library, body: str) -> None:
    """And stops nobody else."""
    text = f"""
class Stubborn(zmq.Socket):
    def close(self, linger=None):
        {body}

soon = zmq.Context()
soon.exit_linger = 300
stubborn = soon.socket(zmq.PULL, Stubborn)
stubborn.bind("tcp://127.0.0.1:*")
"""
    pull = zmq.socket(zmq.PULL)
    with Script(zmq, text + SEND, zmq.bind(pull, "tcp")) as script:
        for number in range(40):
            assert pull.recv_multipart()[0] == b"%d" % number
        ended = script.ended()
    assert ended.code == 0
    assert "LingerWarning: dropped at exit: not closed: a PULL\n" in ended.stderr
    assert ("ValueError: no" in ended.stderr) is ("no" in body)


@pytest.mark.core
@pytest.mark.only("pymq")
def test_for_nobody_there_is_a_bound(zmq: Library, network: str) -> None:
    with Script(zmq, NOBODY, zmq.reserved(network)) as script:
        ended = script.ended()
    assert ended.code == 0
    assert "LingerWarning: dropped at exit: 3 messages of a PUSH to " in ended.stderr
    assert ended.seconds > 0.3


@pytest.mark.only("pymq")
@pytest.mark.parametrize("how", ["push.linger = 0", "push.close(linger=0)"])
def test_the_end_obeys_linger(zmq: Library, how: str) -> None:
    text = NOBODY.replace("300", "3_600_000") + how
    with Script(zmq, text, zmq.reserved("tcp")) as script:
        assert script.ended()[:2] == (0, "")


@pytest.mark.only("pymq")
@pytest.mark.skipif(os.name != "posix", reason="there are no signals of POSIX here")
def test_ctrl_c_ends_the_end(zmq: Library) -> None:
    """But for what must not be left out: memory is going to be freed."""
    text = NOBODY.replace("300", "3_600_000")
    text += """
import atexit
from pymq import exits
exits.call_last(lambda: print("last", flush=True))
atexit.register(print, "ending", flush=True)
"""
    with Script(zmq, text, zmq.reserved("tcp")) as script:
        assert script.line() == "ending"
        until(lambda: script.interrupted())  # the first may end the print
        assert script.line() == "last"
        assert "KeyboardInterrupt" in script.ended().stderr


@pytest.mark.only("pymq")
@pytest.mark.skipif(os.name != "posix", reason="there are no signals of POSIX here")
@pytest.mark.skipif(
    platform.python_implementation() == "PyPy",
    reason="its atexit does nothing after Ctrl-C",
)
def test_after_ctrl_c_in_term_the_end_waits_no_more(zmq: Library) -> None:
    text = NOBODY.replace("300", "3_600_000")
    text += """
import os, signal, threading
push.close()
threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
context.term()
"""
    with Script(zmq, text, zmq.reserved("tcp")) as script:
        ended = script.ended()
    assert "KeyboardInterrupt" in ended.stderr
    assert "dropped at exit: 3 messages" in ended.stderr


@pytest.mark.only("pymq")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_waits_for_nothing_of_its_parent(zmq: Library) -> None:
    text = """
import os, warnings
warnings.simplefilter("ignore")
zmq.Context.exit_linger = 3_600_000
context = zmq.Context()
push = context.socket(zmq.PUSH)
push.connect(endpoint)
push.send(b"for nobody")
child = os.fork()
if child:
    assert os.waitpid(child, 0)[1] == 0
    push.close(linger=0)
"""
    with Script(zmq, text, zmq.reserved("tcp")) as script:
        assert script.ended()[:2] == (0, "")
