"""Devices with a third socket, which gets a copy of every message."""

from __future__ import annotations

from typing import Any

from ..constants import PUB
from ..proxies import proxy
from ..socket import Socket
from .basedevice import Device, ProcessDevice, ThreadDevice
from .plan import Plan


class ProxyBase(Device):
    """The common part of proxy devices; see `pymq.proxies.proxy`.

    `mon_type` is the type of the third socket.
    """

    def __init__(self, in_type: int, out_type: int, mon_type: int = PUB) -> None:
        super().__init__(in_type=in_type, out_type=out_type)
        self.mon_type = mon_type
        self._mon = Plan(mon_type)

    def bind_mon(self, addr: str) -> None:
        """The same as `bind_in`, for the third socket."""
        self._mon.binds.append(addr)

    def bind_mon_to_random_port(self, addr: str, *args: int, **kwargs: int) -> int:
        """The same as `bind_in_to_random_port`, for the third socket."""
        return self._bind_to_random_port(self._mon, addr, *args, **kwargs)

    def connect_mon(self, addr: str) -> None:
        """The same as `connect_in`, for the third socket."""
        self._mon.connects.append(addr)

    def setsockopt_mon(self, opt: int, value: Any) -> None:
        """The same as `setsockopt_in`, for the third socket."""
        self._mon.options.append((opt, value))

    def _setup_sockets(self) -> tuple[Socket, ...]:
        return (*super()._setup_sockets(), self._make(self._mon))

    def run_device(self) -> None:
        """Make the sockets and pass messages on; `start` calls it."""
        proxy(*self._setup_sockets())


class Proxy(ProxyBase):
    """A proxy that runs in the thread that starts it."""


class ThreadProxy(ProxyBase, ThreadDevice):
    """A proxy in a thread of its own."""


class ProcessProxy(ProxyBase, ProcessDevice):
    """A proxy in a process of its own."""


__all__ = ["ProcessProxy", "Proxy", "ThreadProxy"]
