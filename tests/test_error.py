"""Exceptions and error texts: what they carry, and that they are pyzmq's."""

from __future__ import annotations

import errno
import pickle
import threading
from typing import Any

import pytest

from pymq import constants, error
from pymq.error import (
    Again,
    ContextTerminated,
    DraftFDWarning,
    InterruptedSystemCall,
    NotDone,
    ZMQBaseError,
    ZMQBindError,
    ZMQError,
    ZMQVersionError,
    error_for,
    strerror,
    zmq_errno,
)

# Class name and arguments; everything about these is as in pyzmq.
EXCEPTIONS: list[tuple[str, tuple[Any, ...]]] = [
    ("ZMQError", (errno.EINVAL,)),
    ("ZMQError", (errno.EINVAL, "why")),
    ("ZMQError", (constants.EFSM,)),
    ("ZMQError", (99999,)),
    ("ZMQError", ("text",)),
    ("ZMQError", ("text", "why")),
    ("ZMQError", (None, "why")),
    ("ZMQError", ()),
    ("Again", ()),
    ("Again", (errno.EINVAL, "why")),
    ("ContextTerminated", ()),
    ("ContextTerminated", (errno.EINVAL, "why")),
    ("ZMQBindError", ("why",)),
    ("NotDone", ()),
    ("NotDone", ("why", 2)),
    ("DraftFDWarning", ("why",)),
]


@pytest.fixture(autouse=True)
def fresh() -> None:
    error._last.errno = 0


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "Success"),
        (constants.EFSM, "Operation cannot be accomplished in current state"),
        (
            constants.ENOCOMPATPROTO,
            "The protocol is not compatible with the socket type",
        ),
        (constants.ETERM, "Context was terminated"),
        (constants.EMTHREAD, "No thread available"),
        (constants.EHOSTUNREACH, "Host unreachable"),
    ],
)
def test_texts(number: int, text: str) -> None:
    assert strerror(number) == text


def test_texts_are_those_of_pyzmq() -> None:
    zmq = pytest.importorskip("zmq")
    numbers = [*constants.Errno, *errno.errorcode, 0, -1, 99999, 156384713]
    for number in numbers:
        assert strerror(number) == zmq.strerror(number)


def test_what_an_error_carries() -> None:
    plain = ZMQError(errno.EINVAL)
    assert (plain.errno, plain.strerror) == (errno.EINVAL, "Invalid argument")
    assert str(plain) == "Invalid argument"
    assert repr(plain) == "ZMQError('Invalid argument')"
    assert OSError not in type(plain).__mro__
    told = ZMQError("text")
    assert (told.errno, told.strerror) == (None, "text")
    assert ZMQError(errno.EINVAL, "").strerror == ""


@pytest.mark.parametrize(("name", "arguments"), EXCEPTIONS)
def test_exceptions_survive_pickling(name: str, arguments: tuple[Any, ...]) -> None:
    made = getattr(error, name)(*arguments)
    copy = pickle.loads(pickle.dumps(made))
    assert _facts(copy) == _facts(made)


@pytest.mark.parametrize(("name", "arguments"), EXCEPTIONS)
def test_exceptions_are_those_of_pyzmq(name: str, arguments: tuple[Any, ...]) -> None:
    theirs = pytest.importorskip("zmq", minversion="27").error
    made = getattr(theirs, name)(*arguments)
    if arguments == () and name == "ZMQError":
        made = theirs.ZMQError(0)
        made.args = ()
    assert _facts(getattr(error, name)(*arguments)) == _facts(made)


def _facts(made: Exception) -> dict[str, Any]:
    facts = {"str": str(made), "repr": repr(made), "args": made.args}
    facts["bases"] = [base.__name__ for base in type(made).__mro__]
    return {**facts, **vars(made)}


def test_names_are_those_of_pyzmq() -> None:
    theirs = pytest.importorskip("zmq", minversion="27").error
    assert set(error.__all__) == set(theirs.__all__)
    for name in (*theirs.__all__, "EINTR", "_check_rc", "_check_version"):
        ours = getattr(error, name)
        if isinstance(ours, type):
            bases = [base.__name__ for base in getattr(theirs, name).__mro__]
            assert [base.__name__ for base in ours.__mro__] == bases


def test_an_interrupted_call() -> None:
    made = InterruptedSystemCall(errno.EINVAL, "why")
    assert (made.errno, made.strerror) == (errno.EINTR, strerror(errno.EINTR))
    assert isinstance(made, InterruptedError)
    assert isinstance(made, ZMQError)
    copy = pickle.loads(pickle.dumps(error_for(errno.EINTR, "where")))
    assert str(copy) == f"{strerror(errno.EINTR)} (where)"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EAGAIN, Again),
        (constants.ETERM, ContextTerminated),
        (errno.EINTR, InterruptedSystemCall),
        (errno.EINVAL, ZMQError),
        (constants.EFSM, ZMQError),
    ],
)
def test_the_right_class(number: int, kind: type[ZMQError]) -> None:
    made = error_for(int(number))
    assert type(made) is kind
    assert (made.errno, str(made)) == (number, strerror(number))
    assert zmq_errno() == number


@pytest.mark.parametrize("number", [errno.EAGAIN, constants.ETERM, errno.EADDRINUSE])
def test_details(number: int) -> None:
    made = error_for(number, "addr='tcp://*:80'")
    assert made.strerror == f"{strerror(number)} (addr='tcp://*:80')"
    assert str(pickle.loads(pickle.dumps(made))) == made.strerror
    assert str(error_for(number)) == strerror(number)


def test_the_last_error_is_each_threads_own() -> None:
    error_for(errno.EINVAL)
    seen = []
    thread = threading.Thread(target=lambda: seen.append(zmq_errno()))
    thread.start()
    thread.join()
    assert seen == [0]
    assert zmq_errno() == errno.EINVAL
    assert ZMQError().errno == errno.EINVAL


def test_check_rc() -> None:
    error._check_rc(0, errno.EINVAL)
    error._check_rc(-1, 0, error_without_errno=False)
    with pytest.raises(Again):
        error._check_rc(-1, errno.EAGAIN)
    with pytest.raises(ZMQError, match="Success"):
        error._check_rc(-1, 0)
    error_for(constants.ETERM)
    with pytest.raises(ContextTerminated):
        error._check_rc(-1)


def test_check_version() -> None:
    error._check_version((4, 3))
    error._check_version((4, 3, 5))
    with pytest.raises(ZMQVersionError) as caught:
        error._check_version((4, 4), "Time travel")
    made = pickle.loads(pickle.dumps(caught.value))
    assert str(made) == "Time travel needs libzmq 4.4, this is 4.3.5"
    assert repr(made) == f"ZMQVersionError('{made}')"
    assert (made.msg, made.min_version, made.version) == ("Time travel", "4.4", "4.3.5")
    assert isinstance(made, NotImplementedError)
    assert str(ZMQVersionError("9")) == "Feature needs libzmq 9, this is 4.3.5"


def test_the_other_classes() -> None:
    for kind in (ZMQError, ZMQBindError, NotDone):
        assert issubclass(kind, ZMQBaseError)
    assert issubclass(DraftFDWarning, RuntimeWarning)
    assert "FD" in str(DraftFDWarning())
