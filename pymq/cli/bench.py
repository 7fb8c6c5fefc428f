"""``pymq bench``: hands its arguments to `pymq.bench`, which knows the options."""

from __future__ import annotations

from importlib import import_module
from typing import Sequence

MODULE = "pymq.bench.command"


def run(arguments: Sequence[str]) -> int:
    """Run the benchmark; the exit code.  ImportError if it is not installed."""
    main = import_module(MODULE).main
    return int(main(arguments))
