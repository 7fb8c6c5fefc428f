"""Headers of short frames, made once."""

from __future__ import annotations

from ...zmtp import older
from ...zmtp.frame import header
from . import queue

#: By kind and size: of ZMTP 2.0 and later, and of 1.0.
NEWER = [
    [header(size, kind) for size in range(256)] for kind in (queue.LAST, queue.MORE)
]
OLDER = [[older.header(size, kind) for size in range(256)] for kind in (0, 1)]
