"""What handshake.py has found, again."""

from __future__ import annotations

import handshake
import pytest
from inputs import load

from pymq.zmtp import sodium


@pytest.mark.skipif(not sodium.available(), reason="PyNaCl is not there")
@pytest.mark.parametrize("kind", range(handshake.KINDS))
def test_what_was_found_before(kind: int) -> None:
    found = [
        data for data in load("handshake.txt") if data[0] % handshake.KINDS == kind
    ]
    assert found
    for data in found:
        handshake.one_input(data)
