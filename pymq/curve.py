"""Keys for CURVE, as text of Z85."""

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
    """A new public key and its secret one, 40 bytes of Z85 each (zmq_curve_keypair).
    ZMQError(ENOTSUP) without PyNaCl."""
    need_curve(ENOTSUP)
    secret = sodium.random(32)
    return z85.encode(sodium.public(secret)), z85.encode(secret)


def curve_public(secret_key: Union[bytes, str]) -> bytes:
    """The public key of a secret one, both 40 bytes of Z85 (zmq_curve_public).

    ValueError for another length; ZMQError: EINVAL for what is no Z85, ENOTSUP without
    PyNaCl.
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
