"""A peer of ZMTP 1.0 or 2.0 made of a plain socket."""

from __future__ import annotations

import struct
from typing import Optional

import rawpeer
from rawpeer import RawPeer

SIGNATURE = b"\xff" + bytes(8) + b"\x7f"


class OldPeer(RawPeer):
    """One end of a connection; `version` is one of `VERSIONS`."""

    def __init__(self, peer: RawPeer, version: str) -> None:
        super().__init__(peer.sock)
        self.version = version
        self.named: Optional[bytes] = None  # the other side's routing id

    def __enter__(self) -> OldPeer:
        return self

    def handshake(self, socket_type: bytes, identity: Optional[bytes] = None) -> None:
        """As sockets of that version do it: the type is an octet, if it is told."""
        identity = identity or b""
        if self.version == "unversioned":
            self.send(self.frame(identity))
            head = self.recv(10)
            assert (head[0], head[9]) == (0xFF, 0x7F)
            self.named = self.recv(struct.unpack(">Q", head[1:9])[0] - 1)
            return
        self.send(SIGNATURE + (b"\0" if self.version == "1.0" else b"\1"))
        assert self.recv(11)[9:] == b"\x7f\3"
        self.recv(1)
        self.send(socket_type + self.frame(identity))
        flags, self.named = self.recv_frame()
        assert not flags

    def frame(self, body: bytes, more: bool = False) -> bytes:
        """One frame in its shortest form."""
        if self.version == "2.0":
            return rawpeer.frame(body, more)
        if len(body) < 254:
            return bytes((len(body) + 1, more)) + body
        return struct.pack(">BQB", 0xFF, len(body) + 1, more) + body

    def message(self, *parts: bytes) -> bytes:
        """All frames of one message."""
        last = len(parts) - 1
        return b"".join(self.frame(part, i < last) for i, part in enumerate(parts))

    def recv_frame(self) -> tuple[int, bytes]:
        """Flags and body of the next frame, which must be of this version, and as
        short as can be."""
        if self.version == "2.0":
            flags, body = super().recv_frame()
            assert flags & 2 == 2 * (len(body) > 255), flags
            return flags & ~2, body
        length = self.recv(1)[0]
        if length == 0xFF:
            length = struct.unpack(">Q", self.recv(8))[0]
            assert length > 254
        flags = self.recv(1)[0]
        assert flags < 2
        return flags, self.recv(length - 1)


VERSIONS = ("unversioned", "1.0", "2.0")
