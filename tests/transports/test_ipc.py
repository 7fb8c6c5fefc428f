"""ipc: paths, abstract names, wildcards, and what is left on disk."""

from __future__ import annotations

import errno
import os
import socket
import sys
import tempfile
import uuid
from pathlib import Path

import pytest
from library import Library
from marriage import marry


def _path(endpoint: str) -> str:
    return endpoint[len("ipc://") :]


def _use_folder(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    """Where temporary files go: libzmq asks TMPDIR each time, Python once."""
    monkeypatch.setenv("TMPDIR", folder)
    monkeypatch.setattr(tempfile, "tempdir", folder)


@pytest.mark.core
def test_a_path(zmq: Library) -> None:
    pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    endpoint = marry(zmq, pull, push, "ipc")
    assert os.path.exists(_path(endpoint))


def test_the_longest_path(zmq: Library) -> None:
    pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    endpoint = f"ipc://{zmq.folder}/".ljust(len("ipc://") + 107, "x")
    pull.bind(endpoint)
    push.connect(endpoint)
    push.send(b"x")
    assert pull.recv() == b"x"


@pytest.mark.skipif(sys.platform != "linux", reason="abstract names are Linux's")
def test_an_abstract_name(zmq: Library) -> None:
    pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    endpoint = f"ipc://@pymq-{uuid.uuid4()}"
    pull.bind(endpoint)
    assert zmq.last_endpoint(pull) == endpoint
    assert not os.path.exists(_path(endpoint))
    with zmq.refused(errno.EADDRINUSE):
        zmq.socket(zmq.PULL).bind(endpoint)
    push.connect(endpoint)
    push.send(b"x")
    assert pull.recv() == b"x"


@pytest.mark.core
def test_a_wildcard_makes_a_path_and_removes_it(
    zmq: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    _use_folder(monkeypatch, zmq.folder)
    context = zmq.context()
    pull, push = zmq.socket(zmq.PULL, context=context), zmq.socket(zmq.PUSH)
    pull.bind("ipc://*")
    endpoint = zmq.last_endpoint(pull)
    assert endpoint.startswith(f"ipc://{zmq.folder}/")
    assert os.path.exists(_path(endpoint))
    push.connect(endpoint)
    push.send(b"x")
    assert pull.recv() == b"x"
    pull.close()
    context.term()
    assert os.listdir(zmq.folder) == []


def test_two_wildcards_are_two_paths(
    zmq: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    _use_folder(monkeypatch, zmq.folder)
    pull = zmq.socket(zmq.PULL)
    endpoints = set()
    for _ in range(2):
        pull.bind("ipc://*")
        endpoints.add(zmq.last_endpoint(pull))
    assert len(endpoints) == 2


def test_a_stale_file_is_replaced(zmq: Library) -> None:
    endpoint = zmq.address("ipc")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(_path(endpoint))  # closing does not remove the file
    assert os.path.exists(_path(endpoint))
    pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    pull.bind(endpoint)
    push.connect(endpoint)
    push.send(b"x")
    assert pull.recv() == b"x"


def test_a_path_can_be_bound_again_after_close(zmq: Library) -> None:
    endpoint = zmq.address("ipc")
    for number in range(5):
        context = zmq.context()
        pull, push = (
            zmq.socket(kind, context=context) for kind in (zmq.PULL, zmq.PUSH)
        )
        pull.bind(endpoint)
        push.connect(endpoint)
        push.send(b"%d" % number)
        assert pull.recv() == b"%d" % number
        context.destroy(linger=0)


@pytest.mark.fails_on(
    "pyzmq", reason="libzmq unlinks whatever file has the name before it binds"
)
def test_a_file_that_is_no_socket_is_left_alone(zmq: Library) -> None:
    endpoint = zmq.address("ipc")
    with open(_path(endpoint), "w") as file:
        file.write("precious")
    pull = zmq.socket(zmq.PULL)
    with zmq.refused(errno.EADDRINUSE):
        pull.bind(endpoint)
    with open(_path(endpoint)) as file:
        assert file.read() == "precious"


def test_the_last_to_bind_a_path_has_it(zmq: Library) -> None:
    """No error, unlike tcp: so it is in libzmq, and a restart may rely on it."""
    first, second = zmq.socket(zmq.PULL), zmq.socket(zmq.PULL)
    old, new = zmq.socket(zmq.PUSH), zmq.socket(zmq.PUSH)
    endpoint = marry(zmq, first, old, "ipc")
    second.bind(endpoint)
    new.connect(endpoint)
    new.send(b"new")
    old.send(b"old")
    assert second.recv() == b"new"
    assert first.recv() == b"old"


@pytest.mark.skipif(sys.platform != "linux", reason="abstract names are Linux's")
@pytest.mark.fails_on("pyzmq", reason="deletes the file of that name")
def test_an_abstract_name_is_no_file(
    zmq: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = f"@{os.getpid()}-{zmq.tag}"
    (tmp_path / name).write_text("kept")
    zmq.socket(zmq.PULL).bind(f"ipc://{name}")
    assert (tmp_path / name).read_text() == "kept"


def test_a_path_stays_after_close(zmq: Library) -> None:
    """Only those that a wildcard made are removed."""
    pull = zmq.socket(zmq.PULL)
    path = zmq.bind(pull, "ipc").partition("://")[2]
    pull.close()
    zmq.main.term()
    assert os.path.exists(path)
