"""Keys for CURVE (RFC 26), as text in Z85 (RFC 32)."""

from __future__ import annotations

from errno import EINVAL
from typing import Union

from . import z85
from .constants import ENOTSUP
from .error import error_for
from .security_options import need_curve
from .zmtp import sodium

_TEXT = 40  # characters of a key


def curve_keypair() -> tuple[bytes, bytes]:
    """Make a pair of keys (zmq_curve_keypair).

    Returns the public and the secret key, 40 bytes of Z85 each.  ZMQError(ENOTSUP)
    without PyNaCl.
    """
    need_curve(ENOTSUP)
    secret = sodium.random(32)
    return z85.encode(sodium.public(secret)), z85.encode(secret)


def curve_public(secret_key: Union[bytes, str]) -> bytes:
    """Return the public key that belongs to a secret key (zmq_curve_public).

    Both are 40 bytes of Z85; the secret one may be a str.

    ValueError if it has another length.  ZMQError: EINVAL if it is not Z85, ENOTSUP
    without PyNaCl.
    """
    text = secret_key.encode() if isinstance(secret_key, str) else secret_key
    if len(text) != _TEXT:
        raise ValueError("secret key must be a 40 byte z85 encoded string")
    need_curve(ENOTSUP)
    try:
        secret = z85.decode(text)
    except ValueError:
        raise error_for(EINVAL, "the secret key is not Z85") from None
    return z85.encode(sodium.public(secret))
