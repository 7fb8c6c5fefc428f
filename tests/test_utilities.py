"""What the module says of itself: version, features, backend."""

from __future__ import annotations

import re

import pytest
from library import Library


@pytest.mark.parametrize("name", ["tcp", "inproc", "udp", "plain", "ws", "nothing", ""])
def test_has_not(zmq: Library, name: str) -> None:
    """Neither what is always there nor what is unknown is an optional feature."""
    assert zmq.has(name) is False


@pytest.mark.parametrize("name", ["pgm", "norm", "vmci", "draft", "WS", "WSS"])
def test_has_not_everything(zmq: Library, name: str) -> None:
    """As the releases of libzmq that pyzmq comes with."""
    assert zmq.has(name) is False


def test_has(zmq: Library) -> None:
    assert zmq.has("ipc") is True
    for name in ("tipc", "vsock", "curve", "gssapi"):
        assert isinstance(zmq.has(name), bool)


def test_version(zmq: Library) -> None:
    assert zmq.zmq_version_info()[:2] == (4, 3)
    assert zmq.zmq_version() == ".".join(map(str, zmq.zmq_version_info()))
    assert re.match(r"\d+\.\d+", zmq.__version__)


@pytest.mark.only("pymq")
def test_backend_name(zmq: Library) -> None:
    assert zmq.backend_name(zmq.tag) == zmq.tag
    assert zmq.backend_name() in ("native", "pure")
    with pytest.raises(ValueError, match="nothing"):
        zmq.backend_name("nothing")
