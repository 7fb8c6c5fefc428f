"""What wakes one who waits for a hub beside other things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._core import ffi, lib
from .handles import check

if TYPE_CHECKING:
    from .hub import Hub

_hush = lib.pymq_hub_hush  # bound once: looking it up costs a third of the call


class Bell:
    """See `pymq.backend.abc.Bell`."""

    __slots__ = ("_bell", "_fd", "_hub")

    def __init__(self, hub: Hub, events: int, reads: bool) -> None:
        self._hub = hub
        self._bell: Any = None
        fd = ffi.new("int[1]")
        bell = lib.pymq_hub_hang(hub._hub, events, reads, fd)
        self._fd = check(fd[0])
        self._bell = bell

    def fileno(self) -> int:
        """See `pymq.backend.abc.Bell.fileno`."""
        return -1 if self._bell is None else self._fd

    def hush(self) -> None:
        """See `pymq.backend.abc.Bell.hush`."""
        if self._bell is not None:
            _hush(self._hub._hub, self._bell)

    def close(self) -> None:
        """See `pymq.backend.abc.Bell.close`."""
        bell, self._bell = self._bell, None
        if bell is not None:
            lib.pymq_hub_unhang(self._hub._hub, bell)
