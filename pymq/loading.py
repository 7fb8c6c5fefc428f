"""Imports modules when they are first needed, in any thread.

If another thread is importing a module when the process forks, the child inherits the
module's lock, but not that thread.  Whoever needs the module there would wait for ever.
So a fork waits for imports to end.
"""

from __future__ import annotations

import os
import threading
from importlib import import_module
from typing import Any, Union

#: Held while one is loaded.  Reentrant: it may load others.
lock = threading.RLock()


def load(name: str, package: Union[str, None] = None) -> Any:
    """`importlib.import_module`, but never during a fork."""
    with lock:
        return import_module(name, package)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release
    )
