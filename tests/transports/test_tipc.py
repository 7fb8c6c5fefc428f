"""tipc: addresses everywhere, traffic where the kernel has TIPC."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest
from library import Library
from marriage import settle

pytestmark = pytest.mark.skipif(
    not hasattr(socket, "AF_TIPC"), reason="Python here does not know TIPC"
)


def _missing() -> str:
    try:
        socket.socket(socket.AF_TIPC, socket.SOCK_STREAM).close()
    except (AttributeError, OSError) as error:
        return f"no TIPC in this kernel: {error}"
    return ""


tipc = pytest.mark.skipif(bool(_missing()), reason=_missing())


@pytest.mark.skipif(not _missing(), reason="this kernel has TIPC")
@pytest.mark.parametrize("address", ["{5560,0,0}", "{5560, 0, 0}", "<*>"])
def test_a_kernel_without(zmq: Library, address: str) -> None:
    with zmq.refused(errno.EAFNOSUPPORT):
        zmq.socket(zmq.PULL).bind(f"tipc://{address}")


@pytest.mark.fails_on("pyzmq", reason="libzmq leaves whatever errno there was")
@pytest.mark.parametrize(
    "address",
    ["x", "{", "{5560}", "{5560,0,0", "{63,0,0}", "{5560,1,0}", "<1.1.1:5>", "{a,0,0}"],
)
def test_bind_refuses(zmq: Library, address: str) -> None:
    with zmq.refused(errno.EINVAL):
        zmq.socket(zmq.PULL).bind(f"tipc://{address}")


def test_connect_refuses_any(zmq: Library) -> None:
    with zmq.refused(errno.EINVAL):
        zmq.socket(zmq.PUSH).connect("tipc://<*>")


@pytest.mark.fails_on("pyzmq", reason="libzmq leaves whatever errno there was")
@pytest.mark.parametrize(
    "address",
    [
        "x",
        "{5560}",
        "{63,0}",
        "{5560,0}@1.1",
        "{5560,0,0}",
        "{5560,4294967296}",
        "<1.1.1>",
        "<1.4096.1:5>",
    ],
)
def test_connect_refuses(zmq: Library, address: str) -> None:
    with zmq.refused(errno.EINVAL):
        zmq.socket(zmq.PUSH).connect(f"tipc://{address}")


@pytest.mark.parametrize("address", ["{5560,0}", "{5560, 0}@1.0.0", "<1.1.1:5>"])
def test_connect_does_not_wait_for_anybody(zmq: Library, address: str) -> None:
    push = zmq.socket(zmq.PUSH, linger=0)
    push.connect(f"tipc://{address}")
    push.send(b"queued")
    push.disconnect(f"tipc://{address}")


@pytest.mark.parametrize(
    ("address", "numbers"),
    [
        ("{5560,7}", ("TIPC_ADDR_NAME", 5560, 7, 0x01000000, 0)),
        ("{5560,7}@1.2.3", ("TIPC_ADDR_NAME", 5560, 7, 0x01002003, 0)),
        ("<1.2.3:99>", ("TIPC_ADDR_ID", 0x01002003, 99, 0, 0)),
    ],
)
def test_what_the_system_is_given(address: str, numbers: tuple[Any, ...]) -> None:
    from pymq.transports import tipc

    target = tipc.resolve(address, {})[0]
    assert target.family == socket.AF_TIPC
    assert target.address == (getattr(socket, numbers[0]), *numbers[1:])


@tipc
def test_a_service(zmq: Library) -> None:
    pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    pull.bind("tipc://{5560,0,0}")
    assert zmq.last_endpoint(pull) == "tipc://{5560, 0, 0}"
    push.connect("tipc://{5560,0}")
    settle(push, pull)


@tipc
def test_an_identity_that_the_system_chose(zmq: Library) -> None:
    pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    pull.bind("tipc://<*>")
    assert zmq.last_endpoint(pull).startswith("tipc://<")
    push.connect(zmq.last_endpoint(pull))
    settle(push, pull)
