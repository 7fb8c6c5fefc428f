"""How a greenlet waits for descriptors."""

from __future__ import annotations

import select
from typing import Mapping, Union

from gevent import get_hub
from gevent.event import Event

READABLE = select.POLLIN
_READ, _WRITE = 1, 2  # as gevent's loop has them


def wait_for(masks: Mapping[int, int], timeout: Union[float, None]) -> None:
    """Until one of the descriptors is what its mask of `select.poll` says, for at most
    `timeout` seconds."""
    event = Event()
    loop = get_hub().loop
    watchers = [loop.io(fd, _events(mask)) for fd, mask in masks.items()]
    try:
        for watcher in watchers:
            watcher.start(event.set)
        event.wait(timeout)
    finally:
        for watcher in watchers:
            watcher.stop()
            watcher.close()


def _events(mask: int) -> int:
    return (_WRITE if mask & select.POLLOUT else 0) | (
        _READ if mask & ~select.POLLOUT else 0
    )
