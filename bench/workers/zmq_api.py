"""The worker for every library with pyzmq's API: the same code runs on each.

``library=pymq`` (the environment's PYMQ_BACKEND chooses the backend), ``zmq`` or
``pyomq``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import asyncios
import busy
import connecting
import fanouts
import harness
import proxies
import roundtrips
import startup
import streams
import subscribing

SIDES: harness.Sides = {
    **streams.SIDES,
    **roundtrips.SIDES,
    **fanouts.SIDES,
    **subscribing.SIDES,
    **connecting.SIDES,
    **busy.SIDES,
    **proxies.SIDES,
    **startup.SIDES,
    **asyncios.SIDES,
}


def load(options: harness.Options) -> Any:
    """The library under test."""
    library = import_module(options.library)
    if options.many and not hasattr(library.Socket, "send_many"):
        harness.unsupported("no send_many and recv_many")
    if options.curve and not library.has("curve"):
        harness.unsupported("no CURVE")
    return library


if __name__ == "__main__":
    harness.main(SIDES, load)
