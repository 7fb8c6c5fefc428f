"""Context.term, destroy, and close under the feet of a blocked call."""

from __future__ import annotations

import errno
import gc
import signal
import threading
import warnings
from typing import Any, Callable

import pytest
from library import Library
from marriage import marry
from patience import Background, until


def _blocking(zmq: Library) -> list[tuple[int, Callable[[Any], Any]]]:
    return [
        (zmq.PULL, lambda sock: sock.recv()),
        (zmq.PULL, lambda sock: sock.recv_multipart()),
        (zmq.PULL, lambda sock: sock.poll()),
        (zmq.PUSH, lambda sock: sock.send(b"to nobody")),
    ]


@pytest.mark.core
@pytest.mark.parametrize("case", range(4))
def test_term_ends_blocked_calls(zmq: Library, transport: str, case: int) -> None:
    context = zmq.context()
    kind, call = _blocking(zmq)[case]
    sock = zmq.socket(kind, context=context, rcvtimeo=-1, sndtimeo=-1)
    zmq.bind(sock, transport)
    blocked = Background(lambda: call(sock))
    ending = Background(context.term)
    with pytest.raises(zmq.ContextTerminated) as caught:
        blocked.result()
    assert caught.value.errno == zmq.ETERM
    assert ending.running
    sock.close(linger=0)
    ending.result()


def test_after_term_every_call_is_refused(zmq: Library) -> None:
    context = zmq.context()
    sock = zmq.socket(zmq.PULL, context=context)
    zmq.bind(sock, "inproc")
    blocked = Background(sock.recv)
    ending = Background(context.term)
    with pytest.raises(zmq.ContextTerminated):
        blocked.result()
    with pytest.raises(zmq.ContextTerminated):
        sock.recv(zmq.DONTWAIT)
    with pytest.raises(zmq.ContextTerminated):
        sock.poll(0)
    with pytest.raises(zmq.ContextTerminated):
        sock.bind("inproc://late")
    with zmq.refused(zmq.ETERM):
        context.socket(zmq.PULL)
    sock.close()
    ending.result()
    assert context.closed


@pytest.mark.core
def test_term_without_sockets(zmq: Library) -> None:
    context = zmq.context()
    context.term()
    assert context.closed
    context.term()
    context.destroy()
    with zmq.refused(errno.ENOTSUP):
        context.socket(zmq.PUSH)
    with pytest.raises(RuntimeError):
        context.get(zmq.IO_THREADS)


@pytest.mark.core
def test_destroy_closes_the_sockets(zmq: Library, transport: str) -> None:
    context = zmq.context()
    push, pull = (zmq.socket(kind, context=context) for kind in (zmq.PUSH, zmq.PULL))
    marry(zmq, push, pull, transport)
    push.send(b"dropped")
    Background(lambda: context.destroy(linger=0)).result()
    assert (push.closed, pull.closed, context.closed) == (True, True, True)


def test_a_context_manager_destroys(zmq: Library) -> None:
    with zmq.context() as context:
        pass
    assert context.closed


@pytest.mark.core
def test_a_socket_is_a_context_manager(zmq: Library) -> None:
    with zmq.socket(zmq.PULL) as pull:
        zmq.bind(pull, "tcp")
        assert not pull.closed
    assert pull.closed


@pytest.mark.core
def test_close_may_be_repeated(zmq: Library) -> None:
    sock = zmq.socket(zmq.PUSH)
    for _ in range(3):
        sock.close()
        assert sock.closed
        sock.close(linger=0)


@pytest.mark.core
def test_a_closed_socket_refuses_everything(zmq: Library) -> None:
    sock = zmq.socket(zmq.PUSH)
    sock.close()
    calls: list[Callable[[], Any]] = [
        lambda: sock.send(b""),
        lambda: sock.send_multipart([b""]),
        lambda: sock.recv(),
        lambda: sock.recv_multipart(),
        lambda: sock.bind("inproc://closed"),
        lambda: sock.connect("inproc://closed"),
        lambda: sock.unbind("inproc://closed"),
        lambda: sock.disconnect("inproc://closed"),
        lambda: sock.get(zmq.LINGER),
        lambda: sock.get(zmq.EVENTS),
        lambda: sock.set(zmq.LINGER, 0),
        lambda: sock.linger,
        lambda: sock.fileno(),
    ]
    for call in calls:
        with zmq.refused(errno.ENOTSOCK):
            call()
    with zmq.refused(errno.ENOTSUP):
        sock.poll(0)
    assert sock.type == zmq.PUSH
    assert "closed" in repr(sock)


@pytest.mark.only("pymq")
@pytest.mark.parametrize("case", range(4))
def test_close_ends_a_blocked_call(zmq: Library, transport: str, case: int) -> None:
    """libzmq forbids it: its sockets crash the process when two threads meet."""
    kind, call = _blocking(zmq)[case]
    sock = zmq.socket(kind, rcvtimeo=-1, sndtimeo=-1)
    zmq.bind(sock, transport)
    blocked = Background(lambda: call(sock))
    sock.close(linger=0)
    with pytest.raises(zmq.ZMQError) as caught:
        blocked.result()
    # A call that only begins after close finds a closed socket; so says poll.
    assert caught.value.errno in (errno.ENOTSOCK, errno.ENOTSUP)


@pytest.mark.fails_on("pyzmq", reason="its close and unbind end some time later")
@pytest.mark.parametrize("end", ["close", "drain", "unbind"])
def test_an_address_is_free_as_soon_as_close_returns(
    zmq: Library, transport: str, end: str
) -> None:
    """libzmq's close returns before its reaper has closed the listener."""
    context = zmq.context()
    stranger = zmq.socket(zmq.PUSH, context=context, reconnect_ivl=1)
    endpoint = zmq.reserved(transport)
    stranger.connect(endpoint)
    for number in range(1000):
        pull = context.socket(zmq.PULL)
        pull.bind(endpoint)
        if number % 100 == 0:
            push = zmq.socket(zmq.PUSH, context=context)
            push.connect(endpoint)
            push.send(b"x")
            assert pull.recv() == b"x"
            push.close()
        if end == "unbind":
            pull.unbind(endpoint)
        getattr(pull, "drain" if end == "drain" else "close")()


def test_a_port_is_free_after_term(zmq: Library) -> None:
    endpoint = ""
    for _ in range(5):
        context = zmq.context()
        sock = zmq.socket(zmq.PULL, context=context)
        if endpoint:
            sock.bind(endpoint)
        else:
            endpoint = zmq.bind(sock, "tcp")
        sock.close()
        context.term()


@pytest.mark.core
def test_an_unclosed_socket_warns(zmq: Library) -> None:
    context = zmq.context()
    sock = context.socket(zmq.PUSH)
    with pytest.warns(ResourceWarning, match="[Uu]nclosed"):
        del sock
        gc.collect()


def test_a_context_that_destroys_open_sockets_on_exit_warns(zmq: Library) -> None:
    context = zmq.context()
    sock = context.socket(zmq.PUSH)
    with pytest.warns(ResourceWarning), context:
        pass
    assert sock.closed


def test_closed_sockets_are_no_longer_the_contexts(zmq: Library) -> None:
    """An endless supply of sockets needs no endless memory or descriptors."""
    context = zmq.context()
    context.set(zmq.MAX_SOCKETS, 50)
    for _ in range(200):
        until(lambda: _opened_and_closed(zmq, context))


def _opened_and_closed(zmq: Library, context: Any) -> bool:
    """libzmq gives a socket's place back some time after close."""
    try:
        context.socket(zmq.PAIR).close()
    except zmq.ZMQError as error:
        assert error.errno == errno.EMFILE
        return False
    return True


def test_contexts_do_not_disturb_each_other(zmq: Library, network: str) -> None:
    ending, staying = zmq.context(), zmq.context()
    push = zmq.socket(zmq.PUSH, context=staying)
    pull = zmq.socket(zmq.PULL, context=staying)
    marry(zmq, push, pull, network)
    other = zmq.socket(zmq.PULL, context=ending)
    zmq.bind(other, network)
    ending.destroy(linger=0)
    push.send(b"still here")
    assert pull.recv() == b"still here"


@pytest.mark.only("pymq")
def test_term_tells_what_it_waits_for(
    zmq: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libzmq's waits for ever, in silence."""
    monkeypatch.setattr("pymq.context.WARN_AFTER", 0.05)
    context = zmq.context()
    push = zmq.socket(zmq.PUSH, context=context)
    push.connect(zmq.reserved("tcp"))
    for _ in range(3):
        push.send(b"for nobody")
    endpoint = zmq.last_endpoint(push)
    push.close()
    pull = zmq.socket(zmq.PULL, context=context)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ending = Background(context.term)
        until(lambda: caught)
    text = str(caught[0].message)
    assert caught[0].category is zmq.LingerWarning
    assert f"not sent: 3 messages of a PUSH to {endpoint}" in text
    assert f"not closed: {pull}" in text
    assert ending.running
    pull.close()
    late = zmq.socket(zmq.PULL)
    late.bind(endpoint)
    assert late.recv() == b"for nobody"
    ending.result()


@pytest.mark.only("pymq")
def test_that_warning_may_be_an_error(
    zmq: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which gets out of `term`, as Ctrl-C does; another goes on waiting."""
    monkeypatch.setattr("pymq.context.WARN_AFTER", 0.05)
    context = zmq.context()
    pull = zmq.socket(zmq.PULL, context=context)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(zmq.LingerWarning, match="not closed"):
            context.term()
    assert not context.closed
    pull.close()
    Background(context.term).result()
    assert context.closed


@pytest.mark.only("pymq")
def test_term_names_what_is_nobodys(
    zmq: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a socket that is gone, and has not ended, its kind at least."""
    monkeypatch.setattr("pymq.context.WARN_AFTER", 0.05)
    context = zmq.context()
    pull = zmq.socket(zmq.PULL, context=context)
    context._disown(pull)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ending = Background(context.term)
        until(lambda: caught)
    assert str(caught[0].message).endswith("; not closed: a PULL")
    pull.close()
    ending.result()


@pytest.mark.only("pymq")
@pytest.mark.parametrize("call", ["term", "drain", "flush"])
def test_ctrl_c_gets_out(zmq: Library, call: str) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    context = zmq.context()
    push = zmq.socket(zmq.PUSH, context=context)
    push.connect(zmq.reserved("tcp"))
    push.send(b"for nobody")
    here = threading.get_ident()
    interrupting = threading.Timer(0.1, signal.pthread_kill, (here, signal.SIGINT))
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupting.start()
            (context.term if call == "term" else getattr(push, call))()
    finally:
        signal.signal(signal.SIGINT, before)
    assert push.closed is (call == "drain")
    if call == "drain":
        assert push.drain(linger=0) == (0, 1)
