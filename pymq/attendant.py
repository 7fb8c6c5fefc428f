"""Lets the control thread look at a hub, where that cannot wait for its user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import watch
from .backend.abc import Bell, Hub
from .constants import POLLIN

if TYPE_CHECKING:
    from .control import Control


class Attendant:
    """Takes in what comes to a hub as soon as it comes, until it is closed."""

    def __init__(self, hub: Hub, control: Control) -> None:
        self._hub = hub
        self._control = control
        self._bell: Bell = hub.bell(POLLIN)
        control.call(self._watch)

    def _watch(self) -> None:
        fd = self._bell.fileno()
        if fd >= 0:
            self._control.watch(fd, watch.READ, self._rung)
            self._rung()

    def _rung(self) -> None:
        self._bell.hush()
        self._hub.ready()

    def close(self) -> None:
        """Stop looking.  On the control thread."""
        fd = self._bell.fileno()
        if fd >= 0:
            self._control.unwatch(fd)
            self._bell.close()
