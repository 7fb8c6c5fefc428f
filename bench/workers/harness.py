"""What every worker has: arguments, a clock, and the lines it prints.

The interface is the same for Python and C:

    WORKER WORKLOAD SIDE KEY=VALUE...

The side that binds first prints ``endpoint ENDPOINT``; every side ends with one line
of JSON.  Exit code 3 says that the library has no such thing, on stderr.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from dataclasses import dataclass, fields
from typing import Any, Callable, Mapping, NoReturn, Tuple, Union

UNSUPPORTED = 3

#: What a side reports: the keys and units are those of ``rows.MEASURES``.
Result = Mapping[str, Any]
Side = Callable[[Any, "Options"], Result]
Sides = Mapping[Tuple[str, str], Side]


@dataclass
class Options:
    """The keys that workers know.  Sizes are in bytes; 0 for a buffer: the system's
    default; `cpu` -1: not pinned."""

    library: str = ""
    endpoint: str = ""
    size: int = 0
    count: int = 0
    warm: int = 0  # messages of a stream ahead of those
    hwm: int = 1000
    sndbuf: int = 0
    rcvbuf: int = 0
    many: int = 0
    copy: int = 1
    parts: int = 1
    cpu: int = -1
    pattern: str = "reqrep"  # or dealerrouter
    gap_ms: int = 0
    subscribers: int = 1
    threads: int = 1
    what: str = ""
    fresh: int = 0
    curve: int = 0


class Clock:
    """Wall and processor time since `start`."""

    def start(self) -> None:
        self._cpu = time.process_time()
        self._wall = time.perf_counter()

    def stop(self, messages: int) -> dict[str, Union[int, float]]:
        """What was measured, as a side reports it."""
        seconds = time.perf_counter() - self._wall
        cpu = time.process_time() - self._cpu
        return {"seconds": seconds, "messages": messages, "cpu": cpu}


def parse(pairs: list[str]) -> Options:
    """Options from ``KEY=VALUE``; exits if a key is unknown."""
    options = Options()
    known = {field.name for field in fields(options)}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or key not in known:
            sys.exit(f"unknown argument {pair!r}; keys are {sorted(known)}")
        setattr(options, key, type(getattr(options, key))(value))
    return options


def announce(endpoint: str) -> None:
    """Tell the runner where the other side finds this one."""
    print(f"endpoint {endpoint}", flush=True)


def unsupported(reason: str) -> NoReturn:
    """End: the library under test cannot do this."""
    print(reason, file=sys.stderr)
    sys.exit(UNSUPPORTED)


def hold() -> None:
    """Stay until the runner has heard from the side that measures.

    libzmq loses what is in the kernel when its peer leaves while the high-water mark
    holds its reader back: a sender that has sent everything must not leave yet.
    """
    while os.read(0, 1024):
        pass


def body(size: int) -> bytes:
    """A message.  Its memory has been written to: untouched pages of zeros are all
    one page, which stays in the cache."""
    return b"x" * size


def pin(cpu: int) -> None:
    """Keep this process, with the threads that it will start, on one core."""
    if cpu < 0:
        return
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {cpu})
    elif sys.platform == "linux":
        pin_by_libc(cpu)
    else:
        unsupported("this system cannot pin a process to a core")


def pin_by_libc(cpu: int) -> None:
    """PyPy's `os` cannot do it."""
    import ctypes

    cores = ctypes.c_uint64(1 << cpu)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.sched_setaffinity(0, ctypes.sizeof(cores), ctypes.byref(cores)):
        unsupported(f"core {cpu}: {os.strerror(ctypes.get_errno())}")


def latencies(nanoseconds: list[int]) -> dict[str, float]:
    """Median and 99th percentile, in microseconds."""
    ordered = sorted(nanoseconds)
    last = len(ordered) - 1
    return {
        "p50_us": ordered[last // 2] / 1000,
        "p99_us": ordered[int(last * 0.99)] / 1000,
    }


def descriptors(count: int) -> None:
    """Make room for `count` connections; ends as unsupported if there is none."""
    import resource

    wanted = 2 * count + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        unsupported(f"{wanted} descriptors are needed, and {hard} allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def resident() -> int:
    """Bytes of memory that this process has in use now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        pages = int(file.read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def about(library: Any, _: Options) -> Result:
    """Versions, for the report."""
    version = getattr(library, "__version__", None)
    if version is None and hasattr(library, "pyomq_version"):
        version = library.pyomq_version()
    if library is not None and library.__name__ == "zmq":
        version = f"{version} (libzmq {library.zmq_version()})"
    name = platform.python_implementation()
    return {"version": version, "python": f"{name} {platform.python_version()}"}


def main(sides: Sides, load: Callable[[Options], Any]) -> None:
    """Run the side that ``sys.argv`` names; `load` imports the library under test."""
    workload, side, *pairs = sys.argv[1:]
    function = {**sides, ("about", "both"): about}.get((workload, side))
    if function is None:
        unsupported(f"no {side} of {workload} here")
    options = parse(pairs)
    pin(options.cpu)
    print(json.dumps(dict(function(load(options), options))), flush=True)
