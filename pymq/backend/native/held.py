"""Buffers that the native backend reads where they are.

C is lent a long body instead of copying it, and gives the token of the loan back
when nobody needs the bytes any more: the kernel has them, the reader over inproc has
let go of them, or the message was dropped.  It happens in threads that know nothing
of Python, so whoever passes by here (`settle`) lets go of what was given back.

The loans are the process's, not a context's: messages outlive the socket and the
context that they were sent with while they linger or are in their receiver's hands.
"""

from __future__ import annotations

import itertools
import sys
from errno import ENOBUFS, ENOMEM
from functools import partial
from typing import Any, Union
from weakref import WeakSet

from ... import _core, exits
from ..._core import ffi, lib
from ..abc import Buffer

_ROOM = 64  # tokens that one call takes
_VIEW_FROM = 32768  # bytes: a view keeps its whole chunk, several times as much
_IN_PLACE = sys.implementation.name == "cpython"
# Bytes.  glibc maps blocks that are longer, so that they are zero without being
# touched; and copying takes long enough to let other threads have the GIL.
_COPY_FROM = (32 << 20) + 1

#: What is lent: the buffer (and that C reads it), and who wants to know.
loans: dict[int, tuple[Any, Any, object]] = {}
_tokens = itertools.count(1)

# Bound once: looking a function up in `lib` costs a third of the call.
_take = lib.pymq_take_returned
_send_long = lib.pymq_hub_send_long
_clear = lib.pymq_slot_clear


def send(hub: Any, data: Buffer, more: bool, owner: object) -> int:
    """Send without a copy; see pymq_hub_send_long.  `owner` is kept as long as
    `data` is."""
    settle()
    token = next(_tokens)
    view = ffi.from_buffer(data)
    loans[token] = data, view, owner
    result = _send_long(hub, view, len(view), more, token)
    if result == -ENOBUFS:
        del loans[token]
        return -ENOMEM
    return result


def body(slot: Any, size: int) -> bytes:
    """The long body in a slot, which is cleared."""
    try:
        whole = _whole(slot.token, size)
        if whole is not None:
            return whole
        if size < _COPY_FROM or not _IN_PLACE:
            copy: bytes = ffi.buffer(slot.data, size)[:]
            return copy
        # Nobody else knows of these bytes yet.
        fresh = bytes(size)
        lib.pymq_copy(ffi.from_buffer(fresh), slot.data, size)
        return fresh
    finally:
        _clear(slot)


def view(slot: Any, size: int) -> Buffer:
    """The long body in a slot where it lies, until the last view of it is gone."""
    whole = _whole(slot.token, size)
    if whole is not None or size < _VIEW_FROM:
        return body(slot, size)
    drop = partial(_drop, slot.chunk, loans.get(slot.token))
    seen = memoryview(ffi.buffer(ffi.gc(slot.data, drop), size))
    return seen.toreadonly() if slot.common else seen


def _whole(token: int, size: int) -> Union[bytes, None]:
    """What was lent, if it is bytes and all of it: the receiver may have the same."""
    if token:
        data: object = loans[token][0] if token > 0 else _core.lent_object(token)
        if type(data) is bytes and len(data) == size:
            return data
    return None


def _drop(chunk: Any, loan: object, data: Any) -> None:
    """Nobody looks at `data` in a chunk, which may be on loan, any more."""
    lib.pymq_chunk_drop(chunk)


def settle() -> None:
    """Let go of what nobody needs any more."""
    tokens = ffi.new(f"int64_t[{_ROOM}]")
    count = _ROOM
    while count == _ROOM:
        count = _take(tokens, _ROOM)
        for token in ffi.unpack(tokens, count):
            loans.pop(token, None)


_loops: WeakSet[Any] = WeakSet()


def watch(loop: Any) -> None:
    """A loop whose threads may have something on loan."""
    _loops.add(loop)


def _stop_loops() -> None:
    """The interpreter is going to free what its loans are of: nobody may read that
    any more."""
    settle()
    if loans:
        for loop in list(_loops):
            loop.stop()


exits.call_last(_stop_loops)
