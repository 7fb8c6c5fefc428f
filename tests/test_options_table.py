"""Every row of the tables of options, on every implementation."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from library import Library

from pymq import settings
from pymq.constants import SocketOption, SocketType, _OptType
from pymq.context_options import CONTEXT_OPTIONS
from pymq.option import INT64_MAX, INT_MAX, Option
from pymq.options import OPTIONS

ROWS = {SocketOption(number).name: row for number, row in OPTIONS.items()}
#: Drafts that releases of libzmq do not have.
DRAFTS = ("PRIORITY",)
#: Where RFC 37 has a limit that libzmq does not know.
UNCHECKED = ("CONNECT_ROUTING_ID",)
#: Read from what the socket is doing, or written into what it does.
COMPUTED = {SocketOption(n).name for n in (*settings._READERS, *settings._WRITERS)}
TYPES = [kind.name for kind in SocketType if kind <= SocketType.STREAM]
LIMIT = {_OptType.int64: INT64_MAX}  # of all other integers INT_MAX


def _is_bytes(name: str) -> bool:
    return SocketOption[name]._opt_type is _OptType.bytes


def _kept(name: str) -> bool:
    """But for keys, which look like no others: see security/test_curve.py."""
    kept = name not in COMPUTED and ROWS[name].writable
    return kept and not name.startswith("CURVE_")


BYTES = [name for name in ROWS if _is_bytes(name)]
INTEGERS = [name for name in ROWS if not _is_bytes(name)]
SETTABLE = [name for name in ROWS if _kept(name)]
READABLE = [name for name in ROWS if ROWS[name].readable and name not in COMPUTED]
LIMITED = [name for name in ROWS if ROWS[name].types is not None]
FIXED = [name for name in ROWS if not ROWS[name].writable]
SET_ONLY = [name for name in ROWS if not ROWS[name].readable]


def _socket(zmq: Library, name: str) -> Any:
    """A socket that has the option."""
    if name in DRAFTS and zmq.tag == "pyzmq":
        pytest.skip(f"{name} is a draft, which this libzmq does not have")
    if name.startswith("GSSAPI_") and not zmq.has("gssapi"):
        pytest.skip(f"{zmq.tag} has no GSSAPI here")
    types = ROWS[name].types
    return zmq.main.socket(zmq.DEALER if types is None else min(types))


def _too_long(zmq: Library, name: str, value: Any) -> bool:
    """pyzmq reads 255 bytes at most, and takes one off for a NUL."""
    return (
        zmq.tag == "pyzmq"
        and _is_bytes(name)
        and len(value) > 254
        and name != "ROUTING_ID"
    )


def _values(row: Option, name: str) -> list[Any]:
    """The ends of the range, and what is just outside."""
    if _is_bytes(name):
        return [b"x" * row.low, b"x" * min(row.high, 1000)]
    return [row.low, row.high]


def _beyond(row: Option, name: str) -> list[Any]:
    if _is_bytes(name):
        sizes = [row.low - 1, row.high + 1]
        return [b"x" * size for size in sizes if 0 <= size <= 1000]
    limit = LIMIT.get(SocketOption[name]._opt_type, INT_MAX)
    return [n for n in (row.low - 1, row.high + 1) if -limit - 1 <= n <= limit]


@pytest.mark.core
@pytest.mark.parametrize("name", READABLE)
def test_default(zmq: Library, name: str) -> None:
    with _socket(zmq, name) as sock:
        value = sock.get(getattr(zmq, name))
    assert value == ROWS[name].default
    assert type(value) is (bytes if _is_bytes(name) else int)


@pytest.mark.core
@pytest.mark.parametrize("name", SETTABLE)
def test_the_ends_of_the_range(zmq: Library, name: str) -> None:
    row = ROWS[name]
    for value in _values(row, name):
        with _socket(zmq, name) as sock:
            sock.set(getattr(zmq, name), value)
            if row.readable and not _too_long(zmq, name, value):
                wanted = value if row.keep is None else row.keep(row.default, value)
                assert sock.get(getattr(zmq, name)) == wanted
                assert getattr(sock, name.lower()) == wanted
                assert getattr(sock, name) == wanted


@pytest.mark.core
@pytest.mark.parametrize("name", SETTABLE)
def test_beyond_the_range(zmq: Library, name: str) -> None:
    row = ROWS[name]
    if name in UNCHECKED and zmq.tag == "pyzmq":
        pytest.skip(f"libzmq does not check {name}")
    with _socket(zmq, name) as sock:
        for value in _beyond(row, name):
            with zmq.refused(errno.EINVAL):
                sock.set(getattr(zmq, name), value)
        if row.readable and row.keep is None:
            assert sock.get(getattr(zmq, name)) == row.default


@pytest.mark.parametrize("name", SETTABLE)
def test_as_an_attribute(zmq: Library, name: str) -> None:
    row = ROWS[name]
    value = _values(row, name)[0]
    with _socket(zmq, name) as sock:
        setattr(sock, name.lower(), value)
        if row.readable:
            wanted = value if row.keep is None else row.keep(row.default, value)
            assert sock.get(getattr(zmq, name)) == wanted


def _raises(
    wanted: type[Exception], zmq: Library, name: str, values: tuple[Any, ...]
) -> None:
    with _socket(zmq, name) as sock:
        for value in values:
            with pytest.raises(wanted):
                sock.set(getattr(zmq, name), value)


@pytest.mark.core
@pytest.mark.parametrize("name", INTEGERS)
def test_an_integer_is_wanted(zmq: Library, name: str) -> None:
    _raises(TypeError, zmq, name, ("1", b"1", 1.0, None))


@pytest.mark.core
@pytest.mark.parametrize("name", INTEGERS)
def test_an_integer_that_c_has_no_room_for(zmq: Library, name: str) -> None:
    limit = LIMIT.get(SocketOption[name]._opt_type, INT_MAX)
    _raises(OverflowError, zmq, name, (limit + 1, -limit - 2, 2**64))


@pytest.mark.core
@pytest.mark.parametrize("name", BYTES)
def test_bytes_are_wanted(zmq: Library, name: str) -> None:
    _raises(TypeError, zmq, name, ("text", 1, None, bytearray(b"x")))


@pytest.mark.core
@pytest.mark.parametrize("name", FIXED)
def test_what_can_only_be_read(zmq: Library, name: str) -> None:
    with _socket(zmq, name) as sock:
        assert sock.get(getattr(zmq, name)) is not None
        with zmq.refused(errno.EINVAL):
            sock.set(getattr(zmq, name), b"x" if _is_bytes(name) else 0)


@pytest.mark.core
@pytest.mark.parametrize("name", SET_ONLY)
def test_what_can_only_be_set(zmq: Library, name: str) -> None:
    with _socket(zmq, name) as sock, zmq.refused(errno.EINVAL):
        sock.get(getattr(zmq, name))


@pytest.mark.core
@pytest.mark.parametrize("name", LIMITED)
def test_other_types_do_not_have_it(zmq: Library, name: str) -> None:
    value = b"x" if _is_bytes(name) else ROWS[name].low
    types = ROWS[name].types or frozenset()
    for kind in TYPES:
        if SocketType[kind] in types:
            continue
        with zmq.main.socket(getattr(zmq, kind)) as sock, zmq.refused(errno.EINVAL):
            sock.set(getattr(zmq, name), value)


@pytest.mark.parametrize(
    "name", [o.name for o in SocketOption if o not in OPTIONS and o.name != "BLOCKY"]
)
@pytest.mark.only("pymq")
def test_an_option_that_is_not_built(zmq: Library, name: str) -> None:
    """Of the right type, it is EINVAL with its name in it."""
    value = b"x" if _is_bytes(name) else 1
    with zmq.main.socket(zmq.DEALER) as sock:
        with zmq.refused(errno.EINVAL) as caught:
            sock.set(getattr(zmq, name), value)
        assert name in str(caught.value)
        with zmq.refused(errno.EINVAL):
            sock.get(getattr(zmq, name))


# Contexts.

CONTEXT_READABLE = [n for n, row in CONTEXT_OPTIONS.items() if row.default is not None]
CONTEXT_SETTABLE = [n for n, row in CONTEXT_OPTIONS.items() if row.low is not None]
REMOVE = 8  # of a CPU that was added


@pytest.mark.core
@pytest.mark.parametrize("number", CONTEXT_READABLE)
def test_context_default(zmq: Library, number: int) -> None:
    default = CONTEXT_OPTIONS[number].default
    if default == -1 and zmq.tag == "pyzmq":
        pytest.skip(
            "pyzmq takes -1 for a failure, if an earlier call has left an errno"
        )
    assert zmq.context().get(int(number)) == default


@pytest.mark.core
@pytest.mark.parametrize("number", CONTEXT_SETTABLE)
def test_context_range(zmq: Library, number: int) -> None:
    row, context = CONTEXT_OPTIONS[number], zmq.context()
    assert row.low is not None
    if number == REMOVE:
        context.set(zmq.THREAD_AFFINITY_CPU_ADD, row.low)
    for value in (row.low,) if number == REMOVE else (row.low, row.low + 1, INT_MAX):
        if number == zmq.IO_THREADS and value == INT_MAX:
            continue  # native makes room for them at once
        context.set(int(number), value)
        if row.default is not None:
            wanted = int(bool(value)) if row.truth else value
            wanted = row.default if row.fixed else wanted
            assert context.get(int(number)) == wanted
    if row.low > -INT_MAX - 1:
        with zmq.refused(errno.EINVAL):
            context.set(int(number), row.low - 1)


@pytest.mark.core
@pytest.mark.parametrize("number", CONTEXT_OPTIONS)
def test_context_types(zmq: Library, number: int) -> None:
    context = zmq.context()
    for value in ("1", b"1", 1.0, None):
        with pytest.raises(TypeError):
            context.set(int(number), value)
    for large in (2**31, -(2**31) - 1, 2**64):
        with pytest.raises(OverflowError):
            context.set(int(number), large)


@pytest.mark.core
def test_context_directions(zmq: Library) -> None:
    context = zmq.context()
    with zmq.refused(errno.EINVAL):
        context.set(zmq.MSG_T_SIZE, 1)
    for name in ("THREAD_AFFINITY_CPU_ADD", "THREAD_AFFINITY_CPU_REMOVE"):
        with zmq.refused(errno.EINVAL):
            context.get(getattr(zmq, name))


@pytest.mark.core
@pytest.mark.parametrize("number", [0, 8, 17, 23, 999])
def test_no_context_option(zmq: Library, number: int) -> None:
    """8 removes a CPU that was added.  17 is LINGER: options of sockets are none."""
    context = zmq.context()
    with zmq.refused(errno.EINVAL):
        context.set(number, 1)
    with zmq.refused(errno.EINVAL):
        context.get(number)
