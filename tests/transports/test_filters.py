"""TCP_ACCEPT_FILTER and IPC_FILTER_*: who may connect."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from typing import Any

import pytest
from library import Library
from marriage import settle
from rawpeer import connect

NETWORKS = [
    b"127.0.0.1",
    b"127.0.0.1/32",
    b"127.0.0.1/0",
    b"127.0.0.1/08",
    b"0.0.0.0/0",
    b"127.1",
]
NO_NETWORKS = [
    b"",
    b"bad",
    b"foo/",
    b"localhost",
    b"lo",
    b"*",
    b"127.0.0.1:80",
    b"127.0.0.1/33",
    b"127.0.0.1/-1",
    b"127.0.0.1/foo",
    b"127.0.0.1/",
    b"::1",
    b"::1/128",
    b"\xff",
    b"x" * 300,
]
NO_IPV6_NETWORKS = [b"::1/129", b"::x", b"[::1"]


def _reaches(zmq: Library, pull: Any, endpoint: str) -> None:
    """A peer that is let in."""
    push = zmq.socket(zmq.PUSH)
    push.connect(endpoint)
    settle(push, pull)


def _refused(endpoint: str) -> None:
    """A peer that is not: the connection ends, with no greeting."""
    with connect(endpoint) as peer:
        assert peer.rest() == b""


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network(zmq: Library, network: bytes) -> None:
    pull = zmq.socket(zmq.PULL)
    pull.set(zmq.TCP_ACCEPT_FILTER, network)
    _reaches(zmq, pull, zmq.bind(pull, "tcp"))


@pytest.mark.parametrize("network", NO_NETWORKS)
def test_not_a_network(zmq: Library, network: bytes) -> None:
    pull = zmq.socket(zmq.PULL)
    with zmq.refused(errno.EINVAL):
        pull.set(zmq.TCP_ACCEPT_FILTER, network)
    _reaches(zmq, pull, zmq.bind(pull, "tcp"))


@pytest.mark.parametrize("network", [b"::1", b"::1/128", b"[::1]/8"])
def test_an_ipv6_network(zmq: Library, network: bytes) -> None:
    zmq.socket(zmq.PULL, ipv6=1).set(zmq.TCP_ACCEPT_FILTER, network)


@pytest.mark.only("pymq")  # libzmq takes "[::1"
@pytest.mark.parametrize("network", NO_IPV6_NETWORKS)
def test_not_an_ipv6_network(zmq: Library, network: bytes) -> None:
    pull = zmq.socket(zmq.PULL, ipv6=1)
    with zmq.refused(errno.EINVAL):
        pull.set(zmq.TCP_ACCEPT_FILTER, network)


@pytest.mark.fails_on("pyzmq", reason="libzmq reads a number and ignores the rest")
@pytest.mark.parametrize("network", [b"127.0.0.1/ 8", b"127.0.0.1/8x"])
def test_rubbish_behind_a_network(zmq: Library, network: bytes) -> None:
    pull = zmq.socket(zmq.PULL)
    with zmq.refused(errno.EINVAL):
        pull.set(zmq.TCP_ACCEPT_FILTER, network)


def test_an_address_outside_is_refused(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL, tcp_accept_filter=b"10.0.0.0/8")
    endpoint = zmq.bind(pull, "tcp")
    for _ in range(3):
        _refused(endpoint)


def test_one_of_several_networks_is_enough(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL, tcp_accept_filter=b"10.0.0.0/8")
    pull.set(zmq.TCP_ACCEPT_FILTER, b"127.0.0.0/8")
    _reaches(zmq, pull, zmq.bind(pull, "tcp"))


def test_filters_act_from_the_next_bind_on(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL)
    before = zmq.bind(pull, "tcp")
    pull.set(zmq.TCP_ACCEPT_FILTER, b"10.0.0.0/8")
    _refused(zmq.bind(pull, "tcp"))
    _reaches(zmq, pull, before)


@pytest.mark.fails_on(
    "pyzmq", reason="with IPV6 libzmq compares IPv4 addresses as IPv6 ones"
)
def test_an_ipv4_peer_of_an_ipv6_listener(zmq: Library) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    pull = zmq.socket(zmq.PULL, ipv6=1, tcp_accept_filter=b"127.0.0.0/8")
    pull.bind("tcp://*:*")
    number = zmq.last_endpoint(pull).rpartition(":")[2]
    _reaches(zmq, pull, f"tcp://127.0.0.1:{number}")
    with socket.create_connection(("::1", int(number)), timeout=20) as peer:
        assert peer.recv(1) == b""


def test_filters_cannot_be_read(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL)
    for name in ("TCP_ACCEPT_FILTER", "IPC_FILTER_PID", "IPC_FILTER_UID"):
        with zmq.refused(errno.EINVAL):
            pull.get(getattr(zmq, name))


linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="credentials are asked Linux's way"
)
OWN = {"PID": os.getpid, "UID": os.getuid, "GID": os.getgid}


@linux
@pytest.mark.parametrize("kind", OWN)
def test_own_credentials(zmq: Library, kind: str) -> None:
    pull = zmq.socket(zmq.PULL)
    pull.set(getattr(zmq, f"IPC_FILTER_{kind}"), OWN[kind]())
    _reaches(zmq, pull, zmq.bind(pull, "ipc"))


@linux
@pytest.mark.parametrize("kind", OWN)
def test_others_credentials(zmq: Library, kind: str) -> None:
    pull = zmq.socket(zmq.PULL)
    pull.set(getattr(zmq, f"IPC_FILTER_{kind}"), OWN[kind]() + 1)
    _refused(zmq.bind(pull, "ipc"))


@linux
def test_one_credential_is_enough(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL)
    pull.set(zmq.IPC_FILTER_PID, os.getpid() + 1)
    pull.set(zmq.IPC_FILTER_UID, os.getuid() + 1)
    pull.set(zmq.IPC_FILTER_UID, os.getuid())
    _reaches(zmq, pull, zmq.bind(pull, "ipc"))


@linux
def test_another_process(zmq: Library) -> None:
    """Its process number is not ours."""
    pull = zmq.socket(zmq.PULL)
    pull.set(zmq.IPC_FILTER_PID, os.getpid())
    endpoint = zmq.bind(pull, "ipc")
    script = (
        "import socket, sys; s = socket.socket(socket.AF_UNIX); s.settimeout(20); "
        "s.connect(sys.argv[1]); sys.exit(len(s.recv(1)))"
    )
    where = endpoint[len("ipc://") :]
    assert subprocess.run([sys.executable, "-c", script, where]).returncode == 0
    _reaches(zmq, pull, endpoint)


@linux
def test_filters_are_of_one_transport(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL, tcp_accept_filter=b"10.0.0.0/8")
    _reaches(zmq, pull, zmq.bind(pull, "ipc"))
    other = zmq.socket(zmq.PULL, ipc_filter_pid=os.getpid() + 1)
    _reaches(zmq, other, zmq.bind(other, "tcp"))


@linux
@pytest.mark.only("pymq")
def test_a_further_group(zmq: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """/etc/group says who else is in a group."""
    grp, pwd = pytest.importorskip("grp"), pytest.importorskip("pwd")
    name = pwd.getpwuid(os.getuid()).pw_name
    groups = {4711: ["somebody", name], 4712: ["somebody"]}

    def find(gid: int) -> Any:
        return grp.struct_group(("", "", gid, groups[gid]))

    monkeypatch.setattr(grp, "getgrgid", find)
    pull, other = (zmq.socket(zmq.PULL, ipc_filter_gid=gid) for gid in groups)
    _reaches(zmq, pull, zmq.bind(pull, "ipc"))
    _refused(zmq.bind(other, "ipc"))
