"""Devices with a fourth socket, which controls them (`proxy_steerable`)."""

from __future__ import annotations

from typing import Any, Union

from ..constants import PUB
from ..proxies import proxy_steerable
from ..socket import Socket
from .plan import Plan
from .proxydevice import ProcessProxy, Proxy, ProxyBase, ThreadProxy


class ProxySteerableBase(ProxyBase):
    """The common part of steerable proxies.

    `ctrl_type` is the type of the fourth socket; with None there is none.
    """

    def __init__(
        self,
        in_type: int,
        out_type: int,
        mon_type: int = PUB,
        ctrl_type: Union[int, None] = None,
    ) -> None:
        super().__init__(in_type=in_type, out_type=out_type, mon_type=mon_type)
        self.ctrl_type = ctrl_type
        self._ctrl = Plan(-1 if ctrl_type is None else ctrl_type)

    def bind_ctrl(self, addr: str) -> None:
        """The same as `bind_in`, for the fourth socket."""
        self._ctrl.binds.append(addr)

    def bind_ctrl_to_random_port(self, addr: str, *args: int, **kwargs: int) -> int:
        """The same as `bind_in_to_random_port`, for the fourth socket."""
        return self._bind_to_random_port(self._ctrl, addr, *args, **kwargs)

    def connect_ctrl(self, addr: str) -> None:
        """The same as `connect_in`, for the fourth socket."""
        self._ctrl.connects.append(addr)

    def setsockopt_ctrl(self, opt: int, value: Any) -> None:
        """The same as `setsockopt_in`, for the fourth socket."""
        self._ctrl.options.append((opt, value))

    def _setup_sockets(self) -> tuple[Socket, ...]:
        others = super()._setup_sockets()
        return others if self.ctrl_type is None else (*others, self._make(self._ctrl))

    def run_device(self) -> None:
        """Make the sockets and pass messages on; `start` calls it."""
        proxy_steerable(*self._setup_sockets())


class ProxySteerable(ProxySteerableBase, Proxy):
    """A steerable proxy that runs in the thread that starts it."""


class ThreadProxySteerable(ProxySteerableBase, ThreadProxy):
    """A steerable proxy in a thread of its own."""


class ProcessProxySteerable(ProxySteerableBase, ProcessProxy):
    """A steerable proxy in a process of its own."""


__all__ = ["ProcessProxySteerable", "ProxySteerable", "ThreadProxySteerable"]
