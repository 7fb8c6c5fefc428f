"""How the I/O threads of a context run: the options THREAD_*.

A thread inherits its maker's CPUs, scheduling policy and, on Linux, name.  So the I/O
threads are started by a thread that was given these, and that ends afterwards.
"""

from __future__ import annotations

import os
import threading
from errno import EINVAL, ENOTSUP
from typing import Any, Callable, Mapping, NamedTuple

from .constants import ContextOption
from .error import error_for


class Manner(NamedTuple):
    """What was chosen; anything else is inherited from the application's thread."""

    cpus: frozenset[int] = frozenset()
    policy: int = -1
    priority: int = -1
    prefix: int = 0

    def altered(self, option: int, value: int) -> Manner:
        """Return a copy with one option set.  ZMQError(EINVAL) for a CPU that was
        not added."""
        if option == ContextOption.THREAD_AFFINITY_CPU_ADD:
            return self._replace(cpus=self.cpus | {value})
        if option == ContextOption.THREAD_AFFINITY_CPU_REMOVE:
            if value not in self.cpus:
                raise error_for(EINVAL, f"CPU {value} was not added")
            return self._replace(cpus=self.cpus - {value})
        fields: dict[str, Any] = {_FIELDS[option]: value} if option in _FIELDS else {}
        return self._replace(**fields)

    def run(self, start: Callable[[], None]) -> None:
        """Start threads in this manner.  OSError if the system refuses."""
        if self == Manner():
            start()
            return
        failed: list[BaseException] = []
        maker = threading.Thread(
            target=self._start, args=(start, failed), name="pymq-start"
        )
        maker.start()
        maker.join()
        if failed:
            raise failed[0]

    def _start(self, start: Callable[[], None], failed: list[BaseException]) -> None:
        try:
            self._assume()
            start()
        except BaseException as error:
            failed.append(error)

    def _assume(self) -> None:
        """Apply it to the calling thread."""
        if self.prefix:
            _rename(f"{self.prefix}/pymq-io")
        if (self.cpus or self.policy >= 0) and not hasattr(os, "sched_setaffinity"):
            raise OSError(ENOTSUP, os.strerror(ENOTSUP))
        if self.cpus:
            try:
                os.sched_setaffinity(0, self.cpus)
            except (OverflowError, ValueError):
                raise OSError(EINVAL, f"no such CPUs: {sorted(self.cpus)}") from None
        if self.policy >= 0:
            priority = max(self.priority, os.sched_get_priority_min(self.policy))
            highest = os.sched_get_priority_max(self.policy)
            parameters = os.sched_param(min(priority, highest))
            os.sched_setscheduler(0, self.policy, parameters)


_FIELDS: Mapping[int, str] = {
    ContextOption.THREAD_SCHED_POLICY: "policy",
    ContextOption.THREAD_PRIORITY: "priority",
    ContextOption.THREAD_NAME_PREFIX: "prefix",
}


def _rename(name: str) -> None:
    """Name the calling thread, if the system has names for threads."""
    try:
        path = f"/proc/self/task/{threading.get_native_id()}/comm"
        with open(path, "w") as file:
            file.write(name[:15])
    except OSError:
        pass


def available(affinity: int, threads: int) -> bool:
    """Whether AFFINITY allows one of so many I/O threads; 0 allows any."""
    mask = affinity or -1
    return mask & ((1 << min(threads, 64)) - 1) != 0
