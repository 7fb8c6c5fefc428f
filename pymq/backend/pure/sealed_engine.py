"""A connection on which each frame is sealed (CURVE), in a frame of its own.

A frame is sealed when it is taken for the kernel, and not again: what a nonce was used
for is what has to go out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...zmtp.error import ProtocolError
from ...zmtp.frame import Decoder, header, parse_header
from ...zmtp.sealing import OVERHEAD, Sealer
from ..abc import Link
from . import queue
from .engine import JOIN_LIMIT, Engine

if TYPE_CHECKING:
    from .loop import Loop
    from .pipe import Pipe


class SealedEngine(Engine):
    """See `Engine`."""

    def __init__(self, loop: Loop, pipe: Pipe, link: Link) -> None:
        super().__init__(loop, pipe, link)
        assert link.sealing is not None
        self._sealer = Sealer(link.sealing)
        if link.max_size >= 0:
            self._decoder = Decoder(link.max_size + OVERHEAD)

    def _decode(self, data: bytes) -> None:
        """Flags outside count for nothing: anybody may have set them."""
        if self._decoder.error is not None:
            return
        frames = self._decoder.feed(data)
        try:
            for _, body in frames:  # those in front of a bad one are good
                self._held.append(self._sealer.open(body))
        except ProtocolError as error:
            self._decoder.error = error
        self._deliver()

    def _take_urgent(self) -> bytes:
        plain = super()._take_urgent()
        sealed = []
        while plain:
            found = parse_header(plain)
            assert found is not None
            flags, start, stop = found
            sealed.append(self._sealer.seal(flags, plain[start:stop]))
            plain = plain[stop:]
        return b"".join(sealed)

    def _join(self, short: list[bytes]) -> list[bytes]:
        buffers = []
        for frame in self.in_hand:
            head, body = self._encode(frame)
            sealed = self._sealer.seal(head[0], body)
            if len(sealed) < JOIN_LIMIT:
                short.append(sealed)
                continue
            buffers += [b"".join(short), sealed]
            short.clear()
        buffers.append(b"".join(short))
        return buffers

    def _wire_size(self, frame: queue.Frame) -> int:
        size = len(self._encode(frame)[1]) + OVERHEAD
        return len(header(size)) + size
