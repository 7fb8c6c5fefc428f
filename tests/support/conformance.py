"""Reading the tables of docs/conformance and docs/pains.md, and the tests that they
name."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path
from typing import Iterator, NamedTuple

TESTS = Path(__file__).resolve().parents[1]
PAGES = sorted((TESTS.parent / "docs" / "conformance").glob("*.md"))
INDEX = TESTS.parent / "docs" / "conformance.md"
HEAD = "| rule | tests | difference |"
PAINS = TESTS.parent / "docs" / "pains.md"
PAINS_HEAD = "| pain | pyzmq and libzmq | pymq | tests |"
BREAK = "<br>"

_CELLS = re.compile(r"(?<!\\)\|")


class Row(NamedTuple):
    """One line of a table."""

    place: str
    rule: str
    tests: list[str]
    difference: str

    @property
    def differs(self) -> bool:
        """Whether we are not as libzmq."""
        return self.difference != "none"


class Pain(NamedTuple):
    """One line of docs/pains.md."""

    place: str
    what: str
    theirs: str
    ours: str
    tests: list[str]


def rows(page: Path) -> Iterator[Row]:
    """The rows of a page; a line of a table that is none is an AssertionError."""
    for place, cells in _lines(page, HEAD):
        yield Row(place, cells[0], cells[1].split(BREAK), cells[2])


def pains() -> Iterator[Pain]:
    """The rows of docs/pains.md, likewise; none where it is not."""
    for place, cells in _lines(PAINS, PAINS_HEAD) if PAINS.exists() else ():
        yield Pain(place, cells[0], cells[1], cells[2], cells[3].split(BREAK))


def _lines(page: Path, head: str) -> Iterator[tuple[str, list[str]]]:
    """The place and the cells of each line of tables with that head."""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        place = f"{page.name}:{number}"
        if not line.startswith("|") or line == head or set(line) <= set("|- "):
            continue
        cells = [cell.strip() for cell in _CELLS.split(line)[1:-1]]
        assert len(cells) == head.count("|") - 1, f"{place}: {len(cells)} columns"
        yield place, cells


@functools.cache
def nodes(of: Path = TESTS) -> dict[str, ast.FunctionDef]:
    """Every test function by its name for pytest, from the source alone."""
    found = {}
    for file in sorted(of.rglob("test_*.py")):
        name = file.relative_to(of.parent).as_posix()
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found[f"{name}::{node.name}"] = node
    return found


def fails_on_oracle(test: ast.FunctionDef) -> bool:
    """Whether the test shows a fault of libzmq."""
    return _is_marked(test, "fails_on")


def is_of_oracle(test: ast.FunctionDef) -> bool:
    """Whether the test runs on libzmq alone."""
    return _is_marked(test, "only")


def _is_marked(test: ast.FunctionDef, mark: str) -> bool:
    """Whether a mark of that name names pyzmq first."""
    marks = map(ast.unparse, test.decorator_list)
    return any(text.startswith(f"pytest.mark.{mark}('pyzmq'") for text in marks)
