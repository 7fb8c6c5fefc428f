"""What a session knows of its socket."""

from __future__ import annotations

import functools
import itertools
import random
import struct
from typing import TYPE_CHECKING, Any, Mapping, MutableMapping, NamedTuple, Union

from .. import constants as _C
from .. import options as table
from ..backend.abc import Backend, Hub, Pipe, Send
from ..control import Control
from ..drain import Drain
from ..monitor import Monitor
from ..patterns import Pattern
from ..properties import Connections
from ..transports.inproc import Registry

if TYPE_CHECKING:
    from .judge import Judge

_BY_NAME = Send.BY_NAME


class Side(NamedTuple):
    """A socket, as its sessions know it."""

    control: Control
    hub: Hub
    pattern: Pattern
    options: Mapping[int, Any]  # as they were when it was bound or connected
    live: MutableMapping[int, Any]  # as they are now
    monitor: Monitor
    connections: Connections
    drain: Drain
    backend: Backend
    registry: Registry  # the context's, where a ZAP handler may be
    judge: Union[Judge, None] = None  # decides in place of the handler

    def __repr__(self) -> str:
        return f"<Side of {self.pattern.name}>"  # options have keys and passwords

    def beside(self, hub: Hub, pattern: Pattern) -> Side:
        """The side of another hub in the same context, which is no socket of the
        application's.

        All its options have their defaults, and nobody monitors it.
        """
        options = table.defaults()
        return self._replace(
            hub=hub,
            pattern=pattern,
            options=options,
            live=options,
            monitor=Monitor(),
            connections=Connections(),
            drain=Drain(self.control.changed),
            judge=None,
        )

    @property
    def named(self) -> bool:
        """Whether peers are known by their routing ids."""
        return self.pattern.routing.send is _BY_NAME

    @property
    def raw(self) -> bool:
        """Whether connections speak no ZMTP."""
        return self.pattern.raw or bool(self.options[_C.ROUTER_RAW])

    @property
    def conflates(self) -> bool:
        """Whether pipes keep the last message only (CONFLATE)."""
        return self.pattern.conflates and bool(self.options[_C.CONFLATE])

    def claim(self, pipe: Pipe, routing_id: bytes) -> bool:
        """Give a pipe its name, if pipes have names.

        With ROUTER_HANDOVER the pipe that had the name is displaced.  A joined pipe has
        no session that could be told, and keeps a name that is made up.
        """
        if self.raw:
            return self._claim_raw(pipe, routing_id)
        if not self.named:
            return True
        handover = bool(self.live[_C.ROUTER_HANDOVER])
        displaced = pipe.name(routing_id, handover)
        owner = self.control.owners.get(displaced)
        if owner is not None:
            self.control.run(functools.partial(owner.displaced, displaced))
        return displaced >= 0

    def _claim_raw(self, pipe: Pipe, routing_id: bytes) -> bool:
        """See `claim`.  The user of a STREAM reads the made-up name from ROUTING_ID,
        before there is anything to receive."""
        if routing_id:
            return pipe.name(routing_id) >= 0
        name = _new_id()
        while pipe.name(name) < 0:
            name = _new_id()
        if self.pattern.raw:
            self.live[_C.ROUTING_ID] = name
        return True


_numbers = itertools.count(random.getrandbits(32))


def _new_id() -> bytes:
    """Make up a name like those that hubs make up."""
    return b"\0" + struct.pack(">I", next(_numbers) & 0xFFFFFFFF)
