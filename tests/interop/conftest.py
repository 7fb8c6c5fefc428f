"""Ordered pairs of implementations, and the table of what went between them."""

from __future__ import annotations

from typing import Iterator

import implementations
import pytest
from library import Library
from traffic import Ledger

LEDGER = pytest.StashKey[Ledger]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "couple" not in metafunc.fixturenames:
        return
    found = metafunc.config.stash[implementations.CHOSEN]
    pairs = [(west, east) for west in found for east in found]
    names = [f"{west.tag}-{east.tag}" for west, east in pairs]
    metafunc.parametrize("couple", pairs, ids=names, indirect=True)


@pytest.fixture
def couple(request: pytest.FixtureRequest) -> Iterator[tuple[Library, Library]]:
    """Two implementations (or one, twice), each with a context of its own."""
    west, east = (Library(one) for one in request.param)
    yield west, east
    west.close()
    east.close()


@pytest.fixture
def ledger(pytestconfig: pytest.Config) -> Ledger:
    """Where a test notes what it has moved."""
    return pytestconfig.stash.setdefault(LEDGER, Ledger())


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    ledger = config.stash.get(LEDGER, None)
    if ledger is None:
        return
    terminalreporter.section("files moved: messages/megabytes, = digests equal")
    for line in ledger.table():
        terminalreporter.write_line(line)
