"""Random programs of socket calls: native, pure and libzmq answer every call alike.

CI runs a few hundred of them, always the same ones. As many as you like, others each
time:

    PYMQ_PROGRAMS=20000 python -m pytest tests/agreement --timeout 0

Over inproc what a call does is done when it returns; over tcp and ipc
`support/agreement/network.py` waits for it. A failure shows the shortest program that
hypothesis found, and the first call on which two implementations disagree: what libzmq
did, or the first of them, then what the other did. Where libzmq is not to be followed,
`support/agreement/differences.py` says so and why.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Callable, Iterator, Optional

import implementations
import pytest
from agreement.differences import admitted, difference
from agreement.interpreter import Entry
from agreement.network_programs import network_programs
from agreement.programs import Program, option_programs, programs
from agreement.worker import Worker, run
from hypothesis import HealthCheck, given, settings

Run = Callable[[Program], list[Entry]]

ASKED = int(os.environ.get("PYMQ_PROGRAMS", "0"))
FEW = 150  # programs of each test, in CI
FEWER = 50  # over the network, where each waits for what has to come


def _profile(few: int) -> settings:
    return settings(
        max_examples=ASKED or few,
        derandomize=not ASKED,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def runs(pytestconfig: pytest.Config) -> Iterator[dict[str, Run]]:
    """How to run a program on each implementation, the oracle first."""
    found: dict[str, Run] = {}
    worker: Optional[Worker] = None
    for one in pytestconfig.stash[implementations.CHOSEN]:
        if one.tag == implementations.ORACLE:
            worker = Worker(one.tag)
            found = {one.tag: worker.run, **found}
        else:
            found[one.tag] = partial(run, one)
    if len(found) < 2:
        pytest.skip("there is one implementation only: nothing to agree with")
    yield found
    if worker is not None:
        worker.close()


@_profile(FEW)
@given(program=programs())
def test_messages_and_connections(runs: dict[str, Run], program: Program) -> None:
    _check(runs, admitted(program))


@_profile(FEW)
@given(program=option_programs())
def test_options(runs: dict[str, Run], program: Program) -> None:
    _check(runs, admitted(program))


@_profile(FEWER)
@given(program=network_programs())
def test_over_the_network(runs: dict[str, Run], program: Program) -> None:
    _check(runs, program)


def _check(runs: dict[str, Run], program: Program) -> None:
    (first, expected), *others = [(tag, run(program)) for tag, run in runs.items()]
    for tag, transcript in others:
        found = difference(program, expected, transcript)
        assert found is None, _report(program, first, tag, found)
    if len(others) == 2:
        assert others[0][1] == others[1][1]


def _report(
    program: Program, first: str, other: str, found: Optional[tuple[Entry, Entry]]
) -> str:
    assert found is not None
    lines = [f"sockets: {', '.join(program.kinds)}", *map(repr, program.operations)]
    return "\n  ".join([*lines, f"{first}: {found[0]}", f"{other}: {found[1]}"])
