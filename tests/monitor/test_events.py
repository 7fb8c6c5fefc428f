"""What a monitor tells of connections that come and go, on both sides."""

from __future__ import annotations

import errno
import os
import resource
import socket as plain
from typing import Any

import pytest
from library import Library
from patience import until
from watching import Watch, names


def start(network: str) -> list[str]:
    """How connecting begins: on AF_UNIX it is done or fails at once."""
    return ["CONNECT_DELAYED"] if network == "tcp" else []


def test_a_connection_that_the_client_ends(zmq: Library, network: str) -> None:
    server, client = zmq.socket(zmq.DEALER), zmq.socket(zmq.DEALER)
    watched, watching = Watch(zmq, server), Watch(zmq, client)
    endpoint = zmq.bind(server, network)
    client.connect(endpoint)
    client.send(b"hello")
    assert server.recv() == b"hello"
    client.close()
    seen = watched.until("DISCONNECTED")
    server.close()
    seen += watched.to_the_end()
    assert names(seen) == [
        "LISTENING",
        "ACCEPTED",
        "HANDSHAKE_SUCCEEDED",
        "DISCONNECTED",
        "CLOSED",
        "MONITOR_STOPPED",
    ]
    listening, accepted, succeeded, disconnected, closed, stopped = seen
    assert listening.value == closed.value > 0
    assert accepted.value == disconnected.value > 0
    assert succeeded.value == stopped.value == 0
    assert {event.endpoint for event in seen[:-1]} == {endpoint.encode()}
    assert stopped.endpoint == b""

    seen = watching.to_the_end()
    done = ["CONNECTED", "HANDSHAKE_SUCCEEDED", "MONITOR_STOPPED"]
    assert names(seen) == start(network) + done
    assert {event.endpoint for event in seen[:-1]} == {endpoint.encode()}
    delays = [event.value for event in seen if event.name == "CONNECT_DELAYED"]
    assert delays in ([], [errno.EINPROGRESS])


def test_a_server_that_leaves_and_comes_back(zmq: Library, network: str) -> None:
    endpoint = zmq.reserved(network)
    server = zmq.socket(zmq.DEALER)
    client = zmq.socket(zmq.DEALER, reconnect_ivl=20)
    watching = Watch(zmq, client)
    server.bind(endpoint)
    client.connect(endpoint)
    connected = watching.until("HANDSHAKE_SUCCEEDED")[-2]
    server.close()
    disconnected, retried = watching.next(), watching.next()
    assert disconnected.name == "DISCONNECTED"
    assert disconnected.value == connected.value
    assert retried.name == "CONNECT_RETRIED"
    assert 20 <= retried.value <= 40
    # Any number of attempts may fail before the server is there again.
    failing = [*start(network), "CLOSED", "CONNECT_RETRIED"]
    zmq.socket(zmq.DEALER).bind(endpoint)
    again = names(watching.until("HANDSHAKE_SUCCEEDED"))
    while again[: len(failing)] == failing:
        del again[: len(failing)]
    assert again == [*start(network), "CONNECTED", "HANDSHAKE_SUCCEEDED"]


def test_nobody_listens(zmq: Library, network: str) -> None:
    endpoint = zmq.reserved(network)
    client = zmq.socket(zmq.DEALER, reconnect_ivl=10)
    watching = Watch(zmq, client)
    client.connect(endpoint)
    once = [*start(network), "CLOSED", "CONNECT_RETRIED"]
    seen = [watching.next() for _ in range(2 * len(once))]
    assert names(seen) == 2 * once
    assert {event.endpoint for event in seen} == {endpoint.encode()}
    assert all(event.value > 0 for event in seen)
    for event in seen:
        assert event.name != "CONNECT_RETRIED" or 10 <= event.value <= 20


def test_connecting_once_and_never_again(zmq: Library, network: str) -> None:
    client = zmq.socket(zmq.DEALER, reconnect_ivl=-1)
    watching = Watch(zmq, client)
    client.connect(zmq.reserved(network))
    assert names(watching.until("CLOSED")) == [*start(network), "CLOSED"]
    client.close(linger=0)
    assert names(watching.to_the_end()) == ["MONITOR_STOPPED"]


def test_what_the_socket_ends_itself_is_no_disconnection(
    zmq: Library, network: str
) -> None:
    server, client = zmq.socket(zmq.DEALER), zmq.socket(zmq.DEALER)
    watched, watching = Watch(zmq, server), Watch(zmq, client)
    endpoint = zmq.bind(server, network)
    client.connect(endpoint)
    watching.until("HANDSHAKE_SUCCEEDED")
    watched.until("HANDSHAKE_SUCCEEDED")
    client.disconnect(endpoint)
    # Libzmq goes on with it when it is called again.
    until(lambda: (client.get(zmq.EVENTS), watched.socket.poll(0))[1])
    assert watched.next().name == "DISCONNECTED"
    client.close()
    assert names(watching.to_the_end()) == ["MONITOR_STOPPED"]

    other = zmq.socket(zmq.DEALER)
    other.connect(endpoint)
    watched.until("HANDSHAKE_SUCCEEDED")
    server.unbind(endpoint)
    server.close()
    assert names(watched.to_the_end()) == ["CLOSED", "MONITOR_STOPPED"]


def test_the_monitor_outlives_the_socket_that_lingers(zmq: Library) -> None:
    """Until the last message is sent."""
    endpoint = zmq.reserved("tcp")
    client = zmq.socket(zmq.PUSH, reconnect_ivl=10)
    watching = Watch(zmq, client, zmq.EVENT_ALL & ~zmq.EVENT_CONNECT_DELAYED)
    client.connect(endpoint)
    client.send(b"last words")
    client.close(linger=-1)
    watching.until("CONNECT_RETRIED")
    server = zmq.socket(zmq.PULL)
    server.bind(endpoint)
    assert server.recv() == b"last words"
    assert names(watching.to_the_end())[-3:] == [
        "CONNECTED",
        "HANDSHAKE_SUCCEEDED",
        "MONITOR_STOPPED",
    ]


def test_an_address_that_is_taken(zmq: Library) -> None:
    taken = zmq.bind(zmq.socket(zmq.DEALER), "tcp")
    server = zmq.socket(zmq.DEALER)
    watched = Watch(zmq, server, zmq.EVENT_BIND_FAILED)
    with pytest.raises(zmq.ZMQError) as caught:
        server.bind(taken)
    if zmq.tag != "pyzmq":  # whose monitor's sending leaves its own errno there
        assert caught.value.errno == errno.EADDRINUSE
    event = watched.next()
    assert (event.name, event.value) == ("BIND_FAILED", errno.EADDRINUSE)
    assert taken.encode().endswith(event.endpoint)


@pytest.mark.fails_on("pyzmq", reason="libzmq tells of an address without its scheme")
def test_a_failed_bind_names_its_endpoint(zmq: Library) -> None:
    server = zmq.socket(zmq.DEALER)
    watched = Watch(zmq, server, zmq.EVENT_BIND_FAILED)
    with zmq.refused(errno.ENOENT):
        server.bind("ipc:///no/such/folder")
    event = watched.next()
    assert (event.value, event.endpoint) == (errno.ENOENT, b"ipc:///no/such/folder")


@pytest.mark.only("pymq")
def test_no_descriptor_for_a_connection(zmq: Library) -> None:
    """Libzmq spins there."""
    server = zmq.socket(zmq.DEALER)
    watched = Watch(zmq, server)
    endpoint = zmq.bind(server, "tcp")
    assert watched.next().name == "LISTENING"
    host, _, port = endpoint[len("tcp://") :].partition(":")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with plain.socket() as client:
        with open(os.devnull) as probe:
            lowest = probe.fileno()
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, before[1]))
        try:
            client.connect((host, int(port)))
            # To wait for the event takes a descriptor; to ask does not.
            until(lambda: watched.socket.get(zmq.EVENTS) & zmq.POLLIN)
            event = watched.next()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert (event.name, event.value) == ("ACCEPT_FAILED", errno.EMFILE)
        assert event.endpoint == endpoint.encode()
        assert watched.until("ACCEPTED")


class _Stubborn:
    """A listener whose descriptor reports an error when it is closed."""

    def __init__(self, listener: Any) -> None:
        self._listener = listener

    def fileno(self) -> int:
        return int(self._listener.fileno())

    def close(self) -> None:
        self._listener.close()
        raise OSError(errno.EIO, "for the test")


@pytest.mark.only("pymq")
def test_a_listener_that_cannot_be_closed(zmq: Library) -> None:
    server = zmq.socket(zmq.DEALER)
    watched = Watch(zmq, server)
    endpoint = zmq.bind(server, "tcp")
    session = server._sessions[endpoint][0]
    listening = session._listening
    session._listening = listening._replace(socket=_Stubborn(listening.socket))
    server.unbind(endpoint)
    assert watched.next().name == "LISTENING"
    event = watched.next()
    assert (event.name, event.value) == ("CLOSE_FAILED", errno.EIO)


@pytest.mark.fails_on("pyzmq", reason="libzmq leaves the second peer connected, mute")
def test_a_second_peer_of_pair(zmq: Library) -> None:
    server = zmq.socket(zmq.PAIR)
    watched = Watch(zmq, server)
    endpoint = zmq.bind(server, "tcp")
    first, second = zmq.socket(zmq.PAIR), zmq.socket(zmq.PAIR)
    first.connect(endpoint)
    watched.until("HANDSHAKE_SUCCEEDED")
    second.connect(endpoint)
    accepted, succeeded, disconnected = watched.until("DISCONNECTED")
    assert (accepted.name, succeeded.name) == ("ACCEPTED", "HANDSHAKE_SUCCEEDED")
    assert accepted.value == disconnected.value
