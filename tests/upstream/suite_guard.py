"""A plugin of pytest for pyzmq's tests: which zmq they ran on, and what came of each.

Against a false pass: nothing counts unless the zmq that was imported, and mapped into
the process, is the one that was asked for.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

WANTED = os.environ["SUITE_ZMQ"]  # native, pure, pyzmq
REPORT = Path(os.environ["SUITE_REPORT"])
_RANKS = ("passed", "skipped", "failed")

outcomes: dict[str, str] = {}


def _found() -> str:
    """Which zmq this process has, or what is wrong with it."""
    import zmq

    maps = Path("/proc/self/maps").read_text()
    libzmq = "libzmq" in maps or "zmq/backend/cython" in maps
    name: Any = getattr(zmq, "backend_name", None)
    found = "pyzmq" if name is None else str(name())
    if name is not None and Path(zmq.__file__).parent.name != "pymq":
        return f"{zmq.__file__}, not pymq"
    if libzmq != (found == "pyzmq"):
        return f"{found}, " + ("with" if libzmq else "without") + " a libzmq"
    return found


def pytest_runtest_logreport(report: Any) -> None:
    """The worst of setup, call and teardown counts."""
    if report.when == "call" or report.outcome != "passed":
        known = outcomes.get(report.nodeid, "passed")
        if report.outcome in _RANKS:  # else it is "rerun", and runs again
            outcomes[report.nodeid] = max(known, report.outcome, key=_RANKS.index)


def pytest_sessionfinish(session: Any) -> None:
    """Leave the report, or none."""
    found = _found()
    assert found == WANTED, f"the tests ran on {found}, not on {WANTED}"
    REPORT.write_text(json.dumps(outcomes))
