"""The table of context options.  To add one, add a row, and the code that obeys it.

Numbers are those of zmq.h.  SOCKET_LIMIT (read) and THREAD_PRIORITY (written) have the
same one, and IPV6 and BLOCKY have the numbers of socket options.
"""

from __future__ import annotations

from errno import EINVAL
from typing import Any, NamedTuple, Union

from .constants import ContextOption, SocketOption
from .error import error_for

INT_MAX = 2**31 - 1


class ContextRow(NamedTuple):
    """One row: an integer that is at least `low`.

    Reading gives `default` until it is set, or always if `fixed`.
    """

    name: str
    default: Union[int, None]  # None: it can only be set
    low: Union[int, None] = 0  # None: it can only be read
    unit: str = ""
    text: str = ""  # what it is, for docs/options.md
    truth: bool = False  # kept as 0 or 1
    fixed: bool = False


_C = ContextOption
ZERO_COPY_RECV = 10  # a draft that releases of libzmq have, without its name

CONTEXT_OPTIONS: dict[int, ContextRow] = {
    _C.IO_THREADS: ContextRow(
        "IO_THREADS",
        1,
        unit="threads",
        text="that move what is sent and received; 0: only inproc. The first socket "
        "settles it",
    ),
    _C.MAX_SOCKETS: ContextRow(
        "MAX_SOCKETS", 1023, 1, unit="sockets", text="that may be open; then EMFILE"
    ),
    _C.SOCKET_LIMIT: ContextRow(
        "SOCKET_LIMIT (read), THREAD_PRIORITY (set)",
        65535,
        fixed=True,
        text="the most that MAX_SOCKETS may be; sched_priority of the I/O threads, "
        "with a THREAD_SCHED_POLICY that has priorities",
    ),
    _C.THREAD_SCHED_POLICY: ContextRow(
        "THREAD_SCHED_POLICY",
        -1,
        text="of the I/O threads, as in sched_setscheduler; -1: as their maker's",
    ),
    _C.MAX_MSGSZ: ContextRow(
        "MAX_MSGSZ",
        INT_MAX,
        unit="bytes",
        text="kept, has no effect, as in libzmq; see MAXMSGSIZE",
    ),
    _C.MSG_T_SIZE: ContextRow(
        "MSG_T_SIZE", 64, None, unit="bytes", text="of libzmq's zmq_msg_t"
    ),
    _C.THREAD_AFFINITY_CPU_ADD: ContextRow(
        "THREAD_AFFINITY_CPU_ADD",
        None,
        unit="CPU",
        text="one more that I/O threads may run on; before the first: all",
    ),
    _C.THREAD_AFFINITY_CPU_REMOVE: ContextRow(
        "THREAD_AFFINITY_CPU_REMOVE",
        None,
        unit="CPU",
        text="that was added; EINVAL if it was not",
    ),
    _C.THREAD_NAME_PREFIX: ContextRow(
        "THREAD_NAME_PREFIX",
        0,
        -INT_MAX - 1,
        text="the system's name of an I/O thread begins so; 0: it does not",
    ),
    ZERO_COPY_RECV: ContextRow(
        "ZERO_COPY_RECV",
        1,
        truth=True,
        unit="0 or not",
        text="kept, has no effect: long frames are received where they stay",
    ),
    SocketOption.IPV6: ContextRow(
        "IPV6", 0, truth=True, unit="0 or not", text="IPV6 of new sockets"
    ),
    SocketOption.BLOCKY: ContextRow(
        "BLOCKY",
        1,
        truth=True,
        unit="0 or not",
        text="0: LINGER of new sockets is 0, so that term does not wait for a peer",
    ),
}


def defaults() -> dict[int, Any]:
    """Return a new context's values."""
    return {number: row.default for number, row in CONTEXT_OPTIONS.items()}


def find(number: int) -> ContextRow:
    """Return the row of an option.  ZMQError(EINVAL) if there is none."""
    if not isinstance(number, int):
        raise TypeError(f"an option is an int, not {number!r}")
    row = CONTEXT_OPTIONS.get(number)
    if row is None:
        raise error_for(EINVAL, f"no context option {number}")
    return row


def check(number: int, value: Any) -> int:
    """Return the value to keep.  TypeError, OverflowError or ZMQError(EINVAL) for a
    bad one."""
    if not isinstance(value, int):
        raise TypeError(f"a context option is an int, not {value!r}")
    if not -INT_MAX - 1 <= value <= INT_MAX:
        raise OverflowError(f"context option {number}: {value} is too large")
    row = find(number)
    if row.low is None:
        raise error_for(EINVAL, f"{row.name} can only be read")
    if value < row.low:
        raise error_for(EINVAL, f"{row.name} is at least {row.low}, not {value}")
    return int(bool(value)) if row.truth else int(value)
