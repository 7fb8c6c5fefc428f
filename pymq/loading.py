"""Modules that are loaded when they are first needed, by whatever thread that is.

A forked child inherits the lock of a module that another thread was loading, and not
that thread: who needs the module there would wait for ever.  So a fork waits first.
"""

from __future__ import annotations

import os
import threading
from importlib import import_module
from typing import Any, Union

#: Held while one is loaded.  Reentrant: it may load others.
lock = threading.RLock()


def load(name: str, package: Union[str, None] = None) -> Any:
    """As `importlib.import_module`."""
    with lock:
        return import_module(name, package)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release
    )
