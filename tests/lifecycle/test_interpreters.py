"""Subinterpreters are refused: there the process would end with a fatal error."""

from __future__ import annotations

import importlib.util
import sys

import pytest
from library import Library
from scripts import Script

NAMES = ("_interpreters", "_xxsubinterpreters")
PRESENT = [name for name in NAMES if importlib.util.find_spec(name)]

pytestmark = [
    pytest.mark.only("pymq"),
    pytest.mark.core,
    pytest.mark.skipif(not PRESENT, reason="no subinterpreters"),
]

INSIDE = """
import sys
sys.path[:] = {path}
import pymq
try:
    pymq.Context()
except ImportError as error:
    assert 'subinterpreters' in str(error), error
else:
    raise AssertionError('not refused')
"""

OUTSIDE = """
import importlib
interpreters = importlib.import_module(endpoint)
inside = INSIDE.format(path=sys.path)

def create():
    try:
        return interpreters.create({isolated})
    except TypeError:  # of another Python
        return interpreters.create()

def round_trip():
    with zmq.Context() as context:
        with context.socket(zmq.PULL) as pull, context.socket(zmq.PUSH) as push:
            pull.bind("tcp://127.0.0.1:*")
            push.connect(pull.last_endpoint)
            push.send(b"x")
            assert pull.recv() == b"x"

if {before}:
    round_trip()
for _ in range(3):
    made = create()
    failed = interpreters.run_string(made, inside)
    assert failed is None, failed
    interpreters.destroy(made)
round_trip()
"""


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("kind", ["isolated", "legacy"])
def test_they_are_refused(zmq: Library, kind: str, before: bool) -> None:
    """Whether the main interpreter uses pymq already, or later."""
    if sys.version_info >= (3, 13):
        isolated = f"{kind!r}"
    else:
        isolated = f"isolated={kind == 'isolated'}"
    text = OUTSIDE.replace("{isolated}", isolated).replace("{before}", str(before))
    with Script(zmq, f"INSIDE = {INSIDE!r}\n{text}", PRESENT[0]) as script:
        ended = script.ended()
    assert (ended.code, ended.stderr) == (0, "")
