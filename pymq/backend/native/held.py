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
from typing import Any, Callable, Sequence, TypeVar, Union
from weakref import WeakSet

from ... import _core, exits
from ..._core import ffi, lib
from ..abc import Buffer
from .handles import OWNED, address

_Body = TypeVar("_Body")

_HOLD_FROM = lib.PYMQ_HOLD_FROM
_ROOM = 64  # tokens that one call takes
_VIEW_FROM = lib.PYMQ_VIEW_FROM
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
_send_message = lib.pymq_hub_send_message
_recv_message = lib.pymq_hub_recv_message
_clear_message = lib.pymq_message_clear


def worth(data: Buffer, owner: object) -> bool:
    """Whether to lend a buffer that has an owner, rather than to copy it."""
    tracked: bool = getattr(owner, "tracked", False)
    return tracked or memoryview(data).nbytes >= _HOLD_FROM


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


def send_message(
    hub: Any, frames: Sequence[Buffer], more: bool, owners: Sequence[object]
) -> int:
    """Send all frames of a message, or with `more` its first ones; what is long is not
    copied, if it is bytes or has an owner."""
    settle()
    parts = ffi.new("pymq_part[]", len(frames))
    views = []
    for part, data, owner in zip(parts, frames, owners):
        view = ffi.from_buffer(data)
        part.data, part.size = view, len(view)
        long = len(view) >= _HOLD_FROM and data.__class__ is bytes
        if long or (owner is not None and worth(data, owner)):
            part.token = next(_tokens)
            loans[part.token] = data, view, owner
        else:
            views.append(view)
    result: int = _send_message(hub, parts, len(parts), more)
    for view in views:
        ffi.release(view)
    if result == -ENOBUFS:
        for part in parts:
            loans.pop(part.token, None)
        return -ENOMEM
    return result


def ask(hub: Any, frames: Sequence[bytes], again: bool) -> int:
    """Send a request; see pymq_hub_ask."""
    views = [ffi.from_buffer(frame) for frame in frames]
    parts = ffi.new("pymq_part[]", [(view, len(view)) for view in views])
    result: int = lib.pymq_hub_ask(hub, parts, len(parts), again)
    return result


def recv_message(
    hub: Any, get: Callable[[Any], _Body]
) -> Union[tuple[list[_Body], int], int]:
    """All frames of the next message, by what gets the body of a part, and the id of
    their pipe; or the error, negative."""
    message = ffi.new("pymq_message *")
    result: int = _recv_message(hub, message)
    if result < 0:
        return result
    try:
        parts = message.parts
        return [get(parts[at]) for at in range(message.count)], message.peer
    finally:
        _clear_message(message)


def part_body(part: Any) -> bytes:
    """The body of a part of a message."""
    whole = _whole(part.token, part.size)
    return _copy(part, part.size) if whole is None else whole


def part_view(part: Any) -> Buffer:
    """The same, where it lies."""
    size = part.size
    whole = _whole(part.token, size)
    if whole is not None:
        return whole
    if size < _VIEW_FROM:
        return _copy(part, size)
    seen = _see(part, size)
    part.chunk = ffi.NULL  # the view's now
    return seen


def _copy(place: Any, size: int) -> bytes:
    """A copy of what lies in a slot, or a part."""
    if size < _COPY_FROM or not _IN_PLACE:
        copy: bytes = ffi.buffer(place.data, size)[:]
        return copy
    # Nobody else knows of these bytes yet.
    fresh = bytes(size)
    lib.pymq_copy(ffi.from_buffer(fresh), place.data, size)
    return fresh


def body(slot: Any, size: int) -> bytes:
    """The long body in a slot, which is cleared."""
    try:
        whole = _whole(slot.token, size)
        return _copy(slot, size) if whole is None else whole
    finally:
        _clear(slot)


def view(slot: Any, size: int) -> Buffer:
    """The long body in a slot where it lies, until the last view of it is gone."""
    whole = _whole(slot.token, size)
    if whole is not None or size < _VIEW_FROM:
        return body(slot, size)
    return _see(slot, size)


def _see(place: Any, size: int) -> memoryview:
    """A view of what lies in a slot, or a part, whose chunk is the view's then."""
    chunk, data, loan = place.chunk, place.data, loans.get(place.token)
    if OWNED:
        where = address(chunk), address(data), size
        return memoryview(_core.own_body(*where, place.common, loan))
    seen = memoryview(ffi.buffer(ffi.gc(data, partial(_drop, chunk, loan)), size))
    return seen.toreadonly() if place.common else seen


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
