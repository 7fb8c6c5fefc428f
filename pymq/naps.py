"""How long a call may sleep at once.

Python runs signal handlers on the main thread, between two of its steps.  If a signal
comes just before a sleep, or to another thread, it does not end the sleep.  So the main
thread wakes up now and then, and Ctrl-C is noticed soon.
"""

from __future__ import annotations

import os
import sys
import threading
import time

#: Seconds.  Longer than an unused lease (LENT_FOR in engine.h): who gets up only to
#: look for signals does not count as one who waits often.
OF_MAIN = 0.15
OF_OTHERS = 1.0
#: Where gevent has patched `threading`, our own threads are greenlets, and stand still
#: while C sleeps.
OF_PATCHED = 0.005


_get_ident = threading.get_ident
_main = threading.main_thread().ident


def longest() -> float:
    """Return the seconds that the calling thread may sleep at once."""
    if "gevent.monkey" in sys.modules and _patched():
        return OF_PATCHED
    return OF_MAIN if _get_ident() == _main else OF_OTHERS


def between() -> None:
    """To be called between two naps."""
    if _patched():
        time.sleep(0)  # gevent's: lets the others run


def _patched() -> bool:
    """Whether gevent has patched locks and threads."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


def _look() -> None:
    """Find the main thread; in a forked child it is the thread that forked."""
    global _main
    _main = threading.main_thread().ident


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_look)
