"""Devices: proxies that make their own sockets (pyzmq's API).

A device is told beforehand what each socket binds and connects to.  It runs in the
calling thread, in a thread of its own or in a process of its own.
"""

from __future__ import annotations

from .basedevice import Device as Device
from .basedevice import ProcessDevice as ProcessDevice
from .basedevice import ThreadDevice as ThreadDevice
from .monitoredqueue import monitored_queue as monitored_queue
from .monitoredqueuedevice import MonitoredQueue as MonitoredQueue
from .monitoredqueuedevice import ProcessMonitoredQueue as ProcessMonitoredQueue
from .monitoredqueuedevice import ThreadMonitoredQueue as ThreadMonitoredQueue
from .proxydevice import ProcessProxy as ProcessProxy
from .proxydevice import Proxy as Proxy
from .proxydevice import ThreadProxy as ThreadProxy
from .proxysteerabledevice import ProcessProxySteerable as ProcessProxySteerable
from .proxysteerabledevice import ProxySteerable as ProxySteerable
from .proxysteerabledevice import ThreadProxySteerable as ThreadProxySteerable

__all__ = [
    "Device",
    "MonitoredQueue",
    "ProcessDevice",
    "ProcessMonitoredQueue",
    "ProcessProxy",
    "ProcessProxySteerable",
    "Proxy",
    "ProxySteerable",
    "ThreadDevice",
    "ThreadMonitoredQueue",
    "ThreadProxy",
    "ThreadProxySteerable",
    "monitored_queue",
]
