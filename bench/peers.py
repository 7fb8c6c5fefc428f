"""The table of implementations that are measured.

To add one: a row here, and its name in the `peers` of rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Optional

from .compile import compiled, libzmq
from .environments import environment, require
from .missing import Missing
from .process import Call, Program, Unfinished, Unsupported, here, measure
from .rows import ELSEWHERE


@dataclass(frozen=True)
class Peer:
    """`worker` is a file of ``workers/``, `library` what it imports; `package` where
    pip finds that.  `batches` is False where many messages must go one by one, `fresh`
    is for workers that could use one buffer for all messages, and shall not."""

    name: str
    about: str
    worker: str
    library: str = ""
    package: str = ""
    backend: str = ""
    batches: bool = True
    place: str = ""
    fresh: bool = False


HERE = (
    Peer("pymq", "native backend", "zmq_api.py", "pymq", backend="native"),
    Peer("pymq-pure", "pure backend", "zmq_api.py", "pymq", backend="pure"),
    Peer("pyzmq", "over libzmq", "zmq_api.py", "zmq", "pyzmq", batches=False),
    Peer("pyomq", "over omq.rs", "zmq_api.py", "pyomq", "pyomq", batches=False),
    Peer("pynng", "over nng", "pynng_api.py", "pynng", "pynng", batches=False),
    Peer("libzmq", "its C API, from C", "libzmq", batches=False),
    Peer("raw-python", "Python's sockets: the floor", "raw_python.py"),
    Peer("raw-python-new", "... with new bytes each time", "raw_python.py", fresh=True),
    Peer("raw-sealed", "... with libsodium: the floor of CURVE", "raw_sealed.py"),
    Peer("raw-c", "C's sockets: the floor", "raw"),
)
THERE = tuple(
    replace(peer, name=f"{peer.name}@{place}", place=place)
    for place, (names, _) in ELSEWHERE.items()
    for peer in HERE
    if peer.name in names
)
PEERS = {peer.name: peer for peer in (*HERE, *THERE)}


def program(peer: Peer, pythons: tuple[str, ...] = ()) -> Program:
    """How to start the peer's worker; `pythons` are other interpreters to look at.

    Raises Missing.
    """
    if not peer.worker.endswith(".py"):
        keys = {"library": libzmq()} if peer.worker == "libzmq" else {}
        return Program([compiled(peer.worker)], {}, keys)
    where = environment(peer.place, pythons)
    if peer.package:
        require(peer.place, pythons, peer.package)
    variables = {"PYTHONPATH": where.path, "PYMQ_BACKEND": peer.backend}
    keys = {"library": peer.library} if peer.library else {}
    if peer.fresh:
        keys["fresh"] = "1"
    return Program([where.python, str(here() / peer.worker)], variables, keys)


def describe(peer: Peer, pythons: tuple[str, ...] = ()) -> dict[str, Optional[str]]:
    """Versions, or why the peer is missing."""
    try:
        started = program(peer, pythons)
        if not peer.worker.endswith(".py"):
            return {"about": peer.about, "version": library(started)}
        call = {"both": Call("about", {})}
        found: dict[str, Any] = measure(started, call, {}, 30)["both"]
    except (Missing, Unfinished, Unsupported) as error:
        return {"about": peer.about, "missing": str(error)}
    return {"about": peer.about, **found}


def library(started: Program) -> str:
    """The file that a worker in C loads, if it does."""
    return Path(str(started.keys.get("library", ""))).name
