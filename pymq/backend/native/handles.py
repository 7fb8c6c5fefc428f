"""What C gives Python: handles, and errors."""

from __future__ import annotations

import os
from errno import ENOMEM
from typing import Any

from ..._core import ffi


def check(result: int) -> int:
    """Raise for what the system refused us: memory, descriptors, threads."""
    if result == -ENOMEM:
        raise MemoryError
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result


def handle(pointer: Any, destructor: Any) -> Any:
    """A handle that is released with its last reference."""
    if pointer == ffi.NULL:
        raise MemoryError
    return ffi.gc(pointer, destructor)
