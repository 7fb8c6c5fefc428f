"""A hub's end of one connection; see `pymq.backend.abc.Pipe`."""

from __future__ import annotations

from errno import ENOMEM
from typing import TYPE_CHECKING, Any
from weakref import ref

from ..._core import ffi, lib
from ...zmtp import sodium
from ...zmtp.sealing import KEY, Keys
from ..abc import Link
from ..abc import Pipe as AbstractPipe
from .handles import check, owner

if TYPE_CHECKING:
    from .hub import Hub


class Pipe:
    """See `pymq.backend.abc.Pipe`."""

    __slots__ = ("_hub", "_owner", "_pipe", "id")

    def __init__(self, pointer: Any, hub: Hub) -> None:
        self._pipe, self._owner = pointer, owner("pipe", pointer)
        self._hub = ref(hub)
        self.id = lib.pymq_pipe_id(self._pipe)

    def name(self, routing_id: bytes, handover: bool = False) -> int:
        """See `pymq.backend.abc.Pipe.name`."""
        result = lib.pymq_pipe_name(
            self._pipe, routing_id, len(routing_id), bool(handover)
        )
        return check(result) if result == -ENOMEM else result

    def attach(self, link: Link) -> None:
        """See `pymq.backend.abc.Pipe.attach`.

        Raises OSError or MemoryError; the descriptor is then still the caller's.
        """
        leftover = ffi.from_buffer(link.leftover)
        beat = link.heartbeat
        times = beat.interval, beat.timeout, beat.ttl // 100
        version = link.major, link.minor
        limits = link.max_size, link.affinity
        raw = bool(link.raw), bool(link.notifies)
        # What the link points to must live as long as the call.
        sealing: Any = ffi.NULL if link.sealing is None else _sealing(link.sealing)
        head = link.fd, leftover, len(leftover), *version
        fields = *head, *limits, *times, *raw, sealing
        try:
            check(lib.pymq_pipe_attach(self._pipe, ffi.new("pymq_link *", fields)))
        finally:
            if link.sealing is not None:
                sealing.key = bytes(KEY)  # C has its own copy

    def join(self, other: AbstractPipe) -> None:
        """See `pymq.backend.abc.Pipe.join`."""
        if not isinstance(other, Pipe):
            raise TypeError("only pipes of the same backend can be joined")
        check(lib.pymq_pipe_join(self._pipe, other._pipe))

    def unsent(self) -> tuple[int, int]:
        """See `pymq.backend.abc.Pipe.unsent`."""
        lost = ffi.new("int64_t[1]")
        return lib.pymq_pipe_unsent(self._pipe, lost), lost[0]

    def close(self, drain: bool, keep_input: bool = False) -> bool:
        """See `pymq.backend.abc.Pipe.close`."""
        done = lib.pymq_pipe_close(self._pipe, bool(drain), bool(keep_input))
        hub = None if keep_input else self._hub()
        if hub is not None:
            hub.drop_ahead(self.id)
        return bool(done)

    def gone(self) -> bool:
        """See `pymq.backend.abc.Pipe.gone`."""
        return bool(lib.pymq_pipe_gone(self._pipe))


def _sealing(keys: Keys) -> Any:
    """libsodium's functions are called from C, by address, without Python."""
    functions = (ffi.cast("pymq_box", at) for at in sodium.functions())
    fields = *functions, keys.key, keys.as_server, keys.sent, keys.received
    return ffi.new("pymq_sealing *", fields)
