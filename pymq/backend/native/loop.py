"""The I/O threads of one context, and their events; see `pymq.backend.abc.Loop`."""

from __future__ import annotations

from typing import Sequence

from ..._core import ffi, lib
from ..abc import Event, EventKind
from . import held
from .handles import check, owner

_EVENTS = 64  # taken in one call
_ROOM = f"pymq_event[{_EVENTS}]"
_KINDS = {int(kind): kind for kind in EventKind}  # EventKind(1) takes 1 us


class Loop:
    """See `pymq.backend.abc.Loop`."""

    __slots__ = ("__weakref__", "_events", "_loop", "_owner")

    def __init__(self, threads: int) -> None:
        self._loop = lib.pymq_loop_new(threads)
        self._owner = owner("loop", self._loop)
        held.watch(self)

    def start(self) -> None:
        """See `pymq.backend.abc.Loop.start`."""
        check(lib.pymq_loop_start(self._loop))

    def stop(self) -> None:
        """See `pymq.backend.abc.Loop.stop`."""
        lib.pymq_loop_stop(self._loop)

    def fileno(self) -> int:
        """See `pymq.backend.abc.Loop.fileno`."""
        return check(lib.pymq_loop_fileno(self._loop))

    def nudge(self) -> None:
        """See `pymq.backend.abc.Loop.nudge`."""
        lib.pymq_loop_nudge(self._loop)

    def take_events(self) -> Sequence[Event]:
        """See `pymq.backend.abc.Loop.take_events`."""
        if held.loans:
            held.settle()
        events: list[Event] = []
        into = ffi.new(_ROOM)
        count = _EVENTS
        while count == _EVENTS:
            count = lib.pymq_loop_take(self._loop, into, _EVENTS)
            for event in into[0:count]:
                events.append(Event(_KINDS[event.kind], event.pipe, event.error))
        return events
