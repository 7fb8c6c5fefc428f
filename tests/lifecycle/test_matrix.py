"""Every way to end a sender, with every kind of reader: what is sent arrives whole.

With LINGER=-1 all of it; with a LINGER that is over before, whole messages only, and
term has returned.  The table of docs/lifecycle.md is made of the same cells.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Iterator

import pytest
from cells import (
    DIMENSIONS,
    HUGE,
    LARGE,
    Cell,
    covering,
    everyday,
    is_slow,
    met,
    possible,
)
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


@pytest.mark.slow
@pytest.mark.only("pymq")
def test_an_end_of_three_values(zmq: Library, peer: Library, cell: Cell) -> None:
    assert Ending(zmq, peer, cell).run().fault(cell) == ""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """To find them takes seconds, for which nobody else has to wait."""
    if metafunc.function is test_an_end_of_three_values:
        slow = metafunc.config.getoption("--slow")
        cells = covering(DIMENSIONS, count=3) if slow else []
        metafunc.parametrize("cell", cells, ids=str)


@pytest.mark.parametrize(
    ("count", "most"), [(2, 40), pytest.param(3, 160, marks=pytest.mark.slow)]
)
def test_all_values_meet(count: int, most: int) -> None:
    """Whatever cell there is, so many of its values meet in one that is tried."""
    cells = covering(DIMENSIONS, count=count)
    assert cells == covering(DIMENSIONS, count=count)
    assert len(cells) < most
    found = {meeting for cell in cells for meeting in met(cell, count)}
    chance = random.Random(1)
    for _ in range(5000):
        some = Cell(*(chance.choice(choices) for choices in DIMENSIONS.values()))
        assert not possible(some) or found.issuperset(met(some, count))


def test_the_table_has_every_cell() -> None:
    if not PAGE.exists():
        pytest.skip("the documentation is not here")
    page = PAGE.read_text()
    for cell in everyday():
        assert f"| {cell} |" in page, "run tests/support/lifecycle_table.py"
