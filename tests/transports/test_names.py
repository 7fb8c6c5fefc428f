"""Names of hosts: each address is tried, anew at each attempt, and nobody else waits.

libzmq asks C's resolver, so the programs here run with one of ours in its place.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest
from library import Library
from loopback import ipv6
from patience import until
from scripts import Script

pytestmark = pytest.mark.skipif(
    not (sys.platform.startswith("linux") and shutil.which("gcc"))
    or "LD_PRELOAD" in os.environ,
    reason="needs Linux, gcc, and a free LD_PRELOAD for the resolver",
)

SEND = """
context = zmq.Context()
socket = context.socket(zmq.PUSH)
socket.ipv6 = 1
socket.reconnect_ivl = 1
socket.connect(endpoint)
socket.send(b"found")
sys.stdin.read()
context.destroy(linger=0)
"""
SLOW = SEND.replace(
    "socket.connect(endpoint)",
    """
waiting = context.socket(zmq.PUSH)
waiting.connect("tcp://slow.test:1")
print(flush=True)
sys.stdin.readline()
socket.connect(endpoint)
""",
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The resolver, compiled."""
    source = Path(__file__).parent.parent / "support" / "resolver.c"
    made = tmp_path_factory.mktemp("resolver") / "resolver.so"
    command = ["gcc", "-shared", "-fPIC", "-o", str(made), str(source), "-ldl"]
    subprocess.run(command, check=True)
    return str(made)


@pytest.fixture
def names(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The folder in which addresses are looked up by programs that are started now."""
    monkeypatch.setenv("LD_PRELOAD", library)
    monkeypatch.setenv("RESOLVER", str(tmp_path))
    yield tmp_path


def _named(endpoint: str, name: str) -> str:
    return f"tcp://{name}.test:{endpoint.rpartition(':')[2]}"


def _asked(names: Path) -> int:
    """How often a name was looked up."""
    path = names / "asked"
    return path.stat().st_size if path.exists() else 0


def test_a_name_is_looked_up_at_each_attempt(zmq: Library, names: Path) -> None:
    """The host has moved."""
    pull = zmq.socket(zmq.PULL)
    endpoint = zmq.bind(pull, "tcp")
    place = names / "moving.test"
    place.write_text("127.0.0.2\n")
    with Script(zmq, SEND, _named(endpoint, "moving")):
        until(lambda: _asked(names) > 2)
        new = names / "new"
        new.write_text("127.0.0.1\n")
        new.replace(place)
        assert pull.recv() == b"found"


@ipv6
@pytest.mark.fails_on("pyzmq", reason="the first address only is tried (#2297)")
def test_both_families_are_tried(zmq: Library, names: Path) -> None:
    """A behind AAAA, and AAAA behind A: nobody is at the first."""
    for host, other in (("127.0.0.1", "::1"), ("[::1]", "127.0.0.1")):
        pull = zmq.socket(zmq.PULL, ipv6=1)
        pull.bind(f"tcp://{host}:*")
        (names / "both.test").write_text(f"{other}\n{host.strip('[]')}\n")
        with Script(zmq, SEND, _named(zmq.last_endpoint(pull), "both")):
            assert pull.recv() == b"found"


@pytest.mark.fails_on("pyzmq", reason="its I/O thread waits for the resolver (#2961)")
def test_nobody_else_waits_for_a_name(zmq: Library, names: Path) -> None:
    pull = zmq.socket(zmq.PULL)
    endpoint = zmq.bind(pull, "tcp")
    os.mkfifo(names / "slow.test")
    with Script(zmq, SLOW, endpoint) as script:
        script.line()
        until(lambda: _asked(names))
        assert script.process.stdin is not None
        script.process.stdin.write(b"go on\n")
        script.process.stdin.flush()
        assert pull.recv() == b"found"
