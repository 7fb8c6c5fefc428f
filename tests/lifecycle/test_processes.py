"""multiprocessing, however it makes its processes."""

from __future__ import annotations

import multiprocessing
import pickle
import sys
from typing import Any

import children
import pytest
from library import Library
from marriage import marry
from patience import PATIENCE

METHODS = multiprocessing.get_all_start_methods()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("method", METHODS)
def test_a_process_has_a_context_of_its_own(
    zmq: Library, network: str, method: str
) -> None:
    """While its parent goes on with another one."""
    if method == "fork" and sys.platform == "darwin":
        pytest.skip("the system's libraries do not survive it")
    one, other = zmq.socket(zmq.PAIR), zmq.socket(zmq.PAIR)
    marry(zmq, one, other, network)
    rep = zmq.socket(zmq.REP)
    endpoint = zmq.bind(rep, network)
    make: Any = multiprocessing.get_context(method)
    process = make.Process(target=children.ask, args=(zmq.tag, endpoint))
    process.start()
    asked = rep.recv()
    assert asked == b"%d" % process.pid
    one.send(asked)
    rep.send(other.recv())
    process.join(PATIENCE)
    assert process.exitcode == 0


def test_sockets_do_not_travel(zmq: Library) -> None:
    """To another process, that is."""
    for made in (zmq.socket(zmq.PAIR), zmq.main):
        with pytest.raises(TypeError):
            pickle.dumps(made)
