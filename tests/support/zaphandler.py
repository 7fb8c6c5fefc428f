"""A ZAP handler (RFC 27) that a test is itself: it takes a request, and answers."""

from __future__ import annotations

from typing import Any, NamedTuple, Union

from library import Library

ENDPOINT = "inproc://zeromq.zap.01"


class Request(NamedTuple):
    """What a handler is asked."""

    domain: bytes
    address: bytes
    routing_id: bytes
    mechanism: bytes
    credentials: tuple[bytes, ...]


def prop(name: bytes, value: bytes) -> bytes:
    """A property, as metadata has it."""
    return bytes((len(name),)) + name + len(value).to_bytes(4, "big") + value


class Handler:
    """Bound in a context (the library's main one) from the beginning."""

    def __init__(self, zmq: Library, context: Union[Any, None] = None) -> None:
        self.socket = zmq.socket(zmq.REP, context)
        self.socket.bind(ENDPOINT)

    def asked(self) -> Request:
        """The next question."""
        version, number, *fixed = self.socket.recv_multipart()
        assert (version, number) == (b"1.0", b"1")
        domain, address, routing_id, mechanism, *credentials = fixed
        return Request(domain, address, routing_id, mechanism, tuple(credentials))

    def say(
        self,
        status: bytes = b"200",
        text: bytes = b"",
        user: bytes = b"",
        metadata: bytes = b"",
    ) -> None:
        """Answer it."""
        self.reply(b"1.0", b"1", status, text, user, metadata)

    def reply(self, *frames: bytes) -> None:
        """Answer with these frames."""
        self.socket.send_multipart(list(frames))

    def judge(self, status: bytes = b"200", **words: bytes) -> Request:
        """Both."""
        request = self.asked()
        self.say(status, **words)
        return request
