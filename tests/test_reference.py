"""docs/options.md: made from the tables, and complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymq import reference
from pymq.constants import SocketOption
from pymq.context_options import CONTEXT_OPTIONS
from pymq.options import OPTIONS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "options.md"


def test_the_page_is_current() -> None:
    if not PAGE.exists():
        pytest.skip("the documentation is not here")
    command = "python -m pymq.reference > docs/options.md"
    assert PAGE.read_text() == reference.page(), f"run: {command}"


def test_every_option_is_there() -> None:
    page = reference.page()
    for option in SocketOption:
        assert f"| `{option.name}` | {int(option)} |" in page
    for number, row in CONTEXT_OPTIONS.items():
        assert f"| `{row.name}` | {int(number)} |" in page


def test_no_table_is_broken() -> None:
    texts = [row.text + row.unit for row in OPTIONS.values()]
    texts += [row.text + row.unit for row in CONTEXT_OPTIONS.values()]
    for text in texts:
        assert "|" not in text
        assert "\n" not in text
