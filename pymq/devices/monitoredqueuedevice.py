"""Proxies whose third socket is also told which way a message went."""

from __future__ import annotations

from ..constants import PUB
from ..proxies import monitored_queue
from .proxydevice import ProcessProxy, Proxy, ProxyBase, ThreadProxy


class MonitoredQueueBase(ProxyBase):
    """What monitored queues have in common: a frame before each copy, `in_prefix` of
    what the first socket received, `out_prefix` of what the second did."""

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
    """A monitored queue that runs where it is started."""


class ThreadMonitoredQueue(MonitoredQueueBase, ThreadProxy):
    """A monitored queue in a thread."""


class ProcessMonitoredQueue(MonitoredQueueBase, ProcessProxy):
    """A monitored queue in a process."""


__all__ = ["MonitoredQueue", "ProcessMonitoredQueue", "ThreadMonitoredQueue"]
