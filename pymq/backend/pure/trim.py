"""Memory that was freed, and that C's allocator keeps; as ``csrc/trim.c``.

Bodies of more than 512 bytes are C's to keep.  A heap of free blocks below a few that
are in use is given back only if somebody asks for it.
"""

from __future__ import annotations

import os
import time
from typing import Any, Union

from ... import loading

AFTER = 1.0  # seconds between looks, and without work before one
RARELY = 10  # times as long as it took is the time to the next
WORTH = 32 * 2**20  # bytes

_FIELDS = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"


class Trimmer:
    """The C library's, if it is glibc 2.33 or later; else it does nothing."""

    def __init__(self) -> None:
        self._due = time.monotonic() + AFTER
        self._kept = 0  # beside blocks in use, at the least
        self._library: Any = None

    def idle(self) -> bool:
        """For a thread that has nothing to do, and holds no lock: whether it looked."""
        now = time.monotonic()
        if now < self._due:
            return False
        self._due = now + AFTER
        if self._library is None:
            self._library = _library()
        if self._library is not False:
            self._look()
        return True

    def _look(self) -> None:
        info = self._library.mallinfo2()
        size = _beside(info)
        self._kept = min(self._kept, size)
        if size < self._kept + WORTH or info.fordblks < WORTH:
            return
        began = time.monotonic()
        self._library.malloc_trim(0)
        self._kept = _beside(self._library.mallinfo2())
        self._due = began + max(AFTER, (time.monotonic() - began) * RARELY)


def _beside(info: Any) -> int:
    """Bytes in memory that are no block in use.  What was given back stays free to the
    allocator, and so does what was used and freed again since, which is in memory."""
    try:
        with open("/proc/self/statm", "rb") as statm:
            pages = int(statm.read().split()[1])
    except OSError:
        return int(info.fordblks)
    return pages * os.sysconf("SC_PAGESIZE") - int(info.uordblks)


def _library() -> Union[Any, bool]:
    """False if there is no such thing."""
    try:
        with loading.lock:
            import ctypes  # not earlier: it costs, and most programs end before

        library = ctypes.CDLL(None)
        fields = [(name, ctypes.c_size_t) for name in _FIELDS.split()]
        info = type("Mallinfo2", (ctypes.Structure,), {"_fields_": fields})
        library.mallinfo2.restype = info
        library.malloc_trim.argtypes = (ctypes.c_size_t,)
    except (ImportError, OSError, AttributeError, TypeError):
        return False
    return library


trimmer = Trimmer()
