"""The table of what went between implementations."""

from __future__ import annotations

import pytest
from traffic import Ledger

LEDGER = pytest.StashKey[Ledger]()


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
