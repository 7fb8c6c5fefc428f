"""The data plane in pure Python: the reference, and the fallback.

Mirrors ``csrc/`` noun for noun.  One lock per `Loop` (that is, per context) guards
every queue, pipe and hub: under the GIL finer locks would buy nothing, and with one
lock each operation is atomic and no lock order exists to get wrong.  Methods with a
leading underscore and the policy classes expect that lock to be held.

The nouns are in docs/architecture.md.  Beside them: `bell` is one waiter's descriptor,
`held` what the kernel still holds, `headers` the heads of short frames, made once, and
`aside` keeps PyPy's compiler from what is rare.
"""

from __future__ import annotations

from ..abc import Routing
from .hub import Hub
from .loop import Loop

name = "pure"


def loop(threads: int) -> Loop:
    """The I/O of one context; more than one thread would only share the GIL."""
    return Loop()


def hub(loop: Loop, routing: Routing) -> Hub:
    """One socket's end of its pipes."""
    return Hub(loop, routing)


def settle() -> None:
    """Nothing to do: the queues hold what they need, and let go of it."""
