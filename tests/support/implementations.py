"""The implementations under test: both backends of pymq, and libzmq as the oracle.

A behaviour test names none of them.  It runs on each, from one body, so a test that
libzmq fails either is wrong or says on purpose that pymq does better.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Optional

import pytest

TAGS = ("native", "pure", "pyzmq")
ORACLE = "pyzmq"


@dataclass(frozen=True)
class Implementation:
    """One way to get the names of pyzmq: a module, and a backend if it has several."""

    tag: str
    module: Any
    backend: Optional[str] = None

    def context(self, io_threads: int = 1) -> Any:
        """A new context of this implementation."""
        if self.backend is None:
            return self.module.Context(io_threads)
        return self.module.Context(io_threads, backend=self.backend)

    def is_one_of(self, tags: tuple[str, ...]) -> bool:
        """Whether `tags` names this one; "pymq" names both backends."""
        kin = "pyzmq" if self.tag == ORACLE else "pymq"
        return self.tag in tags or kin in tags

    def __str__(self) -> str:
        if self.tag == ORACLE:
            return (
                f"pyzmq {self.module.__version__} (libzmq {self.module.zmq_version()})"
            )
        return f"pymq {self.tag}"


# Where pytest's configuration keeps what was chosen.
CHOSEN = pytest.StashKey[list[Implementation]]()


def load(tag: str) -> Implementation:
    """The implementation called `tag`; ImportError says why it cannot be had."""
    if tag == ORACLE:
        return Implementation(tag, importlib.import_module("zmq"))
    if tag not in TAGS:
        raise ImportError(f"no implementation is called {tag!r}: {', '.join(TAGS)}")
    found = Implementation(tag, importlib.import_module("pymq"), tag)
    found.context().term()  # a backend that does not load says so here
    return found


def choose(wanted: str, backend: str) -> list[Implementation]:
    """Load what `wanted` (comma separated) or else PYMQ_BACKEND asks for.

    What is asked for by name must load.  The oracle beside a chosen backend, and
    everything when nothing is asked for, is taken where it is available.
    """
    if wanted:
        return [load(tag.strip()) for tag in wanted.split(",")]
    if backend:
        return [load(backend), *_available((ORACLE,))]
    return _available(TAGS)


def _available(tags: tuple[str, ...]) -> list[Implementation]:
    found = []
    for tag in tags:
        try:
            found.append(load(tag))
        except ImportError:
            continue
    return found
