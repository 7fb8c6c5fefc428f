"""What somebody in the network may try, and what comes of it; docs/attacks.md is made
of these.

Each attack is a function with a scene: the sockets under attack, and honest ones that
have to get through all the same.
"""

from __future__ import annotations

import pytest
from attacks import page
from conformance import TESTS
from library import Library
from scene import ATTACKS, Attack, Scene

from pymq.zmtp import sodium

DOCS = TESTS.parent / "docs" / "attacks.md"


@pytest.mark.only("pymq")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: str(one.id))
def test_attack(zmq: Library, attack: Attack) -> None:
    if attack.sealed and not sodium.available():
        pytest.skip("PyNaCl is not there")
    scene = Scene(zmq)
    assert attack.run(scene) == attack.outcome
    scene.close()


@pytest.mark.skipif(not DOCS.exists(), reason="the documentation is not here")
def test_the_page_is_of_these() -> None:
    again = "PYTHONPATH=. python tests/support/attacks.py > docs/attacks.md"
    assert DOCS.read_text(encoding="utf-8") == page(), f"run: {again}"
