"""docs/conformance.md and its pages: no empty row, no test that is not there."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from typing import Iterable

import conformance
import pytest

import pymq
from pymq import transports
from pymq.constants import SocketOption, SocketType
from pymq.context_options import CONTEXT_OPTIONS

NOT_YET = {
    "WebSocket",
    "UDP",
    "draft sockets",
    "draft options",
    "draft functions",
}
LEFT_OUT = {"PGM", "NORM", "VMCI", "C API", "Windows", "deprecated", "internals"}
EXCUSES = {f"not yet: {what}" for what in NOT_YET}
EXCUSES |= {f"left out: {what}" for what in LEFT_OUT}

ROWS = [row for page in conformance.PAGES for row in conformance.rows(page)]

pytestmark = pytest.mark.skipif(not ROWS, reason="the documentation is not here")


def _complaints(lines: Iterable[str]) -> None:
    found = list(lines)
    assert not found, "\n".join(found)


def _named() -> set[str]:
    """Whatever stands in backquotes in some rule."""
    return {name for row in ROWS for name in re.findall(r"`([^`]+)`", row.rule)}


def test_no_cell_is_empty() -> None:
    _complaints(
        row.place
        for row in ROWS
        if not (row.rule and row.difference and all(row.tests))
    )


def test_every_test_is_there() -> None:
    known = {f"`{name}`" for name in conformance.nodes()} | EXCUSES
    _complaints(
        f"{row.place}: {entry}"
        for row in ROWS
        for entry in row.tests
        if entry not in known
    )


def test_what_is_left_out_has_a_reason() -> None:
    _complaints(
        row.place
        for row in ROWS
        if any(entry.startswith("left out") for entry in row.tests) and not row.differs
    )


def test_every_excuse_is_explained() -> None:
    text = " ".join(conformance.INDEX.read_text(encoding="utf-8").split())
    _complaints(sorted(what for what in NOT_YET | LEFT_OUT if what not in text))


def test_no_rule_stands_twice_on_a_page() -> None:
    count = Counter((row.place.partition(":")[0], row.rule) for row in ROWS)
    _complaints(f"{page}: {rule}" for (page, rule), n in count.items() if n > 1)


def test_every_fault_of_libzmq_is_a_difference() -> None:
    told = {entry for row in ROWS if row.differs for entry in row.tests}
    told |= {entry for pain in conformance.pains() for entry in pain.tests}
    _complaints(
        name
        for name, test in conformance.nodes().items()
        if conformance.fails_on_oracle(test) and f"`{name}`" not in told
    )


def test_every_option_has_a_row() -> None:
    wanted = {option.name for option in SocketOption}
    wanted |= {name for row in CONTEXT_OPTIONS.values() for name in _words(row.name)}
    _complaints(sorted(wanted - _named()))


def _words(name: str) -> list[str]:
    return re.findall(r"[A-Z][A-Z_0-9]+", name)


def test_every_socket_type_has_a_row() -> None:
    _complaints(sorted({kind.name for kind in SocketType} - _named()))


def test_every_transport_has_a_row() -> None:
    _complaints(sorted({f"{name}://" for name in transports.schemes()} - _named()))


def test_every_public_function_has_a_row() -> None:
    public = {
        name
        for name in vars(pymq)["__all__"]
        if inspect.isfunction(getattr(pymq, name))
    }
    for kind in (pymq.Context, pymq.Socket, pymq.Poller, pymq.Frame):
        public |= {f"{kind.__name__}.{name}" for name in _methods(kind)}
    _complaints(sorted(public - _named()))


def _methods(kind: type) -> set[str]:
    return {
        name
        for name, member in inspect.getmembers(kind)
        if inspect.isfunction(member) and not name.startswith("_")
    }
