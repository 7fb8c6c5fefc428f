"""Options: defaults, types, ranges, attributes, and which socket takes which."""

from __future__ import annotations

import errno

import pytest
from library import Library

DEFAULTS = {
    "AFFINITY": 0,
    "SNDBUF": -1,
    "RCVBUF": -1,
    "RCVMORE": 0,
    "LINGER": -1,
    "RECONNECT_IVL": 100,
    "RECONNECT_IVL_MAX": 0,
    "BACKLOG": 100,
    "MAXMSGSIZE": -1,
    "SNDHWM": 1000,
    "RCVHWM": 1000,
    "RCVTIMEO": -1,
    "SNDTIMEO": -1,
    "IMMEDIATE": 0,
    "CONFLATE": 0,
    "INVERT_MATCHING": 0,
    "IPV6": 0,
    "MECHANISM": 0,
    "HANDSHAKE_IVL": 30000,
    "HEARTBEAT_IVL": 0,
    "HEARTBEAT_TIMEOUT": -1,
    "HEARTBEAT_TTL": 0,
    "ROUTING_ID": b"",
    "LAST_ENDPOINT": b"",
}

SETTABLE = [
    ("SNDBUF", 4096),
    ("RCVBUF", 4096),
    ("LINGER", 250),
    ("RECONNECT_IVL", 20),
    ("RECONNECT_IVL_MAX", 3000),
    ("BACKLOG", 7),
    ("MAXMSGSIZE", 1 << 40),
    ("SNDHWM", 0),
    ("RCVHWM", 5),
    ("RCVTIMEO", 10),
    ("SNDTIMEO", 0),
    ("IMMEDIATE", 1),
    ("CONFLATE", 1),
    ("INVERT_MATCHING", 1),
    ("IPV6", 1),
    ("HANDSHAKE_IVL", 0),
    ("HEARTBEAT_IVL", 1),
    ("HEARTBEAT_IVL", 2**31 - 1),
    ("HEARTBEAT_TIMEOUT", 0),
    ("HEARTBEAT_TIMEOUT", 2**31 - 1),
    ("HEARTBEAT_TTL", 100),
    ("HEARTBEAT_TTL", 65600),
    ("HEARTBEAT_TTL", 6553500),
    ("ROUTING_ID", b"A\0B\0"),
    ("ROUTING_ID", b"x" * 255),
]

REFUSED = [
    ("LINGER", -2),
    ("SNDHWM", -1),
    ("RCVHWM", -1),
    ("RCVTIMEO", -2),
    ("SNDTIMEO", -2),
    ("RECONNECT_IVL", -2),
    ("RECONNECT_IVL_MAX", -1),
    ("BACKLOG", -1),
    ("IMMEDIATE", 2),
    ("CONFLATE", 2),
    ("CONFLATE", -1),
    ("IPV6", 2),
    ("HANDSHAKE_IVL", -1),
    ("HEARTBEAT_IVL", -1),
    ("HEARTBEAT_TIMEOUT", -1),
    ("HEARTBEAT_TTL", 6553600),
    ("ROUTING_ID", b""),
    ("ROUTING_ID", b"x" * 256),
]

READ_ONLY = [("TYPE", 1), ("EVENTS", 1), ("RCVMORE", 0), ("LAST_ENDPOINT", b"")]

# Options that one family of socket types has and the others do not.
SPECIAL = [
    ("ROUTER_MANDATORY", "ROUTER", 1),
    ("ROUTER_HANDOVER", "ROUTER", 1),
    ("XPUB_VERBOSE", "XPUB", 1),
    ("SUBSCRIBE", "SUB", b"x"),
    ("UNSUBSCRIBE", "SUB", b"x"),
]


@pytest.mark.core
@pytest.mark.parametrize("name", DEFAULTS)
def test_default(zmq: Library, name: str) -> None:
    with zmq.main.socket(zmq.DEALER) as sock:
        value = sock.get(getattr(zmq, name))
    assert value == DEFAULTS[name]
    assert type(value) is type(DEFAULTS[name])


@pytest.mark.parametrize("kind", ["SUB", "XSUB"])
def test_subscribers_do_not_linger(zmq: Library, kind: str) -> None:
    with zmq.main.socket(getattr(zmq, kind)) as sock:
        assert sock.linger == 0


@pytest.mark.core
@pytest.mark.parametrize(("name", "value"), SETTABLE)
def test_what_is_set_is_read_back(zmq: Library, name: str, value: object) -> None:
    sock = zmq.socket(zmq.DEALER)
    sock.set(getattr(zmq, name), value)
    assert sock.get(getattr(zmq, name)) == value
    assert getattr(sock, name.lower()) == value


@pytest.mark.core
@pytest.mark.parametrize(("name", "value"), SETTABLE)
def test_options_are_attributes_too(zmq: Library, name: str, value: object) -> None:
    sock = zmq.socket(zmq.DEALER)
    setattr(sock, name.lower(), value)
    assert sock.get(getattr(zmq, name)) == value


@pytest.mark.core
@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_out_of_range(zmq: Library, name: str, value: object) -> None:
    sock = zmq.socket(zmq.DEALER)
    before = sock.get(getattr(zmq, name))
    with zmq.refused(errno.EINVAL):
        sock.set(getattr(zmq, name), value)
    assert sock.get(getattr(zmq, name)) == before


@pytest.mark.parametrize(("name", "value"), READ_ONLY)
def test_read_only(zmq: Library, name: str, value: object) -> None:
    sock = zmq.socket(zmq.DEALER)
    with zmq.refused(errno.EINVAL):
        sock.set(getattr(zmq, name), value)


@pytest.mark.core
@pytest.mark.parametrize("value", ["1", b"1", 1.0, None, [1]])
def test_an_integer_is_wanted(zmq: Library, value: object) -> None:
    sock = zmq.socket(zmq.DEALER)
    with pytest.raises(TypeError):
        sock.set(zmq.LINGER, value)


@pytest.mark.core
@pytest.mark.parametrize("value", ["x", 1, None, bytearray(b"x")])
def test_bytes_are_wanted(zmq: Library, value: object) -> None:
    sock = zmq.socket(zmq.DEALER)
    with pytest.raises(TypeError):
        sock.set(zmq.ROUTING_ID, value)


def test_a_bool_is_an_integer(zmq: Library) -> None:
    sock = zmq.socket(zmq.DEALER)
    sock.set(zmq.IMMEDIATE, True)
    assert sock.get(zmq.IMMEDIATE) == 1


def test_an_integer_too_large(zmq: Library) -> None:
    sock = zmq.socket(zmq.DEALER)
    with pytest.raises(OverflowError):
        sock.set(zmq.LINGER, 2**40)


@pytest.mark.core
def test_unknown_options(zmq: Library) -> None:
    sock = zmq.socket(zmq.DEALER)
    with zmq.refused(errno.EINVAL):
        sock.set(9999, 1)
    with zmq.refused(errno.EINVAL):
        sock.get(9999)
    with pytest.raises(TypeError):
        sock.set(9999, b"1")
    with pytest.raises(AttributeError):
        sock.no_such_option  # noqa: B018 - reading it is the test
    with pytest.raises(AttributeError):
        sock.no_such_option = 1


@pytest.mark.core
@pytest.mark.parametrize(("name", "kind", "value"), SPECIAL)
def test_options_of_one_type(zmq: Library, name: str, kind: str, value: object) -> None:
    zmq.socket(getattr(zmq, kind)).set(getattr(zmq, name), value)
    other = zmq.socket(zmq.PUSH)
    with zmq.refused(errno.EINVAL):
        other.set(getattr(zmq, name), value)


@pytest.mark.parametrize(
    ("value", "kept"), [(99, 0), (149, 100), (65599, 65500), (6553599, 6553500)]
)
def test_a_ttl_is_kept_in_tenths(zmq: Library, value: int, kept: int) -> None:
    sock = zmq.socket(zmq.DEALER)
    sock.heartbeat_ttl = value
    assert sock.heartbeat_ttl == kept


def test_write_only_options(zmq: Library) -> None:
    router = zmq.socket(zmq.ROUTER)
    with zmq.refused(errno.EINVAL):
        router.get(zmq.ROUTER_MANDATORY)
    with pytest.raises(AttributeError):
        router.router_mandatory  # noqa: B018 - reading it is the test


def test_identity_is_an_old_name(zmq: Library) -> None:
    sock = zmq.socket(zmq.DEALER)
    sock.identity = b"old"
    assert sock.routing_id == b"old"
    assert zmq.IDENTITY == zmq.ROUTING_ID


def test_text_has_methods_of_its_own(zmq: Library) -> None:
    sock = zmq.socket(zmq.DEALER)
    sock.set_string(zmq.ROUTING_ID, "näme")
    assert sock.get(zmq.ROUTING_ID) == "näme".encode()
    assert sock.get_string(zmq.ROUTING_ID) == "näme"
    with pytest.raises(TypeError):
        sock.set_string(zmq.ROUTING_ID, b"bytes")


def test_both_marks_at_once(zmq: Library) -> None:
    sock = zmq.socket(zmq.DEALER)
    sock.set_hwm(7)
    assert (sock.sndhwm, sock.rcvhwm, sock.get_hwm()) == (7, 7, 7)
    sock.hwm = 9
    assert (sock.sndhwm, sock.rcvhwm, sock.hwm) == (9, 9, 9)


@pytest.mark.core
def test_a_context_gives_defaults_to_its_sockets(zmq: Library) -> None:
    context = zmq.context()
    context.linger = 5
    context.sndhwm = 3
    context.setsockopt(zmq.RCVHWM, 4)
    with context.socket(zmq.PUSH) as sock:
        assert (sock.linger, sock.sndhwm, sock.rcvhwm) == (5, 3, 4)


def test_type(zmq: Library) -> None:
    for name in ("PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "XPUB"):
        sock = zmq.socket(getattr(zmq, name))
        assert sock.type == getattr(zmq, name)
        assert sock.get(zmq.TYPE) == getattr(zmq, name)
        assert sock.type.name == name
