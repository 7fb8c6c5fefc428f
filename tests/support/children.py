"""What processes of multiprocessing run: they import it by this name."""

from __future__ import annotations

import os

from implementations import load
from patience import PATIENCE


def ask(tag: str, endpoint: str) -> None:
    """Ask a REP there for this process's id, from a context of its own."""
    context = load(tag).context()
    req = context.socket(load(tag).module.REQ)
    req.rcvtimeo = int(PATIENCE * 1000)
    req.connect(endpoint)
    req.send(b"%d" % os.getpid())
    assert req.recv() == b"%d" % os.getpid()
    req.close()
    context.term()
