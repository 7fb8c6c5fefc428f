"""XSUB (RFC 29): SUB that subscribes by sending messages, and can send others."""

from __future__ import annotations

from typing import Any, Mapping, Union

from ..backend.abc import Buffer, Hub, Receive, Routing, Send
from ..constants import SocketOption
from . import Pattern
from .wrapper import Wrapper


class XSub(Wrapper):
    """A frame ``01 topic`` subscribes, ``00 topic`` cancels; others go upstream.

    On its own, a subscription is announced as SUB announces it, so that it does not
    count against the high-water mark.  As part of a longer message it travels with
    that message, and is only counted here.
    """

    def __init__(self, hub: Hub, options: Mapping[int, Any]) -> None:
        super().__init__(hub)
        self._options = options
        self._inside = False  # a message of several frames
        self._subscribes = True  # frames of this message may be subscriptions

    def send(
        self, data: Buffer, more: bool = False, owner: Union[object, None] = None
    ) -> int:
        """Subscribe, cancel, or pass on."""
        with self._lock:
            body = bytes(data)
            alone = not (more or self._inside)
            state = self._hub.ready()
            if state < 0:
                return state
            change = self._change(body)
            if change == b"\1":
                self._hub.subscribe(body[1:], announce=alone)
            elif change == b"\0":
                self._hub.unsubscribe(body[1:], announce=alone)
            else:
                alone = False
            if alone:
                return 0
            self._inside = more
            return self._hub.send(body, more)

    def _change(self, body: bytes) -> bytes:
        """With what a frame begins, if it may subscribe or cancel."""
        first = body[:1]
        if not self._inside:
            only = self._options[SocketOption.ONLY_FIRST_SUBSCRIBE]
            self._subscribes = not only or first in (b"\0", b"\1")
        return first if self._subscribes else b""


PATTERN = Pattern(
    "XSUB",
    Routing(Send.TO_ALL, Receive.FAIR, subscribes=True),
    wrap=XSub,
    linger=0,
)
