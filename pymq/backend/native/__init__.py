"""The data plane in C: a thin face on `pymq._core` (``csrc/pymq.h``).

Calls keep the GIL but for `Hub.wait` (see ``csrc/gil.h``); the C side locks for
itself, so any thread may call anything on every Python.  Handles are freed when
their Python objects are.

`hub`, `pipe`, `loop` and `bell` are the contract's; `ahead`, `batch` and `held` are
nouns of docs/architecture.md; `counting` reads what the core counts, and `handles` owns
what it gives.
"""

from __future__ import annotations

from typing import Union

from ... import _core
from ..abc import Hub as AbstractHub
from ..abc import Loop as AbstractLoop
from ..abc import Routing
from .held import settle
from .hub import Hub
from .loop import Loop

__all__ = ["exporter", "hub", "loop", "name", "settle"]

name = "native"
#: See ``csrc/exporter.h``; None where there are no builtins.
exporter: Union[type, None] = getattr(_core, "Exporter", None)


def loop(threads: int) -> AbstractLoop:
    """See `pymq.backend.abc.Backend.loop`."""
    return Loop(threads)


def hub(loop: AbstractLoop, routing: Routing) -> AbstractHub:
    """See `pymq.backend.abc.Backend.hub`."""
    if not isinstance(loop, Loop):
        raise TypeError("the loop is another backend's")
    return Hub(loop, routing)
