"""Every way to end a sender, with every kind of reader: what is sent arrives whole.

With LINGER=-1 all of it; with a LINGER that is over before, whole messages only, and
term has returned.  The table of docs/lifecycle.md is made of the same cells.
"""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest
from cells import DIMENSIONS, HUGE, LARGE, Cell, covering, everyday, is_slow
from ending import Ending
from implementations import load
from library import Library

PAGE = Path(__file__).resolve().parents[2] / "docs" / "lifecycle.md"
CELLS = [
    pytest.param(cell, marks=[pytest.mark.slow] if is_slow(cell) else [], id=str(cell))
    for cell in everyday()
]


@pytest.fixture
def peer(zmq: Library, cell: Cell) -> Iterator[Library]:
    """Whose the reader is."""
    if cell.peer == "pymq":
        yield zmq
        return
    pytest.importorskip("zmq")
    library = Library(load("pyzmq"))
    yield library
    library.close()


@pytest.mark.only("pymq")
@pytest.mark.parametrize("cell", CELLS)
def test_an_end(zmq: Library, peer: Library, cell: Cell) -> None:
    assert Ending(zmq, peer, cell).run().fault(cell) == ""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.only("pymq")
@pytest.mark.parametrize("cell", [*covering(LARGE), *HUGE], ids=str)
def test_an_end_with_large_messages(zmq: Library, peer: Library, cell: Cell) -> None:
    assert Ending(zmq, peer, cell).run().fault(cell) == ""


def test_every_two_values_meet() -> None:
    cells = covering(DIMENSIONS)
    assert cells == covering(DIMENSIONS)
    for transport in DIMENSIONS["transport"]:
        for reader in ("fast", "slow", "stalled"):
            assert any(c.transport == transport and c.reader == reader for c in cells)
    assert len(cells) < 60


def test_the_table_has_every_cell() -> None:
    if not PAGE.exists():
        pytest.skip("the documentation is not here")
    page = PAGE.read_text()
    for cell in everyday():
        assert f"| {cell} |" in page, "run: python tests/support/lifecycle_table.py"
