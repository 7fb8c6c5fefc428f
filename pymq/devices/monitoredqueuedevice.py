"""Devices that send a copy of each message to a third socket, with its direction."""

from __future__ import annotations

from ..constants import PUB
from ..proxies import monitored_queue
from .proxydevice import ProcessProxy, Proxy, ProxyBase, ThreadProxy


class MonitoredQueueBase(ProxyBase):
    """The common part of monitored queues; see `pymq.proxies.monitored_queue`.

    `in_prefix` is the first frame of each copy of what the first socket received,
    `out_prefix` of what the second received.
    """

    def __init__(
        self,
        in_type: int,
        out_type: int,
        mon_type: int = PUB,
        in_prefix: bytes = b"in",
        out_prefix: bytes = b"out",
    ) -> None:
        super().__init__(in_type=in_type, out_type=out_type, mon_type=mon_type)
        self._prefixes = in_prefix, out_prefix

    def run_device(self) -> None:
        """Make the sockets and pass messages on; `start` calls it."""
        first, second, monitor = self._setup_sockets()
        monitored_queue(first, second, monitor, *self._prefixes)


class MonitoredQueue(MonitoredQueueBase, Proxy):
    """A monitored queue that runs in the thread that starts it."""


class ThreadMonitoredQueue(MonitoredQueueBase, ThreadProxy):
    """A monitored queue in a thread of its own."""


class ProcessMonitoredQueue(MonitoredQueueBase, ProcessProxy):
    """A monitored queue in a process of its own."""


__all__ = ["MonitoredQueue", "ProcessMonitoredQueue", "ThreadMonitoredQueue"]
