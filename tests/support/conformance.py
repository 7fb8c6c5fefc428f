"""Reading the tables of docs/conformance, and the tests that they name."""

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


def rows(page: Path) -> Iterator[Row]:
    """The rows of a page; a line of a table that is none is an AssertionError."""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        place = f"{page.name}:{number}"
        if not line.startswith("|") or line == HEAD or set(line) <= set("|- "):
            continue
        cells = [cell.strip() for cell in _CELLS.split(line)[1:-1]]
        assert len(cells) == 3, f"{place}: {len(cells)} columns"
        yield Row(place, cells[0], cells[1].split(BREAK), cells[2])


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
    for mark in test.decorator_list:
        text = ast.unparse(mark)
        if text.startswith("pytest.mark.fails_on(") and "'pyzmq'" in text:
            return True
    return False
