"""docs/pains.md: each pain has tests that are there, and show it on pyzmq too, or a
reason."""

from __future__ import annotations

import functools
import inspect
import re
from typing import Any, Iterable

import conformance
import pytest

import pymq

PAINS = list(conformance.pains())
REASONS = ("in part: ", "not answered: ")

pytestmark = pytest.mark.skipif(not PAINS, reason="the documentation is not here")


def _complaints(lines: Iterable[str]) -> None:
    found = list(lines)
    assert not found, "\n".join(found)


def _is_reason(entry: str) -> bool:
    return any(entry.startswith(word) and entry != word for word in REASONS)


def _named(pain: conformance.Pain) -> list[str]:
    """The tests of a row."""
    return [entry.strip("`") for entry in pain.tests if not _is_reason(entry)]


def _lacking(pain: conformance.Pain) -> list[str]:
    """What pyzmq is said to have nothing of."""
    return re.findall(r"\bno `([^`]+)`", pain.theirs)


def test_the_rows_are_numbered() -> None:
    numbers = [int(pain.what.partition(".")[0]) for pain in PAINS]
    assert numbers == list(range(1, len(PAINS) + 1))


def test_no_cell_is_empty() -> None:
    _complaints(
        pain.place
        for pain in PAINS
        if not (pain.what and pain.theirs and pain.ours and all(pain.tests))
    )


def test_every_pain_names_an_issue() -> None:
    _complaints(pain.place for pain in PAINS if not re.search(r" #\d+", pain.what))


def test_every_test_is_there() -> None:
    known = {f"`{name}`" for name in conformance.nodes()}
    _complaints(
        f"{pain.place}: {entry}"
        for pain in PAINS
        for entry in pain.tests
        if entry not in known and not _is_reason(entry)
    )


def test_a_reason_comes_last_and_says_whether_there_are_tests() -> None:
    for pain in PAINS:
        reasons = [entry for entry in pain.tests if _is_reason(entry)]
        assert reasons in ([], pain.tests[-1:]), pain.place
        refused = any(entry.startswith("not answered") for entry in reasons)
        assert refused == (not _named(pain)), pain.place


def test_every_answer_is_one_that_pyzmq_does_not_have() -> None:
    """Its fault is shown by a test, or there is nothing to show it with."""
    tests = conformance.nodes()
    _complaints(
        pain.place
        for pain in PAINS
        if _named(pain) and not _lacking(pain) and not _is_shown(pain, tests)
    )


def _is_shown(pain: conformance.Pain, tests: dict[str, Any]) -> bool:
    return any(
        conformance.fails_on_oracle(tests[name])
        or conformance.is_of_oracle(tests[name])
        for name in _named(pain)
    )


def test_what_is_lacking_is_here() -> None:
    names = [name for pain in PAINS for name in _lacking(pain)]
    assert names
    _complaints(name for name in names if not _has(pymq, name))


def test_what_is_lacking_is_lacking() -> None:
    zmq = pytest.importorskip("zmq")
    _complaints(name for pain in PAINS for name in _lacking(pain) if _has(zmq, name))


def _has(module: Any, name: str) -> bool:
    """`Class.name`, or `Class.name(argument=)`."""
    path, _, argument = name.partition("(")
    try:
        found = functools.reduce(getattr, path.split("."), module)
    except AttributeError:
        return False
    return not argument or argument.rstrip("=)") in inspect.signature(found).parameters
