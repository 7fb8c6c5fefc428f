"""Z85 (RFC 32): four octets as five printable characters."""

from __future__ import annotations

_ALPHABET = (
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    b".-:+=^!/*?&<>()[]{}@%$#"
)
_VALUES = {octet: value for value, octet in enumerate(_ALPHABET)}
_MOST = 2**32


def encode(rawbytes: bytes) -> bytes:
    """Encode bytes.  ValueError if their number is not a multiple of 4."""
    if len(rawbytes) % 4:
        raise ValueError(f"length must be multiple of 4, not {len(rawbytes)}")
    found = bytearray()
    for at in range(0, len(rawbytes), 4):
        value = int.from_bytes(rawbytes[at : at + 4], "big")
        found += bytes(_ALPHABET[value // 85**n % 85] for n in (4, 3, 2, 1, 0))
    return bytes(found)


def decode(text: bytes) -> bytes:
    """Decode text.  ValueError if it is not Z85; the error does not show it."""
    if len(text) % 5:
        raise ValueError(f"Z85 length must be multiple of 5, not {len(text)}")
    found = bytearray()
    for at in range(0, len(text), 5):
        value = 0
        for octet in text[at : at + 5]:
            if octet not in _VALUES:
                raise ValueError("not Z85: a character of no value")
            value = value * 85 + _VALUES[octet]
        if value >= _MOST:
            raise ValueError("not Z85: more than four octets in five characters")
        found += value.to_bytes(4, "big")
    return bytes(found)
