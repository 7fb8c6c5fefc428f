"""Messages that can be told from everything else, and say so themselves.

Every frame names its message and its own place in it, and ends with a digest, so that
frames of two messages, half a message, or a changed octet are not taken for a message.
"""

from __future__ import annotations

import hashlib
import random
from struct import Struct
from typing import NamedTuple, Optional, Sequence

MARK = b"#"
DIGEST = 8  # bytes
HEAD = Struct(">c3sIHH")  # mark, tag, number, index of the frame, how many frames
LAST = 2**32 - 1  # the number of the message behind all others
SIZES = (0, 1, 200, 235, 236, 1000, 5000)  # 235 + 20 is a short frame's longest
_BLOCK = random.Random(1).randbytes(20_000)


class Letter(NamedTuple):
    """Which message it is: `tag` says whose."""

    tag: bytes
    number: int


def write(tag: bytes, number: int, largest: int = 100_000) -> list[bytes]:
    """The message of that number; its shape depends on nothing else."""
    chance = random.Random(number)
    count = chance.choice((1, 1, 2, 3, 5))
    sizes = [chance.choice(SIZES) for _ in range(count)]
    if number % 50 == 49:
        sizes[chance.randrange(count)] = largest
    return [frame(tag, number, index, count, size) for index, size in enumerate(sizes)]


def last(tag: bytes) -> list[bytes]:
    """The message behind all others."""
    return [frame(tag, LAST, 0, 1, 0)]


def frame(tag: bytes, number: int, index: int, count: int, size: int) -> bytes:
    """One frame of a message, with a body of `size` octets."""
    start = number * 7 % 1000
    body = (_BLOCK[start:] * (size // (len(_BLOCK) - start) + 1))[:size]
    data = HEAD.pack(MARK, tag, number, index, count) + body
    return data + hashlib.blake2b(data, digest_size=DIGEST).digest()


def envelope(parts: Sequence[bytes]) -> int:
    """How many frames stand in front of a letter."""
    for index, part in enumerate(parts):
        if part[:1] == MARK and len(part) >= HEAD.size + DIGEST:
            return index
    return len(parts)


def named(parts: Sequence[bytes]) -> Optional[Letter]:
    """Which letter it claims to be, behind whatever envelope; None if it is none."""
    at = envelope(parts)
    if at == len(parts):
        return None
    _, tag, number, _, _ = HEAD.unpack_from(parts[at])
    return Letter(tag, number)


def read(parts: Sequence[bytes]) -> Optional[Letter]:
    """Which letter this is, without an envelope; None unless it is all of one."""
    names = {_verified(part, index, len(parts)) for index, part in enumerate(parts)}
    return names.pop() if len(names) == 1 else None


def _verified(part: bytes, index: int, count: int) -> Optional[Letter]:
    data, digest = part[:-DIGEST], part[-DIGEST:]
    if hashlib.blake2b(data, digest_size=DIGEST).digest() != digest:
        return None
    _, tag, number, *place = HEAD.unpack_from(data)
    return Letter(tag, number) if place == [index, count] else None
