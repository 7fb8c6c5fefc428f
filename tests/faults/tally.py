"""What went through one direction of a connection, message by message."""

from __future__ import annotations

from letters import Letter, named
from rawpeer import GREETING_SIZE

from pymq.zmtp.frame import COMMAND, MORE, Decoder, header


class Tally:
    """`enters` is told of what came in, `leaves` of how much of it went on.

    A letter has entered, or left, when its last octet has.
    """

    def __init__(self) -> None:
        self.came = 0  # bytes
        self.went = 0  # bytes, the changed ones included
        self.ends: list[tuple[Letter, int]] = []  # of those that entered, with offsets
        self._skip = GREETING_SIZE
        self._decoder = Decoder()
        self._parts: list[bytes] = []
        self._at = GREETING_SIZE

    def enters(self, data: bytes) -> None:
        """These came in."""
        self.came += len(data)
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        for flags, body in self._decoder.feed(data[skipped:]):
            self._at += len(header(len(body))) + len(body)
            if not flags & COMMAND:
                self._frame(flags, body)

    def _frame(self, flags: int, body: bytes) -> None:
        self._parts.append(body)
        if flags & MORE:
            return
        letter = named(self._parts)
        self._parts = []
        if letter is not None:
            self.ends.append((letter, self._at))

    def leaves(self, size: int) -> None:
        """So many bytes more went on."""
        self.went += size

    @property
    def entered(self) -> list[int]:
        """The numbers of the letters that came in whole."""
        return [letter.number for letter, _ in self.ends]

    @property
    def left(self) -> list[int]:
        """The numbers of those that went on whole."""
        return [letter.number for letter, end in self.ends if end <= self.went]

    @property
    def torn(self) -> bool:
        """Whether what came in ends within a message."""
        return bool(self._parts) or self.came > self._at
