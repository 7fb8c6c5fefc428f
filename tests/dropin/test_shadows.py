"""Shadows: several objects for one socket or one context."""

from __future__ import annotations

import copy
import errno
import gc
import threading
import warnings
from typing import Any

import pytest
from library import Library
from marriage import marry

from pymq.shadow import Handle

#: What a shadow may have of its own, of all that the classes declare.
OWN = {
    "Socket": {"copy_threshold", "_monitor_socket"},
    "Context": {
        "_instance",
        "_instance_lock",
        "_instance_pid",
        "_socket_class",
        "exit_linger",
        "sockopts",
    },
}


@pytest.fixture
def couple(zmq: Library) -> tuple[Any, Any]:
    """Two PAIR sockets that hear each other over inproc."""
    a, b = zmq.socket(zmq.PAIR), zmq.socket(zmq.PAIR)
    marry(zmq, a, b, "inproc")
    return a, b


def _shadows(zmq: Library, of: Any, cls: Any) -> list[Any]:
    """Of every making."""
    return [cls(of), cls(shadow=of), cls.shadow(of), cls.shadow(of.underlying)]


@pytest.mark.core
def test_a_shadow_is_the_same_socket(zmq: Library, couple: tuple[Any, Any]) -> None:
    a, b = couple
    for shadow in _shadows(zmq, a, zmq.Socket):
        assert shadow is not a
        assert (shadow.underlying, shadow.type) == (a.underlying, a.type)
        shadow.send(b"by the shadow")
        assert b.recv() == b"by the shadow"
        shadow.linger = 17
        assert a.linger == 17
        a.linger = 0


@pytest.mark.core
def test_forgetting_a_shadow_closes_nothing(
    zmq: Library, couple: tuple[Any, Any]
) -> None:
    a, b = couple
    for shadow in _shadows(zmq, a, zmq.Socket):
        del shadow
    gc.collect()
    a.send(b"still there")
    assert b.recv() == b"still there"


@pytest.mark.core
def test_closed_through_one_it_is_closed_for_all(zmq: Library) -> None:
    first = zmq.socket(zmq.PUSH)
    shadows = _shadows(zmq, first, zmq.Socket)
    shadows[0].close()
    assert first.closed and all(one.closed for one in shadows)
    with zmq.refused(errno.ENOTSOCK):
        shadows[1].send(b"x")
    zmq.context().term()  # of nothing left over


@pytest.mark.only("pymq")
def test_a_bound_address_is_free_when_a_shadow_closes(zmq: Library) -> None:
    first = zmq.socket(zmq.PULL)
    endpoint = zmq.bind(first, "tcp")
    zmq.Socket.shadow(first).unbind(endpoint)
    zmq.socket(zmq.PULL).bind(endpoint)


def test_an_object_keeps_its_original(zmq: Library) -> None:
    made = zmq.main.socket(zmq.PULL)
    shadow = zmq.Socket.shadow(made)
    del made
    gc.collect()
    assert not shadow.closed
    assert shadow._shadow and shadow.context is zmq.main
    shadow.close()


@pytest.mark.only("pymq")
def test_a_number_keeps_nothing(zmq: Library) -> None:
    """In pyzmq what is left is an address in freed memory."""
    made = zmq.main.socket(zmq.PULL)
    number = made.underlying
    shadow = zmq.Socket.shadow(number)
    with pytest.warns(ResourceWarning):
        del made
        gc.collect()
    assert shadow.closed
    with zmq.refused(errno.ENOTSOCK):
        zmq.Socket.shadow(number)
    with zmq.refused(errno.ENOTSOCK):
        zmq.Socket.shadow(zmq.main.underlying)


def test_a_shadow_of_nothing(zmq: Library) -> None:
    for nothing in ("text", 1.5):
        with pytest.raises((TypeError, ValueError)):
            zmq.Socket.shadow(nothing)


@pytest.mark.core
def test_attributes_are_each_ones_own(zmq: Library) -> None:
    class Named(zmq.Socket):  # type: ignore[misc, name-defined]
        name = "class"

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.name = "before"
            super().__init__(*args, **kwargs)

    first = zmq.socket(zmq.PUSH)
    one, other = Named(first), Named.shadow(first)
    one.name = "changed"
    assert (one.name, other.name) == ("changed", "before")
    assert not hasattr(first, "name")


def test_fileno_of_a_shadow(zmq: Library, couple: tuple[Any, Any]) -> None:
    """Who asked first gets what changes, too."""
    a, b = couple
    shadow = zmq.Socket.shadow(b)
    a.send(b"x")
    assert shadow.poll(20000)
    assert b.fileno() == shadow.fileno()
    assert shadow.recv() == b"x"
    assert not b.poll(0)


@pytest.mark.core
def test_a_context_by_another_name(zmq: Library) -> None:
    first = zmq.context()
    for shadow in _shadows(zmq, first, zmq.Context):
        assert shadow.underlying == first.underlying
        with shadow.socket(zmq.PAIR) as a, first.socket(zmq.PAIR) as b:
            endpoint = zmq.address("inproc")
            a.bind(endpoint)
            b.connect(endpoint)
            a.send(b"x")
            assert b.recv() == b"x"
    del shadow
    gc.collect()
    assert not first.closed


@pytest.mark.core
def test_a_context_that_was_terminated(zmq: Library) -> None:
    first = zmq.context()
    shadow = zmq.Context.shadow(first)
    first.term()
    with zmq.refused(errno.EFAULT):
        shadow.socket(zmq.PUSH)


@pytest.mark.only("pymq")
def test_terminated_through_a_shadow(zmq: Library) -> None:
    """pyzmq's original does not notice, and terminates it once more."""
    first = zmq.context()
    zmq.Context.shadow(first).term()
    assert first.closed
    with zmq.refused(errno.EFAULT):
        zmq.Context.shadow(12345678)


@pytest.mark.core
def test_copies_are_shadows(zmq: Library) -> None:
    first = zmq.socket(zmq.PUSH)
    for duplicate in (copy.copy(first), copy.deepcopy(first)):
        assert duplicate._shadow and duplicate.underlying == first.underlying
    context = copy.copy(zmq.main)
    assert context._shadow and context.underlying == zmq.main.underlying


def test_defaults_of_options_are_each_contexts_own(zmq: Library) -> None:
    first = zmq.context()
    shadow = zmq.Context.shadow(first)
    shadow.linger = 5
    with shadow.socket(zmq.PUSH) as one, first.socket(zmq.PUSH) as other:
        assert (one.linger, other.linger) == (5, -1)


def test_no_warning_of_a_shadow(zmq: Library) -> None:
    first = zmq.socket(zmq.PUSH)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shadow = zmq.Socket.shadow(first)
        del shadow
        gc.collect()


@pytest.mark.only("pymq")
def test_shadows_made_while_it_closes(zmq: Library) -> None:
    """None of them, in whichever thread, takes it for open."""
    for _ in range(200):
        first = zmq.main.socket(zmq.PUSH)
        made: list[Any] = []
        start = threading.Barrier(3)

        def shadow(of: Any = first, into: Any = made, start: Any = start) -> None:
            start.wait()
            into.append(zmq.Socket.shadow(of))

        threads = [threading.Thread(target=shadow) for _ in range(2)]
        for thread in threads:
            thread.start()
        start.wait()
        first.close()
        for thread in threads:
            thread.join()
        assert first.closed and all(one.closed for one in made)
        assert len({one.underlying for one in [first, *made]}) == 1


@pytest.mark.only("native", "pure")
@pytest.mark.parametrize("kind", ["Socket", "Context"])
def test_all_state_is_shared_or_known_to_be_each_handles_own(
    zmq: Library, kind: str
) -> None:
    """What a class declares beside `_shared` a shadow would not have."""
    cls = getattr(zmq, kind)
    declared = {
        name
        for base in cls.__mro__
        if base is not Handle
        for name in vars(base).get("__annotations__", {})
    }
    assert declared - set(cls._shared) == OWN[kind]
