"""Calls that do not block keep the GIL, those that wait give it up (``csrc/gil.h``)."""

from __future__ import annotations

import platform
import sys
import sysconfig
import threading
from importlib import import_module
from typing import Any, Callable, Iterator

import pytest
from workbench import PULL, PUSH, Bench, read_exactly

from pymq.backend.abc import Hub, HubOption

NEVER = 1e6  # seconds until the interpreter takes the GIL away by itself

pytestmark = pytest.mark.skipif(
    platform.python_implementation() != "CPython"
    or bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    reason="there is no GIL to keep",
)


@pytest.fixture
def native() -> Iterator[Bench]:
    """The only backend that could give it up."""
    pytest.importorskip("pymq._core")
    bench = Bench(import_module("pymq.backend.native"))
    yield bench
    bench.close()


class Rival:
    """A thread that runs as soon as it gets the GIL."""

    def __init__(self) -> None:
        self.ran = False
        self._gate = threading.Lock()
        self._gate.acquire()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self._gate.acquire()
        self.ran = True

    def provoke(self, call: Callable[[], Any]) -> bool:
        """Whether it ran during `call`; it waits for the GIL from here on."""
        before = sys.getswitchinterval()
        sys.setswitchinterval(NEVER)
        try:
            self._gate.release()
            call()
            return self.ran
        finally:
            sys.setswitchinterval(before)
            self._thread.join()


def _everything(push: Hub, pull: Hub, on: Hub) -> None:
    for _ in range(200):
        assert push.send_many([b"8", b"9"]) == 2
        assert pull.move(on, 1000).messages == 2
        assert push.quick_send(b"1") == 0
        assert push.send(b"2", True) == 0
        assert push.send(b"3") == 0
        assert push.send_message([b"4", b"5"]) == 0
        assert push.send_many([b"6", b"7"]) == 2
        assert push.send(bytes(100000)) == 0
        assert pull.ready() & 1
        pull.quick_recv()
        while not isinstance(pull.recv(), int):
            pass
        pull.recv_message()
        pull.recv_many(10)
        pull.recv_from()


def test_calls_keep_it(native: Bench) -> None:
    push, pull = native.hub(PUSH), native.hub(PULL)
    native.join(push, pull)
    on = native.hub(PUSH)
    native.join(on, native.hub(PULL))
    on.set(HubOption.SEND_HWM, 0)
    assert not Rival().provoke(lambda: _everything(push, pull, on))


def test_so_does_who_writes_to_the_kernel_itself(native: Bench) -> None:
    push = native.hub(PUSH)
    _, far = native.link(push)
    assert not Rival().provoke(lambda: push.quick_send(b"first"))
    assert read_exactly(far, 7) == b"\0\5first"


def test_waiting_gives_it_up(native: Bench) -> None:
    pull = native.hub(PULL)
    assert Rival().provoke(lambda: pull.wait(1, 50))
