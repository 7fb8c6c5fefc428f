"""A peer behind a network that swallows everything is noticed by heartbeats."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import blackhole
import pytest
from library import Library

INSIDE = ["unshare", "--user", "--map-root-user", "--net"]
IVL, TIMEOUT = (value / 1000 for value in blackhole.HEARTBEATS.values())


@functools.cache
def _hindrance() -> str:
    """Why no two namespaces can be joined here, "" if they can."""
    try:
        subprocess.run(
            [*INSIDE, "ip", "link", "add", "west", "type", "veth", "peer", "name", "e"],
            check=True,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError as error:
        return f"needs {error.filename}"
    except subprocess.CalledProcessError as error:
        return str(error.stderr).strip()
    return ""


def test_it_is_noticed_on_time(zmq: Library) -> None:
    """By both ends: asked after the interval, given up after the timeout."""
    _is_noticed(zmq, "idle")


@pytest.mark.fails_on("pyzmq", reason="waits for ever for the kernel to take a PING")
def test_it_is_noticed_by_who_sends_more_than_goes_away(zmq: Library) -> None:
    """The kernel does not take the PING then."""
    _is_noticed(zmq, "busy")


def _is_noticed(zmq: Library, traffic: str) -> None:
    """The upper bound has room for a machine that stalls; TCP itself needs minutes."""
    if _hindrance():
        pytest.skip(f"no network namespaces: {_hindrance()}")
    command = [*INSIDE, sys.executable, blackhole.__file__, zmq.tag, zmq.tag, traffic]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, env=_paths(), timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    for seconds in found.values():
        assert seconds is not None, found
        assert TIMEOUT / 2 < seconds < IVL + TIMEOUT + 3, found


def _paths() -> dict[str, str]:
    """So that the script finds what this test finds."""
    paths = [path for path in sys.path if path and Path(path).is_dir()]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
